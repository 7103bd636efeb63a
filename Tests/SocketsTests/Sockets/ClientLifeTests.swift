// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct ClientLifeTests {
    // A-016, A-040
    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a host may be a name or a number`(host: String) throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let port = try #require(try server.localAddress.port)
        let client = try Socket.connecting(to: "\(host):\(port)")
        #expect(try client.peerAddress == server.localAddress)
        #expect(try client.peer == server.localAddress)
    }

    // A-041, B-SOCF-15
    @Test func `refused, unreachable, unknown and timed out are four errors`() throws {
        let closed = try { () throws -> SocketAddress in try Socket.listening(on: "127.0.0.1:0").localAddress }()
        let refused = #expect(throws: SocketError.self) { _ = try Socket.connecting(to: closed) }
        #expect(refused?.isConnectionRefused == true)
        #expect(refused.map { "\($0)" } == "connect \(closed): connection refused")

        let unreachable = withFaults(.failing(.connect, with: .networkUnreachable)) {
            #expect(throws: SocketError.self) { _ = try Socket.connecting(to: closed) }
        }
        #expect(unreachable?.isUnreachable == true)

        let unknown = #expect(throws: SocketError.self) { _ = try Socket.connecting(to: "nobody.invalid:1") }
        #expect(unknown?.isNameNotFound == true)

        let full = try Socket.listening(on: "127.0.0.1:0", backlog: 0)
        let holder = SharedSocket(try Socket.connecting(to: try full.localAddress, within: .seconds(5)))
        let late = #expect(throws: SocketError.self) {
            _ = try Socket.connecting(to: try full.localAddress, within: .milliseconds(50))
        }
        #expect(late?.reason == .timedOut)
        withExtendedLifetime(holder) {}
    }

    // A-041, B-SOCF-03
    @Test func `every address of a name is tried, and every failure is told`() throws {
        let closed = try { () throws -> SocketAddress in try Socket.listening(on: "127.0.0.1:0").localAddress }()
        let port = try #require(closed.port)
        let error = #expect(throws: SocketError.self) { _ = try Socket.connecting(to: ":\(port)") }
        #expect(error?.attempts.map(\.address) == [closed, .ipv6(.loopback, port, flowInfo: 0)])
        #expect(error?.isConnectionRefused == true)
        let text = error.map { "\($0)" } ?? ""
        #expect(text.hasPrefix("connect :\(port): connection refused (tried 127.0.0.1:\(port) after "))
        #expect(text.contains("[::1]:\(port) after "))
    }

    // A-043, B-SOCF-03
    @Test func `a client may bind before it connects`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        var client = try Socket()
        try client.bind(to: "127.0.0.1:0")
        let own = try client.localAddress
        try client.connect(to: try server.localAddress)
        #expect(try server.accept().peer == own)
    }

    // A-044
    @Test func `a TCP socket must connect before it talks`() throws {
        let socket = try Socket()
        let send = #expect(throws: SocketError.self) { _ = try socket.send("x".utf8) }
        #expect(send?.isNotConnected == true)
        let receive = #expect(throws: SocketError.self) { _ = try socket.receive(upTo: 1) }
        #expect(receive?.isNotConnected == true)
    }

    // B-SOCK-02
    @Test func `connect also comes as a result`() throws {
        let closed = try { () throws -> SocketAddress in try Socket.listening(on: "127.0.0.1:0").localAddress }()
        var socket = try Socket()
        guard case .failure(let error) = socket.connectResult(to: closed) else {
            Issue.record("connected to a port that nobody has")
            return
        }
        #expect(error.isConnectionRefused)
    }

    // B-SOCK-10
    @Test func `an interrupted connect is waited for, not made again`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let plan = FaultPlan.failing(.connect, with: .interrupted, times: 1)
        // The fault stands in for the call, so nothing is under way: the wait must neither hang nor claim success, and
        // connect must not have been called twice.
        let error = withFaults(plan) {
            #expect(throws: SocketError.self) {
                _ = try Socket.connecting(to: try server.localAddress, within: .milliseconds(50))
            }
        }
        #expect(error?.isNotConnected == true)
        #expect(plan.count(of: .connect) == 1)
    }

    // A-041
    @Test func `a UNIX listener whose queue is full lets a client wait for its time limit`() throws {
        let directory = try TemporaryDirectory()
        let server = try Socket.listening(on: "unix:\(directory.file("full"))", backlog: 0)
        let address = try server.localAddress
        let first = try Socket.connecting(to: address)
        let error = #expect(throws: SocketError.self) {
            _ = try Socket.connecting(to: address, within: .milliseconds(50))
        }
        #expect(error?.reason == .timedOut)
        let later = BlockingThread { SharedSocket(try Socket.connecting(to: address, within: .seconds(10))) }
        _ = try server.accept()
        #expect(try later.join().socket.peer == address)
        withExtendedLifetime(first.descriptor) {}
    }

    // A-047
    @Test(arguments: ["127.0.0.1:99999", "127.0.0.1:abc", "127.0.0.1", "", "[::1:80", "tcp://", "x y:80"])
    func `an endpoint that makes no sense is quoted back`(text: String) throws {
        let error = #expect(throws: SocketError.self) { _ = try Socket.connecting(to: text) }
        guard case .address(let address) = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(address.text == text)
    }

    @Test(arguments: ["https://localhost/", "exec:cat", "-", "fd:0", "systemd:web", "tls://localhost:1"])
    func `an endpoint that is more than a socket is refused`(text: String) throws {
        let error = #expect(throws: SocketError.self) { _ = try Socket.connecting(to: text) }
        guard case .invalid = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // B-SEL-08, law 10: nothing of an interrupted UNIX connect goes on by itself
    @Test func `an interrupted connect to a UNIX listener is made again`() throws {
        let directory = try TemporaryDirectory()
        let server = try Socket.listening(on: "unix:\(directory.file("s"))")
        let address = try server.localAddress
        let plan = FaultPlan.failing(.connect, with: .interrupted, times: 2)
        try withFaults(plan) { try Socket.connecting(to: address).sendAll("x".utf8) }
        #expect(try server.accept().receive(upTo: 1) == [0x78])
        #expect(plan.count(of: .connect) == 3)
    }

    // B-SOCK-10
    @Test func `a connect that would wait is asked about by connecting again`() throws {
        let full = try Socket.listening(on: "127.0.0.1:0", backlog: 0)
        let first = try Socket.connecting(to: try full.localAddress)
        var waiting = try Socket()
        try waiting.setTimeLimit(.zero)
        for _ in 0..<2 {
            let error = #expect(throws: SocketError.self) { try waiting.connect(to: try full.localAddress) }
            #expect(error?.reason == .wouldBlock)
        }
        let server = try Socket.listening(on: "127.0.0.1:0")
        var client = try Socket()
        try client.setTimeLimit(.zero)
        let error = #expect(throws: SocketError.self) { try client.connect(to: try server.localAddress) }
        #expect(error?.reason == .wouldBlock)
        _ = try select(readable: [FileDescriptor](), writable: [client.descriptor], timeout: .seconds(10))
        try client.connect(to: try server.localAddress)
        #expect(try client.peer == server.localAddress)
        withExtendedLifetime(first.descriptor) {}
    }
}
