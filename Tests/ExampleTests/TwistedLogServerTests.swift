// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Seed 004: the log servers with Twisted, beside those with `select` and `poll`.
@Suite(.blocking, .enabled(if: Twisted.python != nil, Comment(rawValue: Twisted.absence)))
struct TwistedLogServerTests {
    private let programs = Programs()

    static let servers = ["twisted-log-server", "line-log-server"]
    static let everyServer = Author.allCases.flatMap { author in servers.map { (author, $0) } }

    //
    @Test(.telnet, arguments: everyServer)
    func `several telnets are served at once`(author: Author, name: String) throws {
        try programs.expectSeveralTelnetsServed(by: author, name)
    }

    //
    @Test(arguments: everyServer)
    func `who leaves is named, and the others stay`(author: Author, name: String) throws {
        try programs.expectDepartureNamed(by: author, name, end: "\r\n")
    }

    //
    @Test(arguments: everyServer)
    func `a reset counts as a disconnection`(author: Author, name: String) throws {
        try programs.expectResetNamed(by: author, name, end: "\r\n")
    }

    // what telnet sends character by character
    @Test(arguments: Author.allCases)
    func `lines come whole, whatever the pieces`(author: Author) throws {
        let (server, address) = try programs.server(author, "line-log-server")
        let client = try Socket.patient(to: address)
        for byte in "piece by piece\r\n".utf8 { try client.sendAll([byte]) }
        let line = try server.line(containing: "piece by piece")
        #expect(line.hasSuffix(author == .us ? ": \"piece by piece\"" : "piece by piece'"))
    }

    // one output
    @Test func `the servers with select, with poll, with callbacks, by lines and with async write the same`() throws {
        let names = ["select-log-server", "poll-log-server", "twisted-log-server", "async-log-server"]
        let outputs = try (names + ["line-log-server"]).map { name in
            let (server, address) = try programs.server(.us, name)
            let client = try Socket.patient(to: address)
            let own = "\(try client.localAddress)"
            for word in ["one", "two\r\n", "th\u{1B}ree"] {
                try client.sendAll(word.utf8)
                if name != "line-log-server" { try server.line(containing: "\"\(word.prefix(2))") }
            }
            try client.close()
            try server.line(containing: "disconnected")
            server.send(signal: SIGINT)
            #expect(try server.exit() == .status(0))
            return server.output.replacing(own, with: "CLIENT").replacing("\(address)", with: "SERVER")
        }
        #expect(outputs[0].contains("CLIENT: \"two\\r\\n\""))
        #expect(outputs[1..<4].allSatisfy { $0 == outputs[0] }, "\(outputs)")
        // By lines there are lines, and nothing of what was not ended.
        let lines = "CLIENT: \"onetwo\"\n"
        #expect(outputs[4] == outputs[0].replacing(/CLIENT: "one"\nCLIENT: "two\\r\\n"\nCLIENT: ".*"\n/, with: lines))
    }
}
