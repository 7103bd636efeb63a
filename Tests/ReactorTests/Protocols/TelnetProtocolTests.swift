// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing
import Wire

/// A protocol that writes down what it hears over telnet.
private struct TelnetRecording: TelnetProtocol {
    let recorder: Recorder
    var acceptedOptions: [(option: TelnetOption, side: TelnetSide)] = [(.suppressGoAhead, .local), (.binary, .remote)]
    private var data: [UInt8] = []

    init(_ recorder: Recorder) { self.recorder = recorder }

    func connectionMade(_ transport: StreamTransport) {
        enable(.windowSize, .remote, transport)
        recorder.note(transport)
    }

    // How the data is cut means nothing.
    mutating func applicationDataReceived(_ more: [UInt8], _ transport: StreamTransport) { data += more }
    mutating func commandReceived(_ command: TelnetCommand, _ transport: StreamTransport) { note("\(command)") }
    mutating func optionEnabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {
        note("+\(option.rawValue) \(side) \(isEnabled(option, side, transport))")
    }
    mutating func optionDisabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {
        note("-\(option.rawValue) \(side) \(isEnabled(option, side, transport))")
    }
    mutating func subnegotiationReceived(
        _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport
    ) {
        note("\(option.rawValue): \(TelnetWindowSize(content).map { "\($0.columns) x \($0.rows)" } ?? "\(content)")")
    }
    mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { note("\(reason)") }

    private mutating func note(_ text: String) {
        if !data.isEmpty { recorder.note(data.map { String($0, radix: 16) }.joined(separator: " ")) }
        data = []
        recorder.note(text)
    }
}

/// Lines, and what goes with them.
private struct TelnetLinesRecording: TelnetLineReceiver {
    let recorder: Recorder
    var maximumLength = 10
    var heard: @Sendable (String, StreamTransport) -> Void = { _, _ in }
    var goesOn = false

    func connectionMade(_ transport: StreamTransport) { recorder.note(transport) }
    func lineReceived(_ line: String, _ transport: StreamTransport) {
        recorder.note(line)
        heard(line, transport)
    }
    func lineLengthExceeded(_ bytes: [UInt8], _ transport: StreamTransport) {
        recorder.note("too long: \(String(decoding: bytes, as: UTF8.self))")
        if !goesOn { transport.abortConnection() }
    }
    func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { recorder.note("lost: \(reason)") }
}

