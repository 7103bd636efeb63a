// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// B-AIO-07: the same races over this machine's own network.
@Suite(.blocking) struct RacingTests {
    /// A listener whose queue is full: what knocks there gets no answer.
    private struct BlackHole {
        let address: SocketAddress
        private let listener: SharedSocket
        private let holder: SharedSocket

        init(_ place: String) throws {
            let listener = SharedSocket(try Socket.listening(on: place, backlog: 0))
            address = try listener.socket.localAddress
            holder = SharedSocket(try Socket.connecting(to: address, within: .seconds(5)))
            self.listener = listener
        }
    }

    /// How many sockets of this machine still knock at an address. They are not in the way of other tests: the address
    /// is this test's own.
    private func knocking(at address: SocketAddress) throws -> Int {
        guard case .ipv4(let ip, let port) = address else { return 0 }
        // The kernel prints the address as one number of this machine's byte order, and the port in the usual one.
        let digits = ip.bytes.reversed().map { String(format: "%02X", $0) }.joined()
        let target = "\(digits):\(String(format: "%04X", port.rawValue))"
        // To its end: the file says that it has no length.
        let bytes = try #require(try FileHandle(forReadingAtPath: "/proc/net/tcp")?.readToEnd())
        let table = String(decoding: bytes, as: UTF8.self)
        return table.split(separator: "\n").count { line in
            let fields = line.split(separator: " ")
            return fields.count > 3 && fields[2] == target && fields[3] == "02"
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a refused IPv6 address does not matter where IPv4 works`(mechanism: World.Mechanism) async throws {
        let server = try Socket.listening(on: "127.0.0.2:0")
        let address = try server.localAddress
        let port = try #require(address.port)
        let world = World.real(
            mechanism, names: FixedNames(addresses: [.ipv6(.loopback, port, flowInfo: 0), address]))
        let thread = try LoopThread(in: world)
        defer { thread.stop() }
        let peer = try await withConnection(to: "example.test:\(port)", on: thread.loop) { $0.peer }
        #expect(peer == address)
    }

    @Test(arguments: World.Mechanism.allCases)
    func `an address that does not answer loses to the next one, and is closed`(mechanism: World.Mechanism)
        async throws
    {
        let hole = try BlackHole("127.0.0.\(30 + mechanism.rawValue.count):0")
        defer { withExtendedLifetime(hole) {} }
        let server = try Socket.listening(on: "127.0.0.2:0")
        let addresses = [hole.address, try server.localAddress]
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        let start = ContinuousClock.now
        let connection = try await Connector(attemptDelay: .milliseconds(40)).connect(
            toFirstOf: addresses, on: thread.loop)
        #expect(connection.peer == addresses[1])
        #expect(ContinuousClock.now - start >= .milliseconds(39))
        #expect(try knocking(at: hole.address) == 0)
        let open = try await thread.loop.run { () throws(SocketError) in thread.loop.statistics.connections }
        #expect(open == 1)
        connection.close()
    }

    @Test func `when time is up, or the task is cancelled, nobody knocks any more`() async throws {
        let hole = try BlackHole("127.0.0.41:0")
        defer { withExtendedLifetime(hole) {} }
        let thread = try LoopThread()
        defer { thread.stop() }
        let (loop, address) = (thread.loop, hole.address)
        let connector = Connector(timeout: .milliseconds(60), attemptDelay: .milliseconds(10))
        let late = await reason { _ = try await connector.connect(toFirstOf: [address, address], on: loop) }
        #expect(late == .timedOut)
        // A program that another test starts at this moment has a copy of each descriptor, until it really starts.
        try await until { try knocking(at: address) == 0 }
        let task = Task { await reason { _ = try await Connector().connect(toFirstOf: [address, address], on: loop) } }
        try await until { try knocking(at: address) == 2 }
        task.cancel()
        #expect(await task.value == .cancelled)
        try await until { try knocking(at: address) == 0 }
        #expect(try await loop.run { () throws(SocketError) in loop.timers.count } == 0)
    }

    @Test func `the source address is what the peer sees`() async throws {
        let server = try Socket.listening(on: "127.0.0.2:0")
        let address = try server.localAddress
        let source = try SocketAddress("127.0.0.9:0")
        try await withConnection(to: address, from: source) { connection in
            #expect(connection.localAddress?.ip == source.ip)
        }
        #expect(try server.accept().peer?.ip == source.ip)
        let foreign = await reason {
            try await withConnection(to: address, from: try SocketAddress("192.0.2.77:0")) { _ in }
        }
        #expect(foreign == .system(.addressNotAvailable))
    }

    // B-AIO-01
    @Test func `a UNIX listener whose queue is full is waited for`() async throws {
        let directory = try TemporaryDirectory()
        let server = try Socket.listening(on: "unix:\(directory.file("s"))", backlog: 0)
        let address = try server.localAddress
        let first = SharedSocket(try Socket.connecting(to: address))
        #expect(
            await reason { try await withConnection(to: address, timeout: .milliseconds(20)) { _ in } } == .timedOut)
        let thread = try LoopThread()
        defer { thread.stop() }
        async let second = withConnection(to: address, on: thread.loop) { $0.peer }
        // The loop has been to its timer: it waits for room.
        try await until {
            try await thread.loop.run { () throws(SocketError) in thread.loop.statistics.firedTimers } > 2
        }
        _ = try server.accept()
        #expect(try await second == address)
        withExtendedLifetime(first) {}
    }
}
