// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import TestSupport
import Testing
import Wire

/// Beside Twisted itself, in both roles.
@Suite(.blocking, .enabled(if: Twisted.python != nil, Comment(rawValue: Twisted.absence)))
struct TwistedTests {
    /// What both sides speak.
    enum Dialect: String, CaseIterable, Sendable {
        case echo, line, netstring, int8, int16, int32

        /// What is said, one thing after the other.
        var words: [String] {
            let long = String(repeating: "long ", count: self == .int8 ? 50 : 3000)
            return ["hello", "", "two words", long].filter { self != .echo || !$0.isEmpty }
        }
    }

    /// A server that sends back what it is sent, and a client that says words and prints the answers.
    private static let script = #"""
        import sys
        from twisted.internet import reactor, protocol
        from twisted.protocols import basic

        role, dialect, port = sys.argv[1:4]
        words = [word.encode() for word in sys.argv[4:]]

        class Talk:
            def begin(self):
                self.left = list(words)
                self.next()
            def next(self):
                if self.left: self.say(self.left.pop(0))
                else: self.transport.loseConnection()
            def heard(self, word):
                if role == "server": return self.say(word)
                print(len(word), word[:20].decode(), flush=True)
                self.next()
            def connectionMade(self):
                if role == "client": self.begin()
            def connectionLost(self, reason):
                print("lost", reason.type.__name__, flush=True)
                if role == "client": reactor.stop()

        class Echo(Talk, protocol.Protocol):
            def begin(self):
                self.expected = b"".join(words)
                self.received = b""
                self.transport.write(self.expected)
            def dataReceived(self, data):
                if role == "server": return self.transport.write(data)
                self.received += data
                if len(self.received) == len(self.expected):
                    print(self.received == self.expected, flush=True)
                    self.transport.loseConnection()

        class Line(Talk, basic.LineReceiver):
            def say(self, word): self.sendLine(word)
            def lineReceived(self, line): self.heard(line)

        class Strings(Talk):
            def say(self, word): self.sendString(word)
            def stringReceived(self, string): self.heard(string)

        class Netstring(Strings, basic.NetstringReceiver): pass
        class Int8(Strings, basic.Int8StringReceiver): pass
        class Int16(Strings, basic.Int16StringReceiver): pass
        class Int32(Strings, basic.Int32StringReceiver): pass

