// SPDX-License-Identifier: Apache-2.0
//
// Facts:    standard input and output may be files, which no selector watches, or open descriptions that other
//           processes share and that must stay blocking.
// Decision: a thread for each copies between the stream and one half of a socket pair; the loop has the other half, a
//           connection like any other. Its buffer bounds what is under way, in both directions.
// Cost:     one copy more, and a thread that blocks.
import Reactor
import Sockets
import Synchronization
import SystemPackage

/// Standard input and output, each taken when it is first needed.
final class StandardStreams: Sendable {
    private let streams = Mutex<(input: StandardInput?, output: StandardOutput?)>((nil, nil))

    /// The streams of a conversation of this style; nil for the one that it has no use for.
    func open(
        on loop: EventLoop, _ style: Conversation.Style
    ) throws(ToolFailure) -> (input: StandardInput?, output: StandardOutput?) {
        do throws(SocketError) {
            return try streams.withLock { streams throws(SocketError) in
                if style.sends && streams.input == nil { streams.input = try StandardInput(on: loop) }
                if style.receives && streams.output == nil { streams.output = try StandardOutput(on: loop) }
                return streams
            }
        } catch {
            throw ToolFailure(error)
        }
    }

    /// - Throws: what writing to standard output failed with.
    func check() throws(ToolFailure) { try streams.withLock { $0.output }?.check() }

    /// Waits until everything is written.
    func finish() async throws(ToolFailure) { try await streams.withLock { $0.output }?.finish() }
}

/// What the stream said when it failed, told by its thread.
private final class StreamFailure: Sendable {
    private let error = Mutex<Errno?>(nil)

    func set(_ value: Errno) { error.withLock { $0 = value } }

    /// - Throws: the failure, if there has been one; without words where only a reader has gone.
    func check(_ name: String) throws(ToolFailure) {
        guard let error = error.withLock({ $0 }) else { return }
        throw ToolFailure(.inputOutput, error == .brokenPipe ? nil : "\(name): \(error.words)")
    }
}

/// Standard input on a loop.
final class StandardInput: Sendable {
    private let connection: Connection
    private let failure = StreamFailure()

    /// Begins to read.
    init(on loop: EventLoop) throws(SocketError) {
        let pair = try SocketPair()
        connection = Connection(adopting: try pair.first.duplicate(), on: loop)
        let far = SharedSocket(try pair.second.duplicate())
        try startThread("standard input") { [failure] in Self.copy(to: far.socket, failure) }
    }

    /// The next bytes; nil at the end.
    func receive() async throws(ToolFailure) -> [UInt8]? {
        do throws(SocketError) {
            if let bytes = try await connection.receive(upTo: 65_536) { return bytes }
        } catch {
            throw ToolFailure(error)
        }
        try failure.check("standard input")
        return nil
    }

    private static func copy(to socket: borrowing Socket, _ failure: StreamFailure) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            do {
                let count = try buffer.withUnsafeMutableBytes { bytes in
                    try SystemCalls.read(FileDescriptor.standardInput.rawValue, into: bytes)
                }
                if count == 0 { return }
                guard (try? socket.sendAll(buffer[..<count])) != nil else { return }
            } catch {
                return failure.set(error as? Errno ?? .ioError)
            }
        }
    }
}

/// Standard output on a loop.
final class StandardOutput: Sendable {
    private let connection: Connection
    private let failure = StreamFailure()

    init(on loop: EventLoop) throws(SocketError) {
        let pair = try SocketPair()
        connection = Connection(adopting: try pair.first.duplicate(), on: loop)
        let far = SharedSocket(try pair.second.duplicate())
        try startThread("standard output") { [failure] in Self.copy(from: far.socket, failure) }
    }

    /// Hands bytes over; waits while the reader has enough.
    func send(_ bytes: RawSpan) async throws(ToolFailure) {
        do throws(SocketError) { try await connection.send(bytes) } catch {
            try check()
            throw ToolFailure(error)
        }
    }

    /// - Throws: what writing failed with.
    func check() throws(ToolFailure) { try failure.check("standard output") }

    /// Waits until everything is written.
    func finish() async throws(ToolFailure) {
        try? await connection.shutdownSending()
        // The thread sends nothing: this is the end of its half, which goes with the thread.
        _ = try? await connection.receive(upTo: 1)
        try check()
    }

    private static func copy(from socket: borrowing Socket, _ failure: StreamFailure) {
        while let bytes = try? socket.receive(upTo: 65_536) {
            var written = 0
            while written < bytes.count {
                do {
                    written += try bytes[written...].withUnsafeBytes { bytes in
                        try SystemCalls.write(FileDescriptor.standardOutput.rawValue, bytes)
                    }
                } catch {
                    return failure.set(error as? Errno ?? .ioError)
                }
            }
        }
    }
}

private func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SocketError) {
    do throws(Errno) { try Thread.start(body) } catch {
        throw SocketError(.open, error: error, subject: "a thread for \(name)")
    }
}