/// Telnet as calls of a loop. B-TW-24, B-FTP-03
@Suite struct TelnetProtocolTests {
    /// Sends bytes to a server in pieces, ends, and gives what it answered.
    private func answer(
        of factory: Factory, to bytes: [UInt8], inPiecesOf size: Int = 65_536, on loop: EventLoop
    ) async throws -> [UInt8] {
        let (port, address) = try await listen(factory, on: loop)
        defer { port.stopListening() }
        let client = try await Connector().connect(to: address, on: loop)
        defer { client.close() }
        client.readDeadline = loop.timeNow.advanced(by: .seconds(20))
        for start in stride(from: 0, to: bytes.count, by: size) {
            try await client.send(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        try await client.shutdownSending()
        var answer: [UInt8] = []
        while let received = try await client.receive() { answer += received.bytes.array }
        return answer
    }

    @Test(arguments: Ground.loops, [1, 3, 65_536])
    func `data, commands and options are told apart, however they are cut`(ground: Ground, size: Int) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let stream: [UInt8] =
                [0xFF, 0xFB, 31, 0x61, 0xFF, 0xFF, 0x0D, 0x00, 0x62, 0x0D, 0x0A]  // WILL window size; data
                + [0xFF, 0xFA, 31, 0, 80, 0, 24, 0xFF, 0xF0]  // its size
                + [0xFF, 0xFD, 3, 0xFF, 0xFD, 1, 0xFF, 0xFB, 0]  // DO suppress, DO echo, WILL binary
                + [0x63, 0xFF, 0xF4, 0xFF, 0xFC, 31]  // interrupt; WONT window size
            let answer = try await answer(
                of: Factory { TelnetRecording(recorder) }, to: stream, inPiecesOf: size, on: loop)
            // DO window size, WILL suppress, WONT echo, DO binary, DONT window size
            #expect(answer == [255, 253, 31, 255, 251, 3, 255, 252, 1, 255, 253, 0, 255, 254, 31])
            try await until(on: loop) { recorder.has("closed cleanly") }
            #expect(
                recorder.notes == [
                    "+31 remote true", "61 ff d 62 d a", "31: 80 x 24", "+3 local true", "+0 remote true", "63",
                    "interruptProcess", "-31 remote false", "closed cleanly",
                ])
        }
    }

    @Test func `what no telnet is ends the connection, and nothing behind it is heard`() async throws {
        try await withLoop(of: .memory) { loop in
            let recorder = Recorder()
            _ = try? await answer(
                of: Factory { TelnetRecording(recorder) }, to: [0xFF, 0xF4, 0xFF, 0x00, 0xFF, 0xF4], on: loop)
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes.first == "interruptProcess")
            #expect(recorder.notes.last?.hasPrefix("failed: telnet: ") == true, "\(recorder.notes)")
        }
    }

    // RFC 1123 §3.3.1
    @Test(arguments: [1, 65_536]) func `a line ends as anybody's return key ends it`(size: Int) async throws {
        try await withLoop(of: .memory) { loop in
            let recorder = Recorder()
            let text = "one\r\ntwo\nthree\r\0four\n\r\n\r\n\nfünf\r\n"
            let stream = Array(text.utf8) + [0x78, 0xC3, 0xBC, 0xFF, 0xF7, 0x79, 0x0A]  // erase character
            _ = try await answer(
                of: Factory { TelnetLinesRecording(recorder: recorder) },
                to: stream + [0x78, 0xFF, 0xF8, 0x7A, 0x0A, 0x72], inPiecesOf: size, on: loop)
            try await until(on: loop) { recorder.has("lost: closed cleanly") }
            #expect(
                recorder.notes == [
                    "one", "two", "three", "four", "", "", "", "fünf", "xy", "z", "lost: closed cleanly",
                ])
        }
    }

    // P13
    @Test func `a line has the limit exactly, and no more`() async throws {
        try await withLoop(of: .memory) { loop in
            let strict = Recorder()
            _ = try? await answer(
                of: Factory { TelnetLinesRecording(recorder: strict) },
                to: Array("0123456789\r\n0123456789a\r\nnever\r\n".utf8), on: loop)
            try await until(on: loop) { strict.has("lost: aborted") }
            #expect(strict.notes == ["0123456789", "too long: 0123456789", "lost: aborted"])
            let patient = Recorder()
            let flood = String(repeating: "x", count: 100_000) + "\n"
            _ = try await answer(
                of: Factory { TelnetLinesRecording(recorder: patient, maximumLength: 1000, goesOn: true) },
                to: Array(flood.utf8), on: loop)
            try await until(on: loop) { patient.has("lost: closed cleanly") }
            #expect(patient.notes.count == 101)
        }
    }

    @Test(arguments: Ground.loops)
    func `lines wait while the connection is paused, and none is lost`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                TelnetLinesRecording(
                    recorder: recorder,
                    heard: { line, transport in
                        transport.pauseProducing()
                        transport.loop.schedule(after: .milliseconds(1)) { transport.resumeProducing() }
                    })
            }
            let lines = (0..<20).map { "line \($0)" }
            _ = try await answer(of: factory, to: Array((lines.joined(separator: "\r\n") + "\r\n").utf8), on: loop)
            try await until(on: loop) { recorder.has("lost: closed cleanly") }
            #expect(recorder.notes == lines + ["lost: closed cleanly"])
        }
    }

    @Test func `what is said gets its line ends, and bytes arrive as they are`() async throws {
        struct Speaker: TelnetProtocol {
            func connectionMade(_ transport: StreamTransport) throws {
                send("a\nb\r\nc", transport)
                send(bytes: [0xFF, 0x0D], transport)
                send(bytes: [0x0A], transport)
                sendLine("ü", transport)
                sendCommand(.goAhead, transport)
                try sendSubnegotiation([1, 255], of: .terminalType, transport)
                #expect(throws: FramingError.self) {
                    try sendSubnegotiation([UInt8](repeating: 0, count: 1025), of: .status, transport)
                }
            }
        }
        try await withLoop(of: .memory) { loop in
            let answer = try await answer(of: Factory(Speaker.init), to: [0xFF, 0xF6], on: loop)
            let said = Array("a\r\nb\r\nc".utf8) + [0xFF, 0xFF, 0x0D, 0x00, 0x0A] + Array("ü\r\n".utf8)
            let talk: [UInt8] = [0xFF, 0xF9, 0xFF, 0xFA, 24, 1, 0xFF, 0xFF, 0xFF, 0xF0]
            #expect(answer == said + talk + Array("[yes]\r\n".utf8))
        }
    }

    // Ctrl-C of a telnet that synchronizes: the data mark is urgent.
    @Test(arguments: [Ground.epoll, .poll, .select])
    func `an urgent mark stays in line`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { TelnetLinesRecording(recorder: recorder) }, on: loop)
            let client = try Socket.connecting(to: address)
            try client.sendAll("one\r\n".utf8)
            try await until(on: loop) { recorder.has("one") }
            try client.sendAll([0xFF, 0xF4, 0xFF])
            #expect(try client.send([0xF2], flags: .outOfBand) == 1)
            try client.sendAll("two\r\n".utf8)
            try await until(on: loop) { recorder.has("two") }
            #expect(recorder.notes == ["one", "two"])
            port.stopListening()
        }
    }

    @Test func `a size is read and written`() {
        let size = TelnetWindowSize(columns: 300, rows: 24)
        #expect(size.content == [1, 44, 0, 24])
        #expect(TelnetWindowSize(size.content) == size)
        #expect(TelnetWindowSize([1, 2, 3]) == nil && TelnetWindowSize([]) == nil)
    }
}

