// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// Seed 000 (and 001, whose pseudo-code these programs are).
@Suite(.blocking) struct TimestampTests {
    private let programs = Programs()

    //
    @Test(arguments: Author.pairs)
    func `the answer is the time and what was said`(server: Author, client: Author) throws {
        let (server, address) = try programs.server(server, "timestamp-server")
        let client = try programs.client(client, "timestamp-client", of: address)
        try server.line(containing: "connected from")
        for text in ["hello", "你好"] {
            try client.text(upTo: ">>:")
            let before = CTime.now().secondsSinceEpoch
            try client.write("\(text)\n")
            let answer = try client.line()
            let possible = (before...CTime.now().secondsSinceEpoch).map { "\(CTime(secondsSinceEpoch: $0))\(text)" }
            #expect(possible.contains(answer), "\(answer)")
        }
        try client.text(upTo: ">>:")
        try client.write("\n")
        #expect(try client.exit() == .status(0))
        try server.line(containing: "waiting for connection")
    }

    //
    @Test(.telnet) func `telnet gets the time too`() throws {
        let (_, address) = try programs.server(.us, "timestamp-server")
        let telnet = try programs.telnet(to: address)
        try telnet.write("from telnet\n")
        #expect(try telnet.line(containing: "from telnet").hasSuffix(" \(year)from telnet"))
    }

    //
    @Test func `the address that the server prints is the client's own`() throws {
        let (server, address) = try programs.server(.us, "timestamp-server")
        let client = try Socket.patient(to: address)
        #expect(try server.line(containing: "connected from").hasSuffix(" \(client.localAddress)"))
    }

    // a stream has no messages; each piece is answered as it comes.
    @Test func `a message in two pieces is answered piece by piece`() throws {
        let (_, address) = try programs.server(.us, "timestamp-server")
        let client = SocketFile(try Socket.patient(to: address))
        for piece in ["hel", "lo"] {
            try client.write(piece)
            try client.flush()
            let answer = try client.read(exactly: 24 + piece.utf8.count)
            #expect(String(decoding: answer, as: UTF8.self).hasSuffix(piece))
        }
    }

    //
    @Test func `a second client waits until the first has left`() throws {
        let (server, address) = try programs.server(.us, "timestamp-server")
        let first = SocketFile(try Socket.patient(to: address))
        let second = try Socket.patient(to: address)
        try second.sendAll("second".utf8)
        try first.write("first")
        try first.flush()
        #expect(try first.read(exactly: 24 + 5).suffix(5).elementsEqual("first".utf8))
        // The server has served the first one after the second had spoken, and the second has no answer yet.
        #expect(try select(readable: [second.descriptor], timeout: .zero).readable.isEmpty)
        try first.finishWriting()
        try server.line(containing: "disconnected")
        #expect(try second.receive(upTo: 100)?.suffix(6).elementsEqual("second".utf8) == true)
    }

    // A2-13: a reset comes as an error and not as an end, and is a disconnection all the same. A-072
    @Test func `a client that resets is gone, and the next is served`() throws {
        let (server, address) = try programs.server(.us, "timestamp-server")
        let client = try Socket.patient(to: address)
        let name = try client.localAddress
        try server.line(containing: "connected from")
        try client.reset()
        let line = try server.line(containing: "disconnected")
        #expect(line == "\(name) disconnected: receive \(name): connection broken: connection reset by peer")
        let next = try Socket.patient(to: address)
        try next.sendAll("next".utf8)
        #expect(try next.receive(upTo: 100)?.count == 28)
    }

    // A-049, A2-14
    @Test(arguments: Author.allCases)
    func `a client whose server is killed says so and ends`(author: Author) throws {
        let (server, address) = try programs.server(author, "timestamp-server")
        let client = try programs.client(.us, "timestamp-client", of: address)
        try client.text(upTo: ">>:")
        try client.write("hello\n")
        try client.line(containing: "hello")
        server.kill()
        try client.text(upTo: ">>:")
        try client.write("anybody?\n")
        try client.line(containing: "the server has left")
        #expect(try client.exit() == .status(0))
    }

    @Test func `a line that would be answered in pieces is refused`() throws {
        let (_, address) = try programs.server(.us, "timestamp-server")
        let client = try programs.client(.us, "timestamp-client", of: address)
        try client.text(upTo: ">>:")
        try client.write(String(repeating: "x", count: 1025) + "\n")
        try client.text(upTo: "at most 1024 bytes a line, please\n>>:")
        try client.write(String(repeating: "y", count: 1024) + "\n")
        #expect(try client.line(containing: "yyy").count == 24 + 1024)
    }

    private var year: Substring { CTime.now().description.suffix(4) }
}
