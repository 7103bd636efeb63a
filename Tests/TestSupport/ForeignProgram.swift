// SPDX-License-Identifier: Apache-2.0
import CSockets
import Foundation
import Glibc
import Sockets
import SystemPackage

/// A child process that a test talks with over its standard streams: other people's programs, and our own.
///
/// ```swift
/// let server = try ForeignProgram("python3", ["server.py", "0"])
/// let address = try server.line(containing: "listening on")
/// ```
/// Every wait has a limit and fails with what the program has written so far; nothing waits without one. While a test
/// waits for anything, all three streams move, so neither side can block the other. The program is killed and reaped
/// when this object goes, and what it started goes with it. One thread at a time.
public final class ForeignProgram {
    /// How a program ended.
    public enum Exit: Equatable, Sendable {
        /// By itself, with this status.
        case status(CInt)
        /// By this signal.
        case signal(CInt)
    }

    /// What was waited for and did not come, with the program's last words.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence, then the output.
        public let description: String
    }

    /// The program as it was started: its name and its arguments.
    public let command: [String]
    /// The process.
    public let processIdentifier: CInt
    /// How long each wait may take.
    public var limit: Duration = .seconds(20)

    private let process: OwnedDescriptor
    private var streams: [Stream: FileDescriptor] = [:]
    private var toWrite: [UInt8] = []
    private var closesInput = false
    private var ended: Exit?
    private var written: [Stream: [UInt8]] = [:]
    /// Where the output begins that no call has returned yet.
    private var start = 0

    private enum Stream { case input, output, errors }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - name: its path, or its name where `PATH` leads to it.
    ///   - environment: what differs from this process' own.
    ///   - directory: where it runs; here by default.
    public init(
        _ name: String, _ arguments: [String] = [], environment: [String: String] = [:], in directory: String? = nil
    ) throws {
        command = [name] + arguments
        let pipes = try (0..<3).map { _ in try Spawning.pipe() }
        let theirs = [pipes[0].reading, pipes[1].writing, pipes[2].writing]
        let ours = [pipes[0].writing, pipes[1].reading, pipes[2].reading]
        defer { for descriptor in theirs { try? descriptor.close() } }
        do {
            let surroundings = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let moved = directory.map { ["env", "--chdir", $0] } ?? []
            processIdentifier = try Spawning.start(
                moved + command, environment: surroundings.map { "\($0)=\($1)" }, streams: theirs)
            process = OwnedDescriptor(nw_pidfd_open(processIdentifier, 0))
        } catch {
            for descriptor in ours { try? descriptor.close() }
            throw Failure(description: "\(name) can't be started: \(error)")
        }
        streams = [.input: ours[0], .output: ours[1], .errors: ours[2]]
        for descriptor in ours { try SystemCalls.setNonblocking(descriptor.rawValue, true) }
    }

    deinit { kill() }

    // MARK: Output

    /// Everything on standard output so far, whether a call has returned it or not.
    public var output: String { text(of: written[.output] ?? []) }

    /// Everything on standard error so far.
    public var errors: String { text(of: written[.errors] ?? []) }

    /// Waits for a whole line with this text in it and returns it without its end. Lines before it are passed over.
    @discardableResult
    public func line(containing text: String = "") throws -> String {
        try wait(for: "a line with \"\(text)\"") {
            var from = start
            while let end = unread(from: from).firstIndex(of: UInt8(ascii: "\n")) {
                let line = self.text(of: unread(from: from)[..<end])
                from = end + 1
                if text.isEmpty || line.contains(text) {
                    start = from
                    return line.hasSuffix("\r") ? String(line.dropLast()) : line
                }
            }
            return nil
        }
    }

    /// Waits for this text, which need not end a line (a prompt), and returns everything up to and with it.
    @discardableResult
    public func text(upTo text: String) throws -> String {
        try wait(for: "\"\(text)\"") {
            let unread = unread(from: start)
            guard let found = unread.firstRange(of: text.utf8) else { return nil }
            start = found.upperBound
            return self.text(of: unread[..<found.upperBound])
        }
    }

    /// Waits for a whole line with this text on standard error and returns it. Lines are not used up.
    @discardableResult
    public func errorLine(containing text: String) throws -> String {
        try wait(for: "a line with \"\(text)\" on standard error") {
            errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast().first { $0.contains(text) }
                .map(String.init)
        }
    }

    /// Waits for the program's end and returns how it ended; ``output`` and ``errors`` are then complete.
    @discardableResult
    public func exit() throws -> Exit {
        try wait(for: "its end") { hasEnded ? ended : nil }
    }

    /// Takes what the program has written, so that one that writes much can go on.
    public func readOn() throws { try moveBytes(for: .zero) }

    // MARK: Input

    /// Gives the program this text on its standard input, without waiting until it is read.
    public func write(_ text: String) throws {
        toWrite += text.utf8
        try moveBytes(for: .zero)
    }

    /// Ends the program's standard input, once what was written before has been read.
    public func closeInput() throws {
        closesInput = true
        try moveBytes(for: .zero)
    }

    /// Sends the program a signal, if it still runs.
    public func send(signal number: CInt) {
        if ended != nil { return }
        if Sanitizer.isOfThreads && number != SIGKILL { waitUntilAsleep() }
        _ = nw_pidfd_send_signal(process.number, number)
    }

    /// The thread sanitizer calls a handler late where a thread is at work, and one that sends its signal on is then
    /// called for ever.
    private func waitUntilAsleep() {
        let limit = ContinuousClock.now + .seconds(5)
        var looks = 0
        while looks < 3, ContinuousClock.now < limit {
            usleep(1000)
            looks = (try? use.isAsleep) == true ? looks + 1 : 0
        }
    }

    /// Ends the program at once.
    public func kill() {
        send(signal: SIGKILL)
        reap(waiting: true)
        for descriptor in streams.values { try? descriptor.close() }
        streams = [:]
    }

    // MARK: Moving bytes

    /// It has ended, and nothing can come any more.
    private var hasEnded: Bool { ended != nil && streams[.output] == nil && streams[.errors] == nil }

    private func wait<Found>(for awaited: String, _ find: () -> Found?) throws -> Found {
        let deadline = ContinuousClock.now + limit
        while true {
            if let found = find() { return found }
            let left = ContinuousClock.now.duration(to: deadline)
            if hasEnded || left <= .zero { throw failure(awaited) }
            try moveBytes(for: left)
        }
    }

    /// Waits until a stream can move or the process ends, then moves what can be moved.
    private func moveBytes(for timeout: Duration) throws {
        var poll = Poll()
        if ended == nil { poll.register(process.number, for: .input) }
        for (stream, descriptor) in streams where stream != .input { poll.register(descriptor, for: .input) }
        if let input = streams[.input], !toWrite.isEmpty { poll.register(input, for: .output) }
        _ = try poll.wait(timeout: timeout)
        if ended == nil { reap(waiting: false) }
        feed()
        for stream in [Stream.output, .errors] { drain(stream) }
    }

    private func feed() {
        guard let input = streams[.input] else { return }
        while !toWrite.isEmpty {
            do {
                let count = try toWrite.withUnsafeBytes { try SystemCalls.write(input.rawValue, $0) }
                toWrite.removeFirst(count)
            } catch {
                if error as? Errno == .wouldBlock { return }
                toWrite = []  // nobody reads it any more
                closesInput = true
            }
        }
        if closesInput {
            try? input.close()
            streams[.input] = nil
        }
    }

    /// Takes what a stream has. A stream that a grandchild still holds open ends with the program all the same.
    private func drain(_ stream: Stream) {
        guard let descriptor = streams[stream] else { return }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            do {
                let count = try buffer.withUnsafeMutableBytes { try SystemCalls.read(descriptor.rawValue, into: $0) }
                written[stream, default: []] += buffer[..<count]
                if count > 0 { continue }
            } catch {
                if error as? Errno == .wouldBlock && ended == nil { return }
            }
            try? descriptor.close()
            streams[stream] = nil
            return
        }
    }

    /// Takes the program's end, if it has ended, and ends what it left behind in its process group: as long as it is
    /// not reaped, the group's number belongs to nobody else.
    private func reap(waiting: Bool) {
        var poll = Poll()
        poll.register(process.number, for: .input)
        guard ended == nil, (try? poll.wait(timeout: waiting ? nil : .zero))?.isEmpty == false else { return }
        Glibc.kill(-processIdentifier, SIGKILL)
        switch try? SystemCalls.end(ofProcess: process.number, waiting: true) {
        case .exited(let code): ended = .status(code)
        case .signalled(let signal, _): ended = .signal(signal.rawValue)
        case nil: ended = .status(-1)
        }
    }

    private func unread(from offset: Int) -> ArraySlice<UInt8> { (written[.output] ?? [])[offset...] }

    private func text(of bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private func failure(_ awaited: String) -> Failure {
        let state = ended.map { "it ended with \($0)" } ?? "it still runs"
        let words = "output:\n\(output.suffix(2000))\nerrors:\n\(errors.suffix(2000))"
        return Failure(
            description:
                "\(command.joined(separator: " ")): \(awaited) did not come within \(limit); \(state)\n\(words)")
    }
}
