// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct ServerLifeTests {
    // B-SOCK-02, B-SOCK-08
    @Test func `bind gives the address that was asked for, and port 0 a real one`() throws {
        let socket = try Socket()
        try socket.bind(to: "127.0.0.1:0")
        let address = try socket.localAddress
        #expect(address.ip == .v4(.loopback))
        #expect(address.port.map { $0.rawValue > 0 } == true)
    }

    //
    @Test func `a port that somebody has is in use, and the error says who has it`() throws {
        let first = try Socket.listening(on: "127.0.0.1:0")
        let address = try first.localAddress
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: address) }
        #expect(error?.isAddressInUse == true)
        #expect(error?.holder?.process == ProcessInfo.processInfo.processIdentifier)
        #expect(error.map { "\($0)" }?.hasPrefix("listen \(address): address already in use (by ") == true)
    }

    // A-025, B-SOCF-04
    @Test func `with reuse of the port two listeners share it`() throws {
        let first = try Socket.listening(on: "127.0.0.1:0", reusesPort: true)
        let second = try Socket.listening(on: try first.localAddress, reusesPort: true)
        #expect(try second.localAddress == first.localAddress)
    }

    // A-023, B-SOCF-15
    @Test func `a name that does not exist is an error of its own`() {
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "no-such-host.invalid:80") }
        #expect(error?.isNameNotFound == true)
        #expect(error?.isAddressInUse == false)
    }

    //
    @Test func `a reserved port without rights is denied`() throws {
        // Root may: the answer of the kernel is forced instead (a foreign user is tried by the tool's tests).
        let error = withFaults(.failing(.bind, with: .permissionDenied)) {
            #expect(throws: SocketError.self) { _ = try Socket.listening(on: "127.0.0.1:80") }
        }
        #expect(error?.isPermissionDenied == true)
        #expect(error.map { "\($0)" } == "listen 127.0.0.1:80: permission denied")
    }

    //
    @Test func `listen makes an active socket passive`() throws {
        let socket = try Socket()
        #expect(try !socket[.isListening])
        try socket.bind(to: "127.0.0.1:0")
        try socket.listen(backlog: 1)
        #expect(try socket[.isListening])
    }

    // A-027, A2-01, A2-02, B-SOCK-03
    @Test(arguments: [0, 1, 3])
    func `a backlog of n admits n+1 clients that nobody accepted, and lets the next one wait`(backlog: Int) throws {
        let server = try Socket.listening(on: "127.0.0.1:0", backlog: backlog)
        let address = try server.localAddress
        let admitted = try (0...backlog).map { _ in
            SharedSocket(try Socket.connecting(to: address, within: .seconds(5)))
        }
        #expect(admitted.count == backlog + 1)
        let error = #expect(throws: SocketError.self) {
            _ = try Socket.connecting(to: address, within: .milliseconds(100))
        }
        #expect(error?.reason == .timedOut)
    }

    // A2-01
    @Test func `a negative backlog counts as none`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0", backlog: -5)
        _ = try Socket.connecting(to: try server.localAddress)
    }

    // A2-03, B-SOCK-01
    @Test func `accept gives each client a socket of its own that knows the client's address`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        var first: Socket? = try Socket.connecting(to: try server.localAddress)
        let second = try Socket.connecting(to: try server.localAddress)
        let firstServed = try server.accept()
        let secondServed = try server.accept()
        #expect(try firstServed.peer == first?.localAddress)
        #expect(try secondServed.peer == second.localAddress)
        #expect(firstServed.descriptor != secondServed.descriptor)
        first = nil
        #expect(try firstServed.receive(upTo: 1) == nil)
        try second.sendAll("still here".utf8)
        #expect(try secondServed.receive(upTo: 100) == Array("still here".utf8))
    }

    //
    @Test func `a client that does not bind gets a port of the ephemeral range`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let range = try Port.ephemeralRange
        #expect(try client.localAddress.port.map { range.contains($0) } == true)
    }

    //
    @Test func `closing the listener stops new clients and none of the old ones`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let address = try server.localAddress
        let client = try Socket.connecting(to: address)
        let served = try server.accept()
        try server.close()
        let error = #expect(throws: SocketError.self) { _ = try Socket.connecting(to: address) }
        #expect(error?.isConnectionRefused == true)
        try client.sendAll("x".utf8)
        #expect(try served.receive(upTo: 1) == [0x78])
    }

    //
    @Test func `every interface must be asked for by name and then answers by both families`() throws {
        let server = try Socket.listening(on: .public(0))
        let port = try #require(try server.localAddress.port)
        _ = try Socket.connecting(to: SocketAddress.ipv4(.loopback, port))
        let peer = try server.accept().peer
        #expect(peer?.ip.map { "\($0)".contains("127.0.0.1") } == true)
        if Socket.hasDualStack { _ = try Socket.connecting(to: SocketAddress.ipv6(.loopback, port, flowInfo: 0)) }
    }

    // B-SOCF-05, B-SOCF-04
    @Test func `a colon and a port alone are loopback`() throws {
        let server = try Socket.listening(on: ":0")
        #expect(try server.localAddress.ip == .v4(.loopback))
        #expect(Socket.hasDualStack)
    }

    //
    @Test func `listening without bind gets an ephemeral port`() throws {
        let server = try Socket()
        try server.listen()
        let port = try #require(try server.localAddress.port)
        #expect(port.rawValue > 0)
    }

    // W-2 of the plan: transient errors of accept concern one client
    @Test(arguments: [
        Errno.connectionAbort, .protocolError, .networkDown, .hostIsDown, .noRouteToHost, Errno(rawValue: ENONET),
    ])
    func `a connection that died while it waited is passed over`(error: Errno) throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let peer = try withFaults(.failing(.accept4, with: error, times: 2)) { try server.accept().peer }
        #expect(try peer == client.localAddress)
    }
}