/// Who may come in. B-TW-24
@Suite struct TelnetLoginTests {
    private struct Inside: StatefulTelnetProtocol {
        enum State { case first, later }
        let name: String
        var state = State.first
        var acceptedOptions: [(option: TelnetOption, side: TelnetSide)] { [(.windowSize, .remote)] }

        func connectionMade(_ transport: StreamTransport) { send("hello \(name)\n", transport) }
        func lineReceived(_ line: String, in state: State, _ transport: StreamTransport) -> State {
            send("\(state) \(line)\n", transport)
            return .later
        }
        func subnegotiationReceived(
            _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport
        ) {
            send("\(TelnetWindowSize(content)?.columns ?? 0) columns\n", transport)
        }
    }

    private static func factory(within limit: Duration = .seconds(60)) -> Factory {
        Factory {
            AuthenticatingTelnetProtocol(maximumAttempts: 2, timeLimit: limit) { name, password, _ in
                password == "secret" ? Inside(name: name) : nil
            }
        }
    }

    /// Somebody who knows no telnet and reads every byte.
    private struct Visitor {
        let connection: Connection

        init(_ address: SocketAddress, on loop: EventLoop) async throws {
            connection = try await Connector().connect(to: address, on: loop)
            connection.readDeadline = loop.timeNow.advanced(by: .seconds(20))
        }

        func hears(_ text: String) async throws {
            let wanted = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            let heard = try await connection.read(exactly: wanted.count)
            #expect(heard == wanted, "\(String(decoding: heard, as: UTF8.self))")
        }
    }

    private static let (echoes, echoesNot) = ("\u{FF}\u{FB}\u{1}", "\u{FF}\u{FC}\u{1}")
    private static let (agrees, disagrees): ([UInt8], [UInt8]) = ([0xFF, 0xFD, 1], [0xFF, 0xFE, 1])

