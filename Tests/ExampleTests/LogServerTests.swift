// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// Seed 004: the small pair, and the servers with `select` and `poll`.
@Suite(.blocking) struct LogServerTests {
    private let programs = Programs()

    // A-074, A2-10
    @Test(arguments: Author.pairs)
    func `each client is thanked`(server: Author, client: Author) throws {
        let (server, address) = try programs.server(server, "greeting-server")
        for _ in 0..<2 {
            let client = try programs.client(client, "greeting-client", of: address)
            try client.line(containing: "Thank for connecting")
            #expect(try client.exit() == .status(0))
            try server.line(containing: "Got connection from")
        }
    }

    //
    @Test(.telnet) func `telnet is thanked and hung up on`() throws {
        let (_, address) = try programs.server(.us, "greeting-server")
        let telnet = try programs.telnet(to: address)
        try telnet.text(upTo: "Thank for connecting")
        try telnet.exit()
    }

    // P10
    @Test(arguments: servers)
    func `without a descriptor for one more client the others are served, and it waits`(name: String) throws {
        // Descriptors 0 to 2, a pair for ctrl-C, the listener: room for eight clients at most. Six more can wait.
        let server = try programs.limited(name, to: 14)
        let address = try server.address(after: "listening on ")
        var clients: [SharedSocket] = []
        for number in 0..<10 {
            let client = try Socket.patient(to: address)
            try client.sendAll("client \(number)".utf8)
            clients.append(SharedSocket(client))
        }
        try server.line(containing: "client 0")
        try clients[0].socket.sendAll("once more".utf8)
        try server.line(containing: "once more")
        #expect(!server.output.contains("client 9"))
        clients.removeFirst(9)
        try server.line(containing: "client 9")
    }

    static let servers = ["select-log-server", "poll-log-server"]
    static let everyServer =
        Author.allCases.flatMap { author in servers.map { (author, $0) } } + [(.us, "async-log-server")]

    // A2-11
    @Test(.telnet, arguments: everyServer)
    func `several telnets are served at once`(author: Author, name: String) throws {
        try programs.expectSeveralTelnetsServed(by: author, name)
    }

    //
    @Test(arguments: everyServer)
    func `who leaves is named, and the others stay`(author: Author, name: String) throws {
        try programs.expectDepartureNamed(by: author, name)
    }

    // A-149, A2-13, A-072: after a reset the system knows no peer, so its address must have been remembered.
    @Test(arguments: everyServer)
    func `a reset counts as a disconnection, with the name that the client had`(author: Author, name: String) throws {
        try programs.expectResetNamed(by: author, name)
    }

    //
    @Test(arguments: servers + ["async-log-server"])
    func `half a line keeps nobody waiting`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        let slow = try Socket.patient(to: address)
        let quick = try Socket.patient(to: address)
        try slow.sendAll("half".utf8)
        try server.line(containing: "\"half\"")
        try quick.sendAll("whole\n".utf8)
        try server.line(containing: "\"whole\\n\"")
        try slow.sendAll(" a line\n".utf8)
        try server.line(containing: "\" a line\\n\"")
    }

    //
    @Test(arguments: servers + ["async-log-server"])
    func `random bytes are logged on one line and harm nobody`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        var generator = SeededGenerator(seed: 67)
        for round in 0..<20 {
            let bytes = (0..<200).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let client = try Socket.patient(to: address)
            try client.sendAll(bytes + Array("end \(round)".utf8))
            let line = try server.line(containing: "end \(round)\"")
            #expect(!line.utf8.contains { $0 < 0x20 }, "nothing that a terminal would obey")
        }
    }

    // A2-02: how many clients there may be is a number of its own, and no backlog.
    @Test(arguments: servers + ["async-log-server"])
    func `a full house lets the next client wait until one leaves`(name: String) throws {
        let server = try programs.ours(name, "127.0.0.1:0", "2")
        let address = try server.address(after: "listening on ")
        let first = try Socket.patient(to: address)
        let second = try Socket.patient(to: address)
        for _ in 0..<2 { try server.line(containing: "Got connection from") }
        let third = try Socket.patient(to: address)
        try third.sendAll("third".utf8)
        try second.sendAll("second".utf8)
        try server.line(containing: "second")
        #expect(!server.output.contains("third"))
        try first.close()
        try server.line(containing: "disconnected")
        try server.line(containing: "Got connection from \(third.localAddress)")
        try server.line(containing: "third")
    }

    // A2-12: the seed's server asks whether it could write to a client, which it always can, and spins.
    @Test func `a poll server whose clients say nothing sleeps`() throws {
        let (server, address) = try programs.server(.us, "poll-log-server")
        let clients = try (0..<3).map { _ in SharedSocket(try Socket.patient(to: address)) }
        for client in clients { try server.line(containing: "\(client.socket.localAddress)") }
        // Asleep once it has nothing to do, and whenever one looks; who spins is always running.
        try wait { try server.status("State").hasPrefix("S") }
        for _ in 0..<500 { #expect(try server.status("State").hasPrefix("S")) }
        try clients[0].socket.sendAll("one".utf8)
        try server.line(containing: "one")
    }
}
