// SPDX-License-Identifier: Apache-2.0
import Foundation
import SocketServer
import Sockets
import TestSupport
import Testing

/// Other people's clients against our servers, and our clients against Python's.
@Suite(.blocking) struct InteropTests {
    private static func script(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers/\(name).py").path
    }

    /// An address as scripts take it.
    private func text(_ address: SocketAddress) -> String {
        let text = "\(address)"
        return text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
    }

    // B-SRV-07
    @Test(arguments: Combination.all)
    func `Python's clients are served`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination)
            let words = [Self.script("client"), combination.transport.rawValue, text(server.address)]
            let answers = try Command.run(
                [Python.executable] + words + [server.clientPath("python"), "hello", "again"])
            #expect(answers == "HELLO\nAGAIN\n")
        }
    }

    //
    @Test(.enabled(if: Installed.has("ncat"), "NOT tested: ncat is not installed"), arguments: Combination.all)
    func `ncat is served`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination)
            var words = ["-w", "20"]
            switch combination.transport {
            case .tcp: words += ["127.0.0.4", "\(server.address.port ?? 0)"]
            case .udp: words += ["-u", "127.0.0.4", "\(server.address.port ?? 0)"]
            case .unix: words += ["-U", text(server.address)]
            case .unixDatagram: words += ["-U", "-u", "-s", server.clientPath("ncat"), text(server.address)]
            }
            let ncat = try ForeignProgram("ncat", words)
            try ncat.write("hello\n")
            try ncat.line(containing: "HELLO")
            try ncat.write("again\n")
            try ncat.line(containing: "AGAIN")
        }
    }

    // our client in the other role.
    @Test(arguments: TransportKind.allCases, [PolicyKind.sequential, .threads, .processes])
    func `Python's servers serve our clients`(_ transport: TransportKind, _ policy: PolicyKind) async throws {
        // Python has no forking UNIX servers before 3.12 by name, but the mix-in composes all the same.
        try await places.take {
            let directory = try TemporaryDirectory()
            let python = try ForeignProgram(
                Python.executable,
                [Self.script("socketserver_all"), transport.rawValue, policy.rawValue, directory.file("s")])
            let address = try SocketAddress(try python.line(containing: "listening on ").dropFirst(13))
            if transport.isStream {
                for word in ["hello", "again"] {
                    var socket = try Socket.connecting(to: address)
                    try socket.setTimeLimit(.seconds(20))
                    let client = SocketFile(socket)
                    #expect(try client.ask(word) == word.uppercased())
                    let process = try client.ask("pid")
                    #expect((process == "\(python.processIdentifier)") == (policy != .processes))
                    try client.finishWriting()
                    #expect(try client.readLine() == nil)
                }
            } else {
                var client = try Socket(address.family, .datagram)
                if transport == .unixDatagram {
                    try client.bind(to: SocketAddress.unix(try UnixAddress(path: directory.file("c"))))
                }
                try client.connect(to: address)
                try client.setTimeLimit(.seconds(20))
                #expect(try client.ask("hello") == "HELLO")
                #expect(try client.ask("again") == "AGAIN")
            }
        }
    }
}