    @Test(arguments: Ground.loops)
    func `who knows the password comes in, with the options of what is inside`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let (port, address) = try await listen(Self.factory(), on: loop)
            let ann = try await Visitor(address, on: loop)
            try await ann.hears("login: ")
            // Not before: nobody is there who would want it. RFC 1073
            try await ann.connection.send([0xFF, 0xFB, 31])
            try await ann.hears("\u{FF}\u{FE}\u{1F}")
            try await ann.connection.send("ann\r\n")
            try await ann.hears(Self.echoes + "password: ")
            try await ann.connection.send(Self.agrees + Array("wrong\r\n".utf8))
            try await ann.hears(Self.echoesNot + "\r\nlogin incorrect\r\nlogin: ")
            try await ann.connection.send(Self.disagrees + Array("ann\r\n".utf8))
            try await ann.hears(Self.echoes + "password: ")
            try await ann.connection.send(Self.agrees + Array("secret\r\n".utf8))
            try await ann.hears(Self.echoesNot + "\r\nhello ann\r\n")
            try await ann.connection.send([0xFF, 0xFB, 31, 0xFF, 0xFA, 31, 0, 40, 0, 24, 0xFF, 0xF0])
            try await ann.hears("\u{FF}\u{FD}\u{1F}40 columns\r\n")
            try await ann.connection.send("one\r\ntwo\r\n")
            try await ann.hears("first one\r\nlater two\r\n")
            ann.connection.close()
            port.stopListening()
        }
    }

    /// Wants pieces, not lines, and is not ready at once.
    private struct Pieces: TelnetLineReceiver {
        func connectionMade(_ transport: StreamTransport) {
            send("hello\n", transport)
            transport.pauseProducing()
            _ = transport.loop.callLater(.milliseconds(1)) { transport.resumeProducing() }
        }

        func applicationDataReceived(_ data: [UInt8], _ transport: StreamTransport) {
            send("<\(String(decoding: data, as: UTF8.self))>", transport)
        }
    }

    @Test(arguments: Ground.loops)
    func `what is inside may take pieces in place of lines, from behind the password on`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let factory = Factory { AuthenticatingTelnetProtocol { _, _, _ in Pieces() } }
            let (port, address) = try await listen(factory, on: loop)
            let bob = try await Visitor(address, on: loop)
            try await bob.connection.send("bob\r\nsecret\r\nearly")
            try await bob.hears("login: " + Self.echoes + "password: \r\nhello\r\n<early>")
            try await bob.connection.send("later\r\n")
            try await bob.hears("<later\r\n>")
            // The LF of the password's end may come by itself.
            let eve = try await Visitor(address, on: loop)
            try await eve.connection.send("eve\r\nsecret\r")
            try await eve.hears("login: " + Self.echoes + "password: \r\nhello\r\n")
            try await eve.connection.send("\n")
            try await eve.connection.send("x")
            try await eve.hears("<x>")
            for visitor in [bob, eve] { visitor.connection.close() }
            port.stopListening()
        }
    }

    @Test func `who does not is let go`() async throws {
        try await withLoop(of: .memory) { loop in
            let (port, address) = try await listen(Self.factory(), on: loop)
            let eve = try await Visitor(address, on: loop)
            try await eve.connection.send("eve\r\none\r\neve\r\ntwo\r\neve\r\nsecret\r\n")
            // Who never answers an offer is made none again, and none is taken back. RFC 1143
            try await eve.hears("login: " + Self.echoes + "password: \r\nlogin incorrect\r\n")
            try await eve.hears("login: password: \r\nlogin incorrect\r\n")
            #expect(try await eve.connection.receive() == nil)
            // A name without an end.
            let flood = try await Visitor(address, on: loop)
            try? await flood.connection.send([UInt8](repeating: 0x61, count: 5000))
            try await flood.hears("login: ")
            await #expect(throws: SocketError.self) { while try await flood.connection.receive() != nil {} }
            port.stopListening()
        }
    }

    @Test func `who takes too long is let go, whatever is sent meanwhile`() async throws {
        try await withLoop(of: .memory) { loop in
            let (port, address) = try await listen(Self.factory(within: .seconds(5)), on: loop)
            let slow = try await Visitor(address, on: loop)
            let begin = loop.timeNow
            for letter in ["a", "n", "n"] {
                try await loop.sleep(for: .seconds(1))
                try await slow.connection.send(letter)
            }
            try await slow.hears("login: \r\nlogin timed out\r\n")
            #expect(try await slow.connection.receive() == nil)
            #expect(begin.duration(to: loop.timeNow) < .seconds(6))
            port.stopListening()
        }
    }
}
