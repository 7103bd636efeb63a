// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Wire

/// What a client is served by.
enum ListenHandler: Hashable, Sendable {
    case echo, time, discard, log, chat
    case greet(String)
    /// The files of a directory.
    case files(String)

    /// Reads the handler from the words behind the addresses; nil for none.
    ///
    /// - Throws: a failure for words that a handler has no use for, or lacks.
    static func read(_ words: ArraySlice<String>) throws(ToolFailure) -> ListenHandler? {
        guard let name = words.first else { return nil }
        let arguments = words.dropFirst()
        if name == "greet" {
            guard arguments.count == 1, let text = arguments.first else {
                throw ToolFailure(.usage, "greet takes one text: write several words in quotes")
            }
            return .greet(text)
        }
        if name == "files" {
            guard arguments.count < 2 else { throw ToolFailure(.usage, "files takes one directory") }
            return .files(arguments.first ?? ".")
        }
        if let word = arguments.first { throw ToolFailure(.usage, "\(name) takes no \(word.quoted)") }
        return plain[name]
    }

    /// Whether a word names a handler.
    static func isName(_ word: String) -> Bool { names.contains(word) }

    /// Their names, in the help page's order.
    static let names = ["echo", "time", "greet", "discard", "log", "chat", "files"]

    private static let plain: [String: ListenHandler] = [
        "echo": .echo, "time": .time, "discard": .discard, "log": .log, "chat": .chat,
    ]

    /// Whether it counts lines, not bytes.
    var speaksLines: Bool {
        switch self {
        case .time, .log, .chat: true
        case .echo, .discard, .greet, .files: false
        }
    }
}

/// A handler at work on one client. A class, so that each of its waiting functions keeps one word of it.
final class HandlerRun: Sendable {
    private let connection: Connection
    private let client: ClientRecord
    /// How long a client may be silent.
    private let idle: Duration?
    /// Takes a line of the client's.
    private let tell: @Sendable (_ line: String) throws(ToolFailure) -> Void

    init(
        on connection: Connection, for client: ClientRecord, idle: Duration?,
        tell: @escaping @Sendable (_ line: String) throws(ToolFailure) -> Void
    ) {
        self.connection = connection
        self.client = client
        self.idle = idle
        self.tell = tell
    }

    /// How long a client that was greeted may take to end.
    private static let linger = Duration.seconds(2)

    func serve(_ handler: ListenHandler) async throws {
        // Whatever is sent back is sent back at once: between two receives nothing is under way.
        connection.endsWhenDrained = true
        switch handler {
        case .echo: try await passBytes(sendingBack: true)
        case .discard: try await passBytes(sendingBack: false)
        case .time: try await answerLines()
        case .log: try await tellLines()
        case .greet(let text): try await greet(text)
        case .chat, .files: break  // RoomService serves those
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
            try tell(String(decoding: line, as: UTF8.self))
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
        try await connection.shutdownSending()
        // Closing while something of the client's is unread would be a reset, which may overtake the greeting.
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
