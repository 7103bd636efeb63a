// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing
import Wire

/// Our telnet beside Twisted's, in both roles. B-TW-24, B-FTP-03
@Suite(.blocking, .enabled(if: Twisted.python != nil, Comment(rawValue: Twisted.absence)))
struct TwistedTelnetServerTests {
    private static let client = """
        import sys
        from twisted.conch.telnet import ECHO, NAWS, TelnetProtocol, TelnetTransport
        from twisted.internet import reactor, protocol

        class Visitor(TelnetProtocol):
            words = [b"ann", b"wrong", b"ann", b"secret", b"caf\\xc3\\xa9 \\xff!", b"bye"]
            text = b""
            def enableRemote(self, option):
                print("server echoes", option == ECHO, flush=True)
                return option == ECHO
            def disableRemote(self, option):
                print("server echoes no more", flush=True)
            def enableLocal(self, option):
                return option == NAWS
            def dataReceived(self, data):
                self.text += data
                while True:
                    for prompt in (b": ", b"> "):
                        if prompt in self.text:
                            said, self.text = self.text.split(prompt, 1)
                            print(repr(said), flush=True)
                            if self.words[0] == b"bye":
                                self.transport.requestNegotiation(NAWS, b"\\x00\\x50\\x00\\xff")
                            self.transport.write(self.words.pop(0) + b"\\n")
                            break
                    else:
                        return
            def connectionLost(self, reason):
                print(repr(self.text), flush=True)
                reactor.stop()

        factory = protocol.ClientFactory()
        factory.buildProtocol = lambda address: TelnetTransport(Visitor)
        reactor.connectTCP("127.0.0.2", int(sys.argv[1]), factory)
        reactor.run()
        """

    private struct Shell: TelnetLineReceiver {
        let name: String
        var size: TelnetWindowSize?

        func connectionMade(_ transport: StreamTransport) {
            enable(.windowSize, .remote, transport)
            send("hello \(name)\n> ", transport)
        }
        func lineReceived(bytes line: [UInt8], _ transport: StreamTransport) {
            if line != Array("bye".utf8) {
                send(bytes: line + Array("\r\n> ".utf8), transport)
            } else {
                sendLine("\(size?.columns ?? 0) x \(size?.rows ?? 0)", transport)
                transport.loseConnection()
            }
        }
        mutating func subnegotiationReceived(
            _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport
        ) {
            size = TelnetWindowSize(content)
        }
    }

    private static let factory = Factory {
        AuthenticatingTelnetProtocol { name, password, _ in password == "secret" ? Shell(name: name) : nil }
    }

