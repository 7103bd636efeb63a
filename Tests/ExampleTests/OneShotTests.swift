// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Seed 002.
@Suite(.blocking) struct OneShotTests {
    private let programs = Programs()

    //
    @Test(arguments: Author.pairs)
    func `one exchange, then both end`(server: Author, client: Author) throws {
        let (server, address) = try programs.server(server, "one-shot-server")
        try server.line(containing: "start server")
        try server.line(containing: "Waiting for a client now!")
        let client = try programs.client(client, "one-shot-client", of: address)
        #expect(try client.exit() == .status(0))
        #expect(try server.exit() == .status(0))
        #expect(client.output.hasPrefix("Start the client at "))
        #expect(client.output.contains("some reply"))
        #expect(client.output.contains("Are you want to talk to Me"))
        #expect(server.output.contains("Hey~~~"))
    }

    //
    @Test func `the start and each message are stamped with the time`() throws {
        let start = CTime.now().secondsSinceEpoch
        let (server, address) = try programs.server(.us, "one-shot-server")
        let client = try programs.client(.us, "one-shot-client", of: address)
        try client.exit()
        try server.exit()
        let stamps = (start...CTime.now().secondsSinceEpoch).map { "\(CTime(secondsSinceEpoch: $0))" }
        for (output, before) in [(server.output, "start server "), (server.output, "AT "), (client.output, "AT ")] {
            let line = try #require(output.split(separator: "\n").first { $0.hasPrefix(before) })
            #expect(stamps.contains { line.hasPrefix(before + $0) }, "\(line)")
        }
    }

    // what the seed printed as an object shows both addresses.
    @Test func `the server describes the client's socket`() throws {
        let (server, address) = try programs.server(.us, "one-shot-server")
        let client = try Socket.patient(to: address)
        let own = try client.localAddress
        try client.sendAll("Hey~~~".utf8)
        let line = try server.line(containing: "Said")
        #expect(line.contains("ipv4 stream tcp, \(address) to \(own) Said \"Hey~~~\""), "\(line)")
    }

    // an end is an end, and no message.
    @Test func `a client that leaves without a word ends the wait`() throws {
        let (server, address) = try programs.server(.us, "one-shot-server")
        try Socket.patient(to: address).close()
        try server.line(containing: "left without a word")
        #expect(try server.exit() == .status(0))
    }

    @Test(.telnet) func `telnet is a client as well`() throws {
        let (server, address) = try programs.server(.us, "one-shot-server")
        let telnet = try programs.telnet(to: address)
        try telnet.write("Hey\n")
        try telnet.text(upTo: "Are you want to talk to Me")
        #expect(try server.line(containing: "Said").hasSuffix("Said \"Hey\\r\\n\""))
    }

    // A-052, A2-08
    @Test func `what a send leaves over is sent again, in order and once`() throws {
        let listener = try Socket.patientListener()
        try listener.set(.receiveBuffer, to: 4096)
        let (text, times) = (String(repeating: "0123456789", count: 100), 10_000)
        let sender = try programs.ours("send-loop", "\(listener.localAddress)", text, "\(times)")
        let received = try SocketFile(try listener.accept()).readToEnd(maximumLength: 1000 * times)
        // As a Bool: of millions of bytes that differ nobody wants to see the difference.
        let isTheSame = received == Array(String(repeating: text, count: times).utf8)
        #expect(isTheSame)
        let words = try sender.line(containing: "sends").split(separator: " ")
        #expect(words.prefix(3) == ["sent", "\(1000 * times)", "bytes"])
        #expect(try #require(Int(words[4])) > 1, "every send took everything: nothing was left to send again")
        #expect(try sender.exit() == .status(0))
    }

    @Test func `a send loop whose peer leaves ends with an error`() throws {
        let listener = try Socket.patientListener()
        let sender = try programs.ours("send-loop", "\(listener.localAddress)", "0123456789", "1000000")
        try listener.accept().reset()
        #expect(try sender.exit() == .status(1))
        #expect(sender.errors.hasPrefix("send-loop: send 127.0.0.1:"))
    }
}
