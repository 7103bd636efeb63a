// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// Seed 003's programs on UDP.
@Suite(.blocking) struct DatagramTests {
    private let programs = Programs()

    //
    @Test(arguments: Author.pairs)
    func `a datagram arrives with its sender`(sender: Author, receiver: Author) throws {
        let (receiver, address) = try self.receiver(receiver, "gbk")
        let sender = try programs.client(sender, "udp-send", of: address)
        #expect(try sender.exit() == .status(0))
        #expect(try receiver.line(containing: "Sent:").hasSuffix(" Sent:hahaha"))
        #expect(try receiver.exit() == .status(0))
    }

    // the user's own text, and the seed's constant above.
    @Test func `the user's own text is sent as UTF-8`() throws {
        let (receiver, address) = try receiver(.seed, "utf-8")
        let sender = try programs.ours("udp-send", "\(address)", "哈哈哈")
        let port = try sender.address(after: "sent from ").port
        #expect(try receiver.line(containing: "Sent:") == "('127.0.0.1', \(try #require(port))) Sent:哈哈哈")
    }

    //
    @Test(arguments: Author.allCases)
    func `text from a Windows peer is read as GBK`(author: Author) throws {
        let (receiver, address) = try receiver(author, "gbk")
        let socket = try Socket(.ipv4, .datagram)
        try socket.send([0xC4, 0xE3, 0xBA, 0xC3], to: address)
        #expect(try receiver.line(containing: "Sent:").hasSuffix("Sent:你好"))
    }

    //
    @Test(arguments: ["gbk", "utf-8"])
    func `bytes that are no text are shown as well as can be`(encoding: String) throws {
        let (receiver, address) = try receiver(.us, encoding)
        let socket = try Socket(.ipv4, .datagram)
        try socket.send([0x61, 0xFF, 0xFE, 0x80, 0x62], to: address)
        let line = try receiver.line(containing: "Sent:")
        #expect(line.contains("Sent:a\u{FFFD}") && line.hasSuffix("b"), "\(line)")
        #expect(try receiver.exit() == .status(0))
    }

    //
    @Test func `a datagram that is too long is cut, and that is said`() throws {
        let (receiver, address) = try receiver(.us, "utf-8")
        let socket = try Socket(.ipv4, .datagram)
        try socket.send(Array(repeating: UInt8(ascii: "x"), count: 1025), to: address)
        #expect(try receiver.line(containing: "Sent:").hasSuffix("Sent:" + String(repeating: "x", count: 1024)))
        try receiver.line(containing: "longer than 1024 bytes")
    }

    @Test func `an encoding that nobody knows is refused by name`() throws {
        let receiver = try programs.ours("udp-receive", "127.0.0.1:0", "klingon")
        #expect(try receiver.exit() == .status(1))
        #expect(receiver.errors.contains("klingon"))
    }

    //
    @Test(arguments: Author.allCases)
    func `a sender without a port gets one and keeps it; exit ends it`(author: Author) throws {
        let receiver = try bound()
        let sender = try programs.client(author, "udp-send-loop", of: receiver.localAddress)
        var ports: Set<Port?> = []
        for text in ["one", "two", "exits"] {
            try sender.text(upTo: "want to send:")
            try sender.write("\(text)\n")
            let message = try #require(try receiver.receiveFrom(upTo: 100))
            #expect(message.bytes == Array(text.utf8))
            ports.insert(message.sender?.port)
        }
        #expect(ports.count == 1)
        try sender.write("exit\n")
        #expect(try sender.exit() == .status(0))
    }

    //
    @Test(arguments: Author.allCases)
    func `a sender with a port of its own is seen with it`(author: Author) throws {
        let receiver = try bound()
        let address = try receiver.localAddress
        let sender =
            switch author {
            case .us: try programs.ours("udp-send-bound", "127.0.0.1:0", "\(address)")
            case .seed: try programs.original("udp_send_loop", "\(try #require(address.port))", "0")
            }
        let own = try sender.address(after: "bound to ")
        try sender.write("hello\nexit\n")
        #expect(try receiver.receiveFrom(upTo: 100)?.sender == own)
        #expect(try sender.exit() == .status(0))
    }

    @Test func `the end of the input ends a sender, and what came before it is sent`() throws {
        let receiver = try bound()
        let sender = try programs.ours("udp-send-loop", "\(receiver.localAddress)")
        try sender.write("last words")
        try sender.closeInput()
        #expect(try receiver.receiveFrom(upTo: 100)?.bytes == Array("last words".utf8))
        #expect(try sender.exit() == .status(0))
    }

    //
    @Test(arguments: Author.pairs)
    func `two sockets that both send and receive`(one: Author, other: Author) throws {
        let (one, first) = try duplex(one)
        let (other, second) = try duplex(other)
        try one.write("127.0.0.1\n\(try #require(second.port))\nfrom one\n")
        try other.write("127.0.0.1\n\(try #require(first.port))\nfrom other\n")
        #expect(try one.exit() == .status(0))
        #expect(try other.exit() == .status(0))
        #expect(one.output.contains("from other"))
        #expect(other.output.contains("from one"))
    }

    //
    @Test func `an address or a port that is none is asked for again, with the reason`() throws {
        let receiver = try bound()
        let (program, _) = try duplex(.us)
        for bad in ["", "localhorst!", "127.0.0.256"] {
            try program.text(upTo: "ip address to send to:")
            try program.write("\(bad)\n")
            #expect(try program.line().contains(bad))
        }
        try program.write("127.0.0.1\n")
        for (bad, reason) in [("99999", "99999 is over 65535"), ("abc", "'abc' is not a decimal number"), ("-1", "-1")]
        {
            try program.text(upTo: "port number to send to:")
            try program.write("\(bad)\n")
            let line = try program.line()
            #expect(line.contains(reason) || line.contains("\"\(bad)\""), "\(line)")
        }
        try program.write("\(try #require(try receiver.localAddress.port))\nat last\n")
        #expect(try receiver.receiveFrom(upTo: 100)?.bytes == Array("at last".utf8))
    }

    private func receiver(_ author: Author, _ encoding: String) throws -> (ForeignProgram, SocketAddress) {
        let program =
            switch author {
            case .us: try programs.ours("udp-receive", "127.0.0.1:0", encoding)
            case .seed: try programs.original("udp_receive", "0", encoding)
            }
        return (program, try program.address(after: "bound to "))
    }

    private func duplex(_ author: Author) throws -> (ForeignProgram, SocketAddress) {
        let program =
            switch author {
            case .us: try programs.ours("udp-duplex", "127.0.0.1:0")
            case .seed: try programs.original("udp_duplex", "0")
            }
        return (program, try program.address(after: "bound to "))
    }

    /// A socket that waits for a datagram, but not for ever.
    private func bound() throws -> Socket {
        var socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: SocketAddress.loopback(0))
        try socket.setTimeLimit(.seconds(20))
        return socket
    }
}
