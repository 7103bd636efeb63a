// SPDX-License-Identifier: Apache-2.0
import Glibc
import Sockets
import TestSupport
import Testing

/// The chat by one socket that sends and receives at once.
@Suite(.blocking) struct ChatTests {
    private let programs = Programs()

    private func chat(_ peer: SocketAddress? = nil) throws -> (ForeignProgram, SocketAddress) {
        let program = try programs.ours("udp-chat", ["127.0.0.1:0"] + (peer.map { ["\($0)"] } ?? []))
        return (program, try program.address(after: "bound to "))
    }

    // nobody waits for the other's turn
    @Test func `two chats talk with each other, as they like`() throws {
        let (one, first) = try chat()
        let (other, second) = try chat(first)
        try other.write("hello\nare you there?\n")
        #expect(try one.line() == "\(second) said: hello")
        #expect(try one.line() == "\(second) said: are you there?")
        // The first knows its peer from now on. Both write before either reads.
        try one.write("one\ntwo\n")
        try other.write("three\nfour\n")
        for text in ["one", "two"] { #expect(try other.line() == "\(first) said: \(text)") }
        for text in ["three", "four"] { #expect(try one.line() == "\(second) said: \(text)") }
        try one.write("exit\n")
        #expect(try one.exit() == .status(0))
        try other.closeInput()
        #expect(try other.exit() == .status(0))
    }

    @Test func `without a peer nothing is sent, and that is said`() throws {
        let (program, _) = try chat()
        try program.write("hello?\n")
        try program.line(containing: "nobody is there yet")
        try program.write("exit\n")
        #expect(try program.exit() == .status(0))
    }

    // A-081, with the seed's programs at the other end
    @Test func `the chat hears the seed's sender, and the seed's receiver hears the chat`() throws {
        let (listener, address) = try chat()
        let sender = try programs.original("udp_send", "\(try #require(address.port))")
        #expect(try listener.line().hasSuffix(" said: hahaha"))
        #expect(try sender.exit() == .status(0))

        let receiver = try programs.original("udp_receive", "0", "utf-8")
        let (speaker, own) = try chat(try receiver.address(after: "bound to "))
        try speaker.write("\u{4F60}\u{597D}\n")
        #expect(
            try receiver.line(containing: "Sent:") == "('127.0.0.1', \(try #require(own.port))) Sent:\u{4F60}\u{597D}")
        #expect(try receiver.exit() == .status(0))
    }

    @Test func `the chat answers the seed's program that sends and receives by one socket`() throws {
        let (chat, address) = try chat()
        let duplex = try programs.original("udp_duplex", "0")
        _ = try duplex.address(after: "bound to ")
        try duplex.write("127.0.0.1\n\(try #require(address.port))\nquestion\n")
        #expect(try chat.line().hasSuffix(" said: question"))
        try chat.write("answer\n")
        #expect(try duplex.exit() == .status(0))
        #expect(duplex.output.contains("answer"))
    }

    //
    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal ends the chat, whatever it waits for`(signal: CInt) throws {
        let (program, address) = try chat()
        // It hears, and so it hears signals too.
        let socket = try Socket(.ipv4, .datagram)
        try socket.send("ready".utf8, to: address)
        try program.line(containing: "ready")
        program.send(signal: signal)
        #expect(try program.exit() == .status(0))
        #expect(program.output.hasSuffix("closed\n"))
    }

    // B-TW-23: standard input and output that are regular files
    @Test func `a chat can be read from a file, and written to one`() throws {
        let directory = try programs.directory()
        try directory.write(Array("from a file\nwithout an end".utf8), to: "in")
        let receiver = try bound()
        let program = try programs.shell(
            "exec \"$0\" 127.0.0.1:0 $1 <\"$2\" >\"$3\"", "udp-chat", "\(try receiver.localAddress)",
            directory.file("in"), directory.file("out"))
        #expect(try program.exit() == .status(0), "\(program.errors)")
        for text in ["from a file", "without an end"] {
            #expect(try receiver.receiveFrom(upTo: 100)?.bytes == Array(text.utf8))
        }
        let out = String(decoding: try #require(directory.bytes(of: "out")), as: UTF8.self)
        #expect(out.hasPrefix("bound to 127.0.0.1:") && out.hasSuffix("\nclosed\n"))
    }

    // B-TW-23: a terminal
    @Test func `a chat can be typed at a terminal, whose end ends it`() throws {
        let receiver = try bound()
        let wrapper = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        let program = try programs.command(
            Python.executable, "-c", wrapper, BuiltProgram.path("udp-chat"), "127.0.0.1:0",
            "\(try receiver.localAddress)")
        try program.line(containing: "bound to ")
        try program.write("typed\n")
        let message = try #require(try receiver.receiveFrom(upTo: 100))
        #expect(message.bytes == Array("typed".utf8))
        try receiver.send("shown".utf8, to: try #require(message.sender))
        try program.line(containing: "said: shown")
        // Ctrl-D at the beginning of a line.
        try program.write("\u{4}")
        try program.line(containing: "closed")
        #expect(try program.exit() == .status(0))
    }

    private func bound() throws -> Socket {
        var socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: SocketAddress.loopback(0))
        try socket.setTimeLimit(.seconds(20))
        return socket
    }

    @Test func `an address that is none is told in one line`() throws {
        let program = try programs.ours("udp-chat", ["127.0.0.1:0", "nowhere"])
        #expect(try program.exit() == .status(1))
        #expect(program.errors.contains("nowhere"))
    }
}
