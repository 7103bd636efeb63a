// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Wire

/// A handler at work on one client. A class, so that each of its waiting functions keeps one word of it.
final class HandlerRun: Sendable {
    let connection: Connection
    let client: ClientRecord
    /// How long a client may be silent.
    private let idle: Duration?
    /// Takes a line of the client's; waits while whoever reads them has enough.
    private let tell: @Sendable (_ line: [UInt8]) async throws(ToolFailure) -> Void

    init(
        on connection: Connection, for client: ClientRecord, idle: Duration?,
        tell: @escaping @Sendable (_ line: [UInt8]) async throws(ToolFailure) -> Void
    ) {
        self.connection = connection
        self.client = client
        self.idle = idle
        self.tell = tell
    }

    /// How long a client that was told everything may take to end.
    static let linger = Duration.seconds(2)

    func serve(_ handler: ListenHandler) async throws {
        // Whatever is sent back is sent back at once: between two receives nothing is under way. A program learns of a
        // drain by the end of its input.
        connection.endsWhenDrained = true
        switch handler {
        case .echo: try await passBytes(sendingBack: true)
        case .discard, .stdio: try await passBytes(sendingBack: false)
        case .time: try await answerLines()
        case .log: try await tellLines()
        case .greet(let text): try await greet(text)
        case .sink: try await BenchSink(connection, client).serve()
        case .exec(let words): try await execute(words)
        }
    }

    private func passBytes(sendingBack: Bool) async throws {
        while let received = try await connection.receive() {
            client.note(bytesIn: received.count)
            if sendingBack {
                try await connection.send(received.bytes)
                client.note(bytesOut: received.count)
            }
        }
    }

    private func answerLines() async throws {
        let lines = lines
        var clock = StampClock()
        // The bytes as they are, whatever their encoding.
        while let line = try await lines.next() {
            client.note(linesIn: 1, bytesIn: line.count)
            let answer = clock.stamp + line + Self.lineEnd
            try await connection.send(answer)
            client.note(linesOut: 1, bytesOut: answer.count)
        }
    }

    private func tellLines() async throws {
        let lines = lines
        while let line = try await lines.next() {
            client.note(linesIn: 1, bytesIn: line.count)
            try await tell(line)
        }
    }

    private static let lineEnd = Array("\r\n".utf8)

    private var lines: FramedConnection<LineFramer> {
        let lines = connection.frames(LineFramer())
        return idle.map { lines.within($0) } ?? lines
    }

    private func greet(_ text: String) async throws {
        let greeting = text.hasSuffix("\n") ? text : text + "\r\n"
        try await connection.send(greeting)
        client.note(bytesOut: greeting.utf8.count)
        try await finish()
    }

    /// Ends this side, and gives the client its time to end: closing while something of the client's is unread would be
    /// a reset, which may overtake the last answer.
    func finish() async throws {
        try await connection.shutdownSending()
        connection.readDeadline = connection.loop.timeNow.advanced(by: Self.linger)
        while let received = try? await connection.receive() { client.note(bytesIn: received.count) }
    }
}

/// `[Sat Nov 21 10:44:03 2026] `, written once a second.
struct StampClock {
    private var second = CTime.now()
    private lazy var bytes = Self.bytes(second)

    /// The stamp of now.
    var stamp: [UInt8] {
        mutating get {
            let now = CTime.now()
            if now != second { (second, bytes) = (now, Self.bytes(now)) }
            return bytes
        }
    }

    private static func bytes(_ time: CTime) -> [UInt8] { Array("[\(time)] ".utf8) }
}
