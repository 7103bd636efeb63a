// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Seed 003's last section: a server where clients log in and tell their ports, and messages that it passes on.
@Suite(.blocking) struct RelayExampleTests {
    private let programs = Programs()

    // A-103, A-104
    @Test func `three clients on one machine, two of one user, talk to each other`() throws {
        let server = try programs.ours("relay-server", "127.0.0.1:0")
        let address = try server.address(after: "listening on ")
        let ann = try programs.ours("relay-client", "ann", "\(address)")
        let bobs = try (0..<2).map { _ in try programs.ours("relay-client", "bob", "\(address)") }
        for client in [ann] + bobs { try client.line(containing: "logged in as ") }
        try ann.write("bob hello\n")
        #expect(try ann.line(containing: "sent to") == "sent to bob directly")
        for bob in bobs { #expect(try bob.line(containing: "says") == "ann says: hello") }
        try bobs[0].write("ann 你好\n")
        #expect(try ann.line(containing: "says") == "bob says: 你好")
        try ann.write("eve hello\nnonsense\n")
        #expect(try ann.line(containing: "eve") == "eve is not there")
        try ann.line(containing: "a name, a blank and the text")
        try ann.write("eve \(String(repeating: "x", count: 5000))\n")
        try ann.line(containing: "not sent: a text is one line of ")
        try ann.write("exit\n")
        #expect(try ann.exit() == .status(0))
        server.kill()
        for bob in bobs {
            #expect(try bob.exit() == .status(1))
            #expect(bob.errors.contains("the relay is gone"))
        }
    }

    // A-103: with the protocol by hand, as any other program might speak it.
    @Test(.telnet) func `the server passes on what a client that is not ours says`() throws {
        let server = try programs.ours("relay-server", "127.0.0.1:0")
        let address = try server.address(after: "listening on ")
        let ann = try programs.ours("relay-client", "ann", "\(address)")
        try ann.line(containing: "logged in as ")
        let telnet = try programs.telnet(to: address)
        try telnet.write("LOGIN bob 0\n")
        try telnet.line(containing: "WELCOME ")
        try telnet.write("TO ann 1 by hand\n")
        try telnet.line(containing: "SENT 1 1")
        #expect(try ann.line(containing: "says") == "bob says, by the server: by hand")
        try ann.write("bob by program\n")
        #expect(try telnet.line(containing: "FROM ann").hasSuffix(" by program"))
        #expect(try ann.line(containing: "sent to") == "sent to 1 clients of bob by the server")
    }
}