        kind = dict(echo=Echo, line=Line, netstring=Netstring, int8=Int8, int16=Int16, int32=Int32)[dialect]
        if role == "server":
            listening = reactor.listenTCP(0, protocol.Factory.forProtocol(kind), interface="127.0.0.1")
            print("listening on 127.0.0.1:%d" % listening.getHost().port, flush=True)
        else:
            factory = protocol.ClientFactory()
            factory.protocol = kind
            reactor.connectTCP("127.0.0.2", int(port), factory)
        reactor.run()
        """#

    private struct LineEcho: LineReceiver {
        func lineReceived(_ line: String, _ transport: StreamTransport) { sendLine(line, transport) }
    }

    private struct NetstringEcho: NetstringReceiver, StringEcho {}
    private struct Int8Echo: Int8StringReceiver, StringEcho {}
    private struct Int16Echo: Int16StringReceiver, StringEcho {}
    private struct Int32Echo: Int32StringReceiver, StringEcho {}

    private func factory(_ dialect: Dialect) -> Factory {
        switch dialect {
        case .echo: Factory(EchoProtocol.init)
        case .line: Factory(LineEcho.init)
        case .netstring: Factory(NetstringEcho.init)
        case .int8: Factory(Int8Echo.init)
        case .int16: Factory(Int16Echo.init)
        case .int32: Factory(Int32Echo.init)
        }
    }

    // B-TW-04, B-TW-10, B-TW-17
    @Test(arguments: Dialect.allCases)
    func `Twisted's client gets its own words from our server`(dialect: Dialect) async throws {
        try await withLoop(of: .epoll) { loop in
            let (port, address) = try await listen(factory(dialect), on: loop)
            let number = "\(try #require(address.port))"
            let output = try await BlockingThread {
                let arguments = ["-c", Self.script, "client", dialect.rawValue, number] + dialect.words
                let client = try ForeignProgram(try #require(Twisted.python), arguments)
                _ = try client.exit()
                return client.output + client.errors
            }.value()
            let answers = dialect == .echo ? ["True"] : dialect.words.map { "\($0.utf8.count) \($0.prefix(20))" }
            #expect(output == (answers + ["lost ConnectionDone"]).map { $0 + "\n" }.joined())
            port.stopListening()
        }
    }

    /// Says words and writes down the answers.
    fileprivate struct Talk {
        let recorder: Recorder
        var left: [String]

        mutating func next() -> String? { left.isEmpty ? nil : left.removeFirst() }
    }

    private struct LineTalk: LineReceiver {
        var talk: Talk
        mutating func connectionMade(_ transport: StreamTransport) { next(transport) }
        mutating func lineReceived(_ line: String, _ transport: StreamTransport) {
            talk.recorder.note(line)
            next(transport)
        }
        private mutating func next(_ transport: StreamTransport) {
            if let word = talk.next() { sendLine(word, transport) } else { transport.loseConnection() }
        }
    }

    private struct NetstringTalk: NetstringReceiver {
        var talk: Talk
        mutating func connectionMade(_ transport: StreamTransport) throws { try next(transport) }
        mutating func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws {
            talk.recorder.note(string.text)
            try next(transport)
        }
        private mutating func next(_ transport: StreamTransport) throws {
            if let word = talk.next() { try sendString(word, transport) } else { transport.loseConnection() }
        }
    }

    /// The three differ in nothing but their names.
    fileprivate protocol Counted: IntNStringReceiver { var talk: Talk { get set } }

    fileprivate struct Int8Talk: Int8StringReceiver, Counted { var talk: Talk }
    fileprivate struct Int16Talk: Int16StringReceiver, Counted { var talk: Talk }
    fileprivate struct Int32Talk: Int32StringReceiver, Counted { var talk: Talk }

    /// Bytes that come back as they went.
    private struct EchoTalk: StreamProtocol {
        var talk: Talk
        var received = 0
        mutating func connectionMade(_ transport: StreamTransport) {
            for word in talk.left { transport.write(word) }
        }
        mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) {
            received += data.byteCount
            guard received == talk.left.joined().utf8.count else { return }
            for word in talk.left { talk.recorder.note(word) }
            transport.loseConnection()
        }
    }

    // B-TW-04, B-TW-10, B-TW-17
    @Test(arguments: Dialect.allCases)
    func `our client gets its own words from Twisted's server`(dialect: Dialect) async throws {
        let server = try ForeignProgram(
            try #require(Twisted.python), ["-c", Self.script, "server", dialect.rawValue, "0"])
        let address = try SocketAddress(try server.line(containing: "listening on ").dropFirst("listening on ".count))
        try await withLoop(of: .epoll) { loop in
            let recorder = Recorder()
            let words = dialect.words
            let factory = ClientFactory(building: { _ in
                let talk = Talk(recorder: recorder, left: words)
                return switch dialect {
                case .echo: EchoTalk(talk: talk)
                case .line: LineTalk(talk: talk)
                case .netstring: NetstringTalk(talk: talk)
                case .int8: Int8Talk(talk: talk)
                case .int16: Int16Talk(talk: talk)
                case .int32: Int32Talk(talk: talk)
                }
            }).whenLost { _, reason in recorder.note("\(reason)") }
            try await loop.run { () throws(SocketError) in _ = try loop.connect(to: address, factory) }
            try await until(on: loop) { recorder.has("closed cleanly") }
            #expect(recorder.notes == words + ["closed cleanly"])
        }
        try server.line(containing: "lost ConnectionDone")
    }

    // A-162
    @Test(
        .enabled(if: Installed.has("telnet", "ncat"), "NOT tested: telnet or ncat is not installed"),
        arguments: [["telnet", "127.0.0.2"], ["ncat", "-C", "127.0.0.2"]])
    func `telnet and ncat talk with a line receiver`(command: [String]) async throws {
        try await withLoop(of: .epoll) { loop in
            let (port, address) = try await listen(Factory(LineEcho.init), on: loop)
            let number = "\(try #require(address.port))"
            let output = try await BlockingThread {
                let client = try ForeignProgram(command[0], Array(command.dropFirst()) + [number])
                if command[0] == "telnet" { try client.line(containing: "Escape character") }
                try client.write("one\ntwo\n")
                try client.text(upTo: "two")
                return client.output
            }.value()
            #expect(output.contains("one") && output.contains("two"))
            port.stopListening()
        }
    }
}

extension TwistedTests.Counted {
    mutating func connectionMade(_ transport: StreamTransport) throws { try next(transport) }

    mutating func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws {
        talk.recorder.note(string.text)
        try next(transport)
    }

    private mutating func next(_ transport: StreamTransport) throws {
        if let word = talk.next() { try sendString(word, transport) } else { transport.loseConnection() }
    }
}

extension BlockingThread {
    /// The result, awaited.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try self.join(within: 60) }) }
        }
    }
}

/// Sends each string back.
private protocol StringEcho: StringReceiver {}

extension StringEcho {
    func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws { try sendString(string, transport) }
}
