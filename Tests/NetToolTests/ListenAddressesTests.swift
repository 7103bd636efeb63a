// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

@testable import NetTool

@Suite(.blocking) struct ListenAddressesTests {
    @Test func `a bare port is this machine only, by every family that it has`() throws {
        let addresses = try ListenAddresses([":4000"], isPublic: false).addresses
        #expect(addresses.first.map { "\($0)" } == "127.0.0.1:4000")
        #expect(addresses.allSatisfy { $0.ip?.isLoopback == true })
    }

    @Test func `where the system picks the port it is one family's, and the help says so`() throws {
        #expect(try ListenAddresses([":0"], isPublic: false).addresses.map(\.family) == [.ipv4])
        for verb in ["listen", "relay"] {
            let words = ToolRun("help", verb).output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("With port 0 the system picks one, and :0 is of IPv4 alone."))
        }
    }

    @Test func `--public is every interface, and about bare ports alone`() throws {
        let addresses = try ListenAddresses([":4000", "unix:/tmp/s"], isPublic: true).addresses
        #expect(addresses.count == 2 && addresses[0].ip?.isUnspecified == true && addresses[1].ip == nil)
        let failure = try #require(throws: ToolFailure.self) {
            _ = try ListenAddresses(["127.0.0.1:4000"], isPublic: true)
        }
        #expect(failure.status == .usage)
    }

    @Test func `the addresses that others can use are those of the interfaces`() throws {
        let everywhere = SocketAddress(.v4(.any), 4000)
        let found = ListenAddresses.reachable(everywhere, on: .example)
        #expect(found.map { "\($0)" } == ["192.168.1.20:4000"])
        #expect(ListenAddresses.reachable(.loopback(4000), on: .example) == [])
    }

    @Test func `what a socket says becomes one of the exit codes`() {
        let cases: [(SocketError, Int32)] = [
            (SocketError(.connect, .system(.connectionRefused)), 69),
            (SocketError(.listen, .system(.permissionDenied)), 77),
            (SocketError(.open, .system(.tooManyOpenFiles)), 75),
            (SocketError(.connect, .timedOut), 75),
            (SocketError(.receive, .broken(.connectionReset)), 74),
            (SocketError(.receive, .cancelled), 130),
        ]
        for (error, status) in cases { #expect(ToolFailure(error).status.rawValue == status, "\(error)") }
    }
}
