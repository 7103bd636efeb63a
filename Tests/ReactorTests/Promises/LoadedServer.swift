// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import Synchronization
import TestSupport
import Testing

/// A `load-server` in a process of its own, and crowds of `load-clients` in others.
final class LoadedServer {
    let program: ForeignProgram
    let address: SocketAddress

    /// - Parameters:
    ///   - settings: of the program, `name=value` each.
    ///   - descriptors: how many the process may have; as many as the tests unless given.
    init(_ load: String, _ settings: [String] = [], descriptors: Int? = nil) throws {
        let limit = descriptors.map { "ulimit -n \($0); " } ?? ""
        program = try ForeignProgram(
            "bash", ["-c", "\(limit)exec \"$0\" \"$@\"", BuiltProgram.path("load-server"), load] + settings)
        program.limit = .seconds(60)
        let line = try program.line(containing: "listening ")
        address = try SocketAddress(String(line.dropFirst("listening ".count)))
    }

    /// Sends a command and returns its answer.
    @discardableResult
    func command(_ word: String) throws -> String {
        try program.write("\(word)\n")
        return try program.line()
    }

    /// `served`, `open`, `paused`, `resumed`, `failed` and `refused`, as the server has counted them, and `held`, the
    /// connections of its loops.
    func counts() throws -> [String: Int] {
        let words = try command("count").split(separator: " ").dropFirst().map(String.init)
        let pairs = stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], Int(words[$0 + 1]) ?? -1) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Asks the server again and again until something is so.
    func wait(_ awaited: String, within limit: Duration = .seconds(60), _ condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + limit
        while try !condition() {
            let (counts, descriptors) = (try counts(), try program.use.descriptors)
            try #require(
                ContinuousClock.now < deadline, "\(awaited) did not come: \(counts), \(descriptors) descriptors")
            // The server has more to do than to answer us.
            usleep(5000)
        }
    }

    /// How many descriptors the server has when it has all that it needs for itself: the runtime opens some of its own
    /// when it first does something on another thread.
    func descriptorsAtRest() throws -> Int {
        var (last, looks) = (-1, 0)
        try wait("a quiet moment") {
            let now = try program.use.descriptors
            looks = now == last ? looks + 1 : 0
            last = now
            return looks == 20
        }
        return last
    }

    /// Starts a crowd.
    func crowd(_ kind: String, _ count: Int) throws -> ForeignProgram {
        let crowd = try ForeignProgram(BuiltProgram.path("load-clients"), [kind, "\(address)", "\(count)"])
        crowd.limit = .seconds(600)
        return crowd
    }

    /// Runs a crowd until it has done what it does, and lets it go.
    func endure(_ kind: String, _ count: Int) throws {
        let crowd = try crowd(kind, count)
        try crowd.line(containing: "done \(count)")
        try crowd.closeInput()
        #expect(try crowd.exit() == .status(0), "\(crowd.errors)")
    }

    /// A client that stays.
    func client() throws -> SharedSocket {
        var socket = try Socket.connecting(to: address, within: .seconds(20))
        try socket.setTimeLimit(.seconds(20))
        return SharedSocket(socket)
    }
}

extension SharedSocket {
    /// Says a line to an echo server and hears it.
    func exchange(_ line: String) throws -> Bool {
        try socket.sendAll("\(line)\n".utf8)
        var heard: [UInt8] = []
        while heard.count < line.utf8.count + 1, let piece = try socket.receive(upTo: 1024) { heard += piece }
        return heard == Array("\(line)\n".utf8)
    }
}

/// A well-behaved client that talks with an echo server all the time, on a thread of its own, while others misbehave.
final class Witness: Sendable {
    struct Report: Sendable {
        /// Answers, all of them right.
        var answers = 0
        /// The longest that one took.
        var slowest = Duration.zero
    }

    private let isOver = Atomic(false)
    private let answers = Atomic(0)
    private let thread: Mutex<BlockingThread<Report>?> = Mutex(nil)

    init(of server: LoadedServer) throws {
        let client = try server.client()
        let thread = BlockingThread { [self] in
            var report = Report()
            while !isOver.load(ordering: .relaxed) {
                let start = ContinuousClock.now
                guard try client.exchange("answer \(report.answers)") else { throw SocketError(.receive, .closed) }
                report.slowest = max(report.slowest, ContinuousClock.now - start)
                report.answers += 1
                answers.store(report.answers, ordering: .relaxed)
            }
            return report
        }
        self.thread.withLock { $0 = thread }
    }

    /// How many answers there were so far.
    var count: Int { answers.load(ordering: .relaxed) }

    /// Ends the conversation.
    func finish() throws -> Report {
        isOver.store(true, ordering: .relaxed)
        return try thread.withLock { $0 }?.join(within: 60) ?? Report()
    }
}
