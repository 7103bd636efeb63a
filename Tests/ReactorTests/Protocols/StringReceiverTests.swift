// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing
import Wire

@Suite struct StringReceiverTests {
    private struct Netstrings: NetstringReceiver {
        func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws {
            try sendString(string, transport)
        }
    }

    private struct Shorts: Int16StringReceiver {
        func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws {
            try sendString(string, transport)
        }
    }

    private func answer(
        _ factory: some ProtocolFactory, to bytes: [UInt8], on ground: Ground
    ) async throws -> [UInt8] {
        let answer = Recorder()
        try await withLoop(of: ground) { loop in
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                for byte in bytes { try await connection.send([byte]) }
                try? await connection.shutdownSending()
                _ = await reason {
                    while let more = try await connection.receive(upTo: 1000) {
                        answer.note(String(decoding: more, as: UTF8.self))
                    }
                }
            }
            port.stopListening()
        }
        return Array(answer.notes.joined().utf8)
    }

    // B-TW-17
    @Test(arguments: Ground.loops)
    func `netstrings come whole, whatever the pieces`(ground: Ground) async throws {
        let bytes = Array("5:hello,0:,11:hello world,".utf8)
        #expect(try await answer(Factory(Netstrings.init), to: bytes, on: ground) == bytes)
    }

    // B-TW-17
    @Test(arguments: Ground.loops)
    func `strings with a length come whole, whatever the pieces`(ground: Ground) async throws {
        let bytes: [UInt8] = [0, 2, 0x68, 0x69, 0, 0, 0, 1, 0x21]
        #expect(try await answer(Factory(Shorts.init), to: bytes, on: ground) == bytes)
    }

    // B-TW-17, P13
    @Test(arguments: ["99999:x", "100000:"])
    func `a netstring may be 99999 bytes long`(text: String) async throws {
        let recorder = Recorder()
        struct Noting: NetstringReceiver {
            let recorder: Recorder
            func stringReceived(_ string: RawSpan, _ transport: StreamTransport) {}
            func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { recorder.note("\(reason)") }
        }
        _ = try await answer(Factory { Noting(recorder: recorder) }, to: Array(text.utf8), on: .memory)
        #expect(recorder.notes == [text == "100000:" ? "failed: netstring: longer than 99999 bytes" : "closed cleanly"])
    }

    // B-TW-17: StatefulStringProtocol
    @Test func `a stateful protocol goes from state to state`() async throws {
        struct Login: StatefulStringProtocol {
            enum State { case name, secret(of: String) }
            var state = State.name
            func stringReceived(_ string: RawSpan, in state: State, _ transport: StreamTransport) throws -> State {
                switch state {
                case .name: return .secret(of: string.text)
                case .secret(let name):
                    try sendString("\(name) knows \(string.text)", transport)
                    return .name
                }
            }
        }
        let answer = try await answer(Factory { Login() }, to: Array("2:me,3:it!,".utf8), on: .memory)
        #expect(String(decoding: answer, as: UTF8.self) == "12:me knows it!,")
    }

    // B-TW-17: StatefulProtocol
    @Test func `pieces have the length that was asked for`() async throws {
        struct Sized: StatefulProtocol {
            var expectedLength: Int? = 1
            var isHead = true
            mutating func pieceReceived(_ piece: RawSpan, _ transport: StreamTransport) {
                if !isHead { transport.write("[\(piece.text)]") }
                expectedLength = isHead ? Int(piece.text) : 1
                isHead.toggle()
            }
        }
        let answer = try await answer(Factory { Sized() }, to: Array("3abc1d".utf8), on: .memory)
        #expect(String(decoding: answer, as: UTF8.self) == "[abc][d]")
    }

    // B-TW-17: what a peer says of a length is not trusted
    @Test(arguments: [("0", "[]"), ("-1", ""), ("9000000000", ""), ("2ab", "[ab]")])
    func `a piece of no bytes is there at once, and one that can't be ends the connection`(
        message: String, expected: String
    ) async throws {
        struct Sized: StatefulProtocol {
            var expectedLength: Int? = 10
            mutating func pieceReceived(_ piece: RawSpan, _ transport: StreamTransport) {
                if expectedLength == 10 {
                    expectedLength = Int(piece.text.prefix { $0 != " " })
                } else {
                    transport.write("[\(piece.text)]")
                    expectedLength = nil
                }
            }
        }
        let length = message.prefix { $0 == "-" || $0.isNumber }
        let head = length + String(repeating: " ", count: 10 - length.count)
        let answer = try await answer(
            Factory { Sized() }, to: Array((head + message.dropFirst(length.count)).utf8), on: .memory)
        #expect(String(decoding: answer, as: UTF8.self) == expected)
    }

    // asynchat
    @Test(arguments: [("0", "<0><>"), ("-1", "<-1>"), ("3abcd\n", "<3><abc><d>")])
    func `a message of no bytes is whole at once, and one that can't be ends the connection`(
        message: String, expected: String
    ) async throws {
        struct Counted: Conversation {
            var collected = ""
            var terminator = Terminator.bytes([0x0A])
            mutating func collectIncomingData(_ data: RawSpan, _ transport: StreamTransport) { collected += data.text }
            mutating func foundTerminator(_ transport: StreamTransport) {
                push("<\(collected)>", transport)
                terminator = Int(collected).map { .count($0) } ?? .bytes([0x0A])
                collected = ""
            }
        }
        let length = message.prefix { $0 == "-" || $0.isNumber }
        let answer = try await answer(
            Factory { Counted() }, to: Array("\(length)\n\(message.dropFirst(length.count))".utf8), on: .memory)
        #expect(String(decoding: answer, as: UTF8.self) == expected)
    }

    // push_with_producer
    @Test(arguments: Ground.loops)
    func `what is pushed goes out in its order, producers included, however many messages come at once`(
        ground: Ground
    ) async throws {
        final class Alphabet: PullProducer {
            private let transport: StreamTransport
            private var letters: [String]
            init(_ letters: String, _ transport: StreamTransport) {
                self.transport = transport
                self.letters = letters.map(String.init)
            }
            func resumeProducing() {
                if letters.isEmpty { transport.unregisterProducer() } else { transport.write(letters.removeFirst()) }
            }
            func stopProducing() {}
        }
        struct Spelling: Conversation {
            var collected = ""
            mutating func collectIncomingData(_ data: RawSpan, _ transport: StreamTransport) { collected += data.text }
            mutating func foundTerminator(_ transport: StreamTransport) {
                push("<", transport)
                pushWithProducer(Alphabet(collected, transport), transport)
                push("|", transport)
                pushWithProducer(Alphabet(collected.uppercased(), transport), transport)
                push(">", transport)
                if collected == "end" { closeWhenDone(transport) }
                collected = ""
            }
        }
        let recorder = Recorder()
        try await withLoop(of: ground) { loop in
            let (port, address) = try await listen(Factory { Spelling() }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("abc\r\n\r\nxy\r\nend\r\nmore\r\n")
                while let more = try? await connection.receive(upTo: 1000) {
                    recorder.note(String(decoding: more, as: UTF8.self))
                }
            }
            port.stopListening()
        }
        #expect(recorder.notes.joined() == "<abc|ABC><|><xy|XY><end|END>")
    }

    // push_with_producer
    @Test(arguments: Ground.loops)
    func `a connection that is lost stops every producer that was pushed, once`(ground: Ground) async throws {
        final class Endless: PullProducer {
            private let recorder: Recorder
            private let transport: StreamTransport
            init(_ recorder: Recorder, _ transport: StreamTransport) {
                (self.recorder, self.transport) = (recorder, transport)
            }
            func resumeProducing() { transport.write("x") }
            func stopProducing() {
                recorder.note("stop")
                transport.unregisterProducer()
            }
        }
        struct Babbling: Conversation {
            let recorder: Recorder
            mutating func collectIncomingData(_ data: RawSpan, _ transport: StreamTransport) {}
            mutating func foundTerminator(_ transport: StreamTransport) {
                for _ in 0..<3 { pushWithProducer(Endless(recorder, transport), transport) }
            }
            mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { recorder.note("lost") }
        }
        let recorder = Recorder()
        try await withLoop(of: ground) { loop in
            let (port, address) = try await listen(Factory { Babbling(recorder: recorder) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("\r\n")
                #expect(try await connection.receive(upTo: 1) == [0x78])
                connection.abort()
            }
            try await until(on: loop) { recorder.notes.count >= 4 }
            port.stopListening()
        }
        #expect(recorder.notes.sorted() == ["lost", "stop", "stop", "stop"])
    }

    // asynchat
    @Test(arguments: Ground.loops)
    func `a conversation collects up to its terminator`(ground: Ground) async throws {
        struct Upper: Conversation {
            var collected = ""
            var terminator = Terminator.bytes(Array("\r\n".utf8))
            mutating func collectIncomingData(_ data: RawSpan, _ transport: StreamTransport) { collected += data.text }
            mutating func foundTerminator(_ transport: StreamTransport) {
                push("<\(collected)>", transport)
                // After a line with a number so many bytes.
                terminator = Int(collected).map { .count($0) } ?? .bytes(Array("\r\n".utf8))
                collected = ""
            }
        }
        let answer = try await answer(Factory { Upper() }, to: Array("one\r\n4\r\nab\r\ntwo\r\n\r\n".utf8), on: ground)
        #expect(String(decoding: answer, as: UTF8.self) == "<one><4><ab\r\n><two><>")
    }

    // asyncore
    @Test(arguments: Ground.loops)
    func `a dispatcher reads and writes when it is told that it may`(ground: Ground) async throws {
        struct Handler: Dispatcher {
            var toSend: [UInt8] = []
            mutating func handleRead(_ channel: DispatcherChannel) { toSend += channel.receive(upTo: 2) }
            func writable() -> Bool { !toSend.isEmpty }
            mutating func handleWrite(_ channel: DispatcherChannel) { channel.send([toSend.removeFirst()]) }
        }
        let text = Array("an asyncore echo".utf8)
        #expect(try await answer(Factory { DispatcherProtocol(Handler()) }, to: text, on: ground) == text)
    }
}
