// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Seed 004: the servers with SocketServer.
@Suite(.blocking) struct SocketServerExampleTests {
    private let programs = Programs()

    private static let names = ["tcpserver-greeting", "forking-server", "threading-server"]

    // either side from either hand.
    @Test(arguments: Author.pairs, names)
    func `each client is thanked, and closed`(pair: (server: Author, client: Author), name: String) throws {
        let (server, address) = try programs.server(pair.server, name)
        for _ in 0..<3 {
            let client = try programs.client(pair.client, "greeting-client", of: address)
            try client.line(containing: "Thank for connecting")
            #expect(try client.exit() == .status(0))
            try server.line(containing: "Got connection from")
        }
    }

    // a client that stays costs the others nothing, but where there is one handler at a time.
    @Test(arguments: names.dropFirst())
    func `many clients at a time are thanked`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        let clients = try (0..<20).map { _ in SocketFile(try Socket.patient(to: address)) }
        for client in clients.reversed() {
            let words = try client.readToEnd(maximumLength: 1000)
            #expect(words == Array("Thank for connecting".utf8))
        }
        for _ in clients { try server.line(containing: "Got connection from") }
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(0))
        #expect(server.output.hasSuffix("closed\n"))
    }

    //
    @Test(arguments: names, [SIGINT, SIGTERM])
    func `a signal ends the server, and its port is free`(name: String, signal: CInt) throws {
        let (server, address) = try programs.server(.us, name)
        server.send(signal: signal)
        #expect(try server.exit() == .status(0))
        #expect(server.output.hasSuffix("closed\n"))
        _ = try Socket.listening(on: address)
    }

    //
    @Test(.telnet, arguments: names)
    func `a reset harms nobody but its sender, and telnet is served`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        for _ in 0..<5 { try Socket.patient(to: address).reset() }
        for _ in 0..<5 { try server.line(containing: "Got connection from") }
        let telnet = try programs.telnet(to: address)
        try telnet.text(upTo: "Thank for connecting")
        try telnet.exit()
    }

    //
    @Test(arguments: names)
    func `the help shows the seed's port`(name: String) throws {
        let program = try programs.ours(name, "--help")
        #expect(try program.exit() == .status(0))
        #expect(program.output.contains("ADDRESS is 127.0.0.1:1234 if it is not given"))
    }
}
