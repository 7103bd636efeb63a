// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// Seed 003's programs on TCP, but for the download pair.
@Suite(.blocking) struct QueueTests {
    private let programs = Programs()

    //
    @Test(arguments: Author.pairs)
    func `one message, one answer, the end`(server: Author, client: Author) throws {
        let (server, address) = try programs.server(server, "tcp-reply-once")
        let client = try programs.client(client, "tcp-send", of: address)
        try client.text(upTo: "Please enter the message you want to send:")
        try server.line(containing: "The client address of the link is:")
        try client.write("good morning\n")
        #expect(try client.exit() == .status(0))
        try server.line(containing: "good morning")
        #expect(try server.exit() == .status(0))
    }

    //
    @Test func `on a connection receiveFrom tells no sender`() throws {
        let (server, address) = try programs.server(.us, "tcp-reply-once")
        let client = try Socket.patient(to: address)
        try client.sendAll("hello".utf8)
        #expect(try server.line(containing: "hello") == "\"hello\" (no sender told)")
        #expect(try client.receive(upTo: 100) == Array("hahahah".utf8))
        #expect(try client.receive(upTo: 100) == nil)
    }

    //
    @Test(.telnet) func `the bank's counter answers once and takes the next in line`() throws {
        let (server, address) = try programs.server(.us, "bank-queue-server")
        let customers = try (0..<3).map { _ in try programs.telnet(to: address) }
        for (number, customer) in customers.enumerated() {
            try customer.write("customer \(number)\n")
            try customer.text(upTo: "hahahah")
            try customer.exit()
            try server.line(containing: "customer \(number)")
        }
    }

    // the seed's loop never ended, since the pair that recvfrom returns is never false.
    @Test func `one customer is served until it leaves, then the next`() throws {
        let (server, address) = try programs.server(.us, "serve-many-server")
        for customer in 0..<2 {
            let client = SocketFile(try Socket.patient(to: address))
            for request in 0..<3 {
                try client.write("\(customer)/\(request)")
                try client.flush()
                #expect(try client.read(exactly: 7) == Array("hahahah".utf8))
                try server.line(containing: "\"\(customer)/\(request)\"")
            }
            try client.finishWriting()
            try server.line(containing: "disconnected")
        }
    }

    //
    @Test(.telnet) func `telnet is served until it is closed`() throws {
        let (server, address) = try programs.server(.us, "serve-many-server")
        let telnet = try programs.telnet(to: address)
        for request in ["one", "two"] {
            try telnet.write("\(request)\n")
            try telnet.text(upTo: "hahahah")
        }
        telnet.kill()
        try server.line(containing: "disconnected")
    }

    //
    @Test(arguments: ["once", "many"])
    func `our client is served by the seed's servers`(kind: String) throws {
        let server = try programs.original("queue_server", "0", kind)
        let address = try server.address(after: "listening on ")
        for text in ["one", "two"] {
            let client = try programs.client(.us, "tcp-send", of: address)
            try client.write("\(text)\n")
            #expect(try client.exit() == .status(0))
            try server.line(containing: text)
        }
    }

    @Test(arguments: ["bank-queue-server", "serve-many-server"])
    func `the seed's client is served by ours`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        for text in ["one", "two"] {
            let client = try programs.client(.seed, "tcp-send", of: address)
            try client.write("\(text)\n")
            #expect(try client.exit() == .status(0))
            try server.line(containing: "\"\(text)\"")
        }
    }

    //
    @Test(arguments: ["bank-queue-server", "serve-many-server"])
    func `a reset or bytes that are no text harm nobody but their sender`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        let resetting = try Socket.patient(to: address)
        try server.line(containing: "client address")
        try resetting.reset()
        try server.line(containing: "disconnected: receive")
        let babbling = try Socket.patient(to: address)
        try babbling.sendAll([0xFF, 0xC3, 0x28, 0x00, 0x80])
        #expect(try babbling.receive(upTo: 7) == Array("hahahah".utf8))
        try babbling.close()
        let next = try Socket.patient(to: address)
        try next.sendAll("next".utf8)
        #expect(try next.receive(upTo: 7) == Array("hahahah".utf8))
    }
}
