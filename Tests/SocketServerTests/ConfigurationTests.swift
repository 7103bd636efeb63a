// SPDX-License-Identifier: Apache-2.0
import Foundation
import SocketServer
import Sockets
import TestSupport
import Testing

private struct Idle: StreamRequestHandler { func handle(_ request: StreamRequest) throws {} }

/// What Python has as attributes of the class. B-SRV-03
@Suite(.blocking) struct ConfigurationTests {
    @Test(.enabled(if: Installed.has("ss"), "NOT tested: ss (iproute2) is not installed"))
    func `the queue is as long as was asked for`() throws {
        var configuration = ServerConfiguration()
        configuration.requestQueueSize = 5
        let server = try TCPServer(on: "127.0.0.4:0", configuration: configuration, handler: Idle.init)
        let columns = try Command.run(["ss", "-Hltn", "sport = :\(try #require(server.address.port))"])
            .split(separator: " ")
        #expect(columns.count > 3 && columns[2] == "5", "\(columns)")
        try server.close()
    }

    @Test func `the address family is as was asked for`() throws {
        var configuration = ServerConfiguration()
        configuration.addressFamily = .ipv6
        let server = try TCPServer(on: ":0", configuration: configuration, handler: Idle.init)
        #expect(server.address.family == .ipv6)
        #expect(server.socketKind == .stream)
        try server.close()
        let usual = try TCPServer(on: ":0", handler: Idle.init)
        #expect(usual.address.family == .ipv4)
        #expect(usual.address.ip?.isLoopback == true, "loopback unless it is written otherwise")
        try usual.close()
    }

    @Test func `a port is shared only if all say so`() throws {
        var configuration = ServerConfiguration()
        configuration.allowsReusePort = true
        let first = try TCPServer(on: "127.0.0.4:0", configuration: configuration, handler: Idle.init)
        let second = try TCPServer(on: first.address, configuration: configuration, handler: Idle.init)
        #expect(first.address == second.address)
        #expect(throws: SocketError.self) { _ = try TCPServer(on: first.address, handler: Idle.init) }
        try first.close()
        try second.close()
        let udp = try UDPServer(on: "udp://127.0.0.4:0", handler: Echoing.init)
        #expect { _ = try UDPServer(on: udp.address, handler: Echoing.init) } throws: {
            ($0 as? SocketError)?.isAddressInUse == true
        }
        try udp.close()
    }

    @Test func `without the reuse of addresses the option is off`() throws {
        var configuration = ServerConfiguration()
        for isAllowed in [true, false] {
            configuration.allowsReuseAddress = isAllowed
            let server = try TCPServer(on: "127.0.0.4:0", configuration: configuration, handler: Idle.init)
            #expect(try server.socket?.socket[.reuseAddress] == isAllowed)
            try server.close()
        }
    }

    @Test func `a server of the other family is refused`() throws {
        let directory = try TemporaryDirectory()
        #expect { _ = try TCPServer(on: "unix:\(directory.file("s"))", handler: Idle.init) } throws: {
            "\($0)".contains("this server has an IP address")
        }
        #expect { _ = try UnixStreamServer(on: "127.0.0.4:0", handler: Idle.init) } throws: {
            "\($0)".contains("this server has a UNIX path")
        }
    }

    // P23
    @Test func `a path that answers is never stolen, a stale one is taken over`() throws {
        let directory = try TemporaryDirectory()
        let endpoint = "unix:\(directory.file("s"))"
        let server = try UnixStreamServer(on: endpoint, handler: Idle.init)
        #expect { _ = try UnixStreamServer(on: endpoint, handler: Idle.init) } throws: {
            ($0 as? SocketError)?.isAddressInUse == true
        }
        try server.close()
        let stale = try Socket(.unix, .stream)
        try stale.bind(to: SocketAddress.unix(try UnixAddress(path: directory.file("s"))))
        try stale.close()
        let next = try onceFree { () throws(SocketError) in try UnixStreamServer(on: endpoint, handler: Idle.init) }
        #expect(try talk(to: next).shared.socket.peer == next.address)
        try next.close()
    }

    // Python: fileno, for one's own select loop.
    @Test func `a server can be selected, and handles one request when it is readable`() throws {
        let server = try UDPServer(on: "127.0.0.4:0", handler: Echoing.init)
        let client = try datagramClient(of: server)
        let selector = try KeyedSelector<Void>()
        try selector.register(server, for: .readable)
        #expect(try selector.select(timeout: .zero).isEmpty)
        try client.sendAll("hello".utf8)
        #expect(try selector.select(timeout: .seconds(20)).count == 1)
        #expect(try server.handleRequest(within: .zero))
        #expect(try client.receive(upTo: 100) == Array("hello".utf8))
        try server.close()
    }
}