    @Test func `Twisted's client logs in at our server and talks`() async throws {
        try await withLoop(of: .epoll) { loop in
            let (port, address) = try await listen(Self.factory, on: loop)
            let number = "\(try #require(address.port))"
            let said = try await BlockingThread {
                let client = try Twisted.run(Self.client, number)
                try client.exit()
                return client.output + client.errors
            }.value()
            #expect(
                said.split(separator: "\n") == [
                    "b'login'", "server echoes True", "b'password'", "server echoes no more",
                    "b'\\nlogin incorrect\\nlogin'", "server echoes True", "b'password'", "server echoes no more",
                    "b'\\nhello ann\\n'", "b'caf\\xc3\\xa9 \\xff!\\n'", "b'80 x 255\\n'",
                ], "\(said)")
            port.stopListening()
        }
    }

    private static let server = """
        from twisted.conch.telnet import (
            AuthenticatingTelnetProtocol, StatefulTelnetProtocol, TelnetTransport)
        from twisted.cred import checkers, portal
        from twisted.conch.telnet import ITelnetProtocol
        from twisted.internet import reactor, protocol
        from zope.interface import implementer

        class Inside(StatefulTelnetProtocol):
            state = "Talk"
            def telnet_Talk(self, line):
                self.sendLine(b"you said " + line)
                if line == b"bye":
                    self.transport.loseConnection()

        @implementer(portal.IRealm)
        class Realm:
            def requestAvatar(self, avatar, mind, *interfaces):
                return ITelnetProtocol, Inside(), lambda: None

        accounts = checkers.InMemoryUsernamePasswordDatabaseDontUse(ann=b"secret")
        factory = protocol.ServerFactory()
        factory.buildProtocol = lambda address: TelnetTransport(
            AuthenticatingTelnetProtocol, portal.Portal(Realm(), [accounts]))
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        reactor.callWhenRunning(print, "listening on 127.0.0.1:%d" % port.getHost().port, flush=True)
        reactor.run()
        """

    /// Answers prompts, which are no lines, and notes the rest.
    private struct Caller: TelnetProtocol {
        let recorder: Recorder
        var words = ["ann", "secret", "hello", "bye"]
        var text = ""
        var acceptedOptions: [(option: TelnetOption, side: TelnetSide)] { [(.echo, .remote)] }

        mutating func applicationDataReceived(_ data: [UInt8], _ transport: StreamTransport) {
            text += String(decoding: data, as: UTF8.self)
            while let prompt = ["Username: ", "Password: ", "\r\n"].first(where: { text.contains($0) }) {
                let parts = text.split(separator: prompt, maxSplits: 1, omittingEmptySubsequences: false)
                recorder.note("\(parts[0])\(prompt == "\r\n" ? "" : prompt)")
                text = String(parts[1])
                goOn(transport)
            }
        }
        private mutating func goOn(_ transport: StreamTransport) {
            if !words.isEmpty { sendLine(words.removeFirst(), transport) }
        }
        func optionEnabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {
            recorder.note("+\(option.rawValue) \(side)")
        }
        // Nothing more tells that the password was right.
        mutating func optionDisabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {
            recorder.note("-\(option.rawValue) \(side)")
            goOn(transport)
        }
        func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { recorder.note("\(reason)") }
    }

    @Test func `our client logs in at Twisted's server and talks`() async throws {
        let server = try Twisted.run(Self.server)
        let address = try SocketAddress(try server.line(containing: "listening on ").dropFirst("listening on ".count))
        try await withLoop(of: .epoll) { loop in
            let recorder = Recorder()
            try await loop.run { () throws(SocketError) in
                _ = try loop.connect(to: address, ClientFactory { Caller(recorder: recorder) })
            }
            try await until(on: loop) { recorder.has("closed cleanly") }
            #expect(
                recorder.notes == [
                    "Username: ", "+1 remote", "Password: ", "-1 remote", "you said hello", "you said bye",
                    "closed cleanly",
                ])
        }
    }

    // A-157
    @Test(.enabled(if: Installed.has("telnet"), "NOT tested: telnet is not installed"))
    func `telnet itself logs in and talks`() async throws {
        try await withLoop(of: .epoll) { loop in
            let (port, address) = try await listen(Self.factory, on: loop)
            let number = "\(try #require(address.port))"
            let said = try await BlockingThread {
                let telnet = try ForeignProgram("telnet", ["127.0.0.2", number])
                try telnet.text(upTo: "login: ")
                try telnet.write("ann\n")
                try telnet.text(upTo: "password: ")
                try telnet.write("secret\n")
                try telnet.line(containing: "hello ann")
                try telnet.write("one\n")
                try telnet.line(containing: "one")
                try telnet.write("bye\n")
                let size = try telnet.line(containing: " x ")
                try telnet.exit()
                return size
            }.value()
            // Without a terminal it has no size to tell.
            #expect(said.hasSuffix("0 x 0"), "\(said)")
            port.stopListening()
        }
    }

    // A client that speaks no telnet.
    @Test(.enabled(if: Installed.has("ncat"), "NOT tested: ncat is not installed"))
    func `ncat logs in and talks`() async throws {
        try await withLoop(of: .epoll) { loop in
            let (port, address) = try await listen(Self.factory, on: loop)
            let number = "\(try #require(address.port))"
            try await BlockingThread {
                let ncat = try ForeignProgram("ncat", ["127.0.0.2", number])
                for word in ["ann", "secret", "one"] { try ncat.write("\(word)\n") }
                try ncat.line(containing: "hello ann")
                try ncat.line(containing: "> one")
                try ncat.write("bye\n")
                try ncat.line(containing: "0 x 0")
                try ncat.closeInput()
                try ncat.exit()
            }.value()
            port.stopListening()
        }
    }
}
