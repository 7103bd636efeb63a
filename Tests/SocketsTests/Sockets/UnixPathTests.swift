// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct UnixPathTests {
    // A-006
    @Test func `the path appears with the listener and goes with it`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        do {
            let server = try Socket.listening(on: "unix:\(path)")
            #expect(try server.localAddress == .unix(UnixAddress(path: path)))
            #expect(FileManager.default.fileExists(atPath: path))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    // B-SOCA-03
    @Test func `an abstract name leaves nothing in the file system`() throws {
        let name = "netwright-\(UUID().uuidString)"
        let server = try Socket.listening(on: "unix:@\(name)")
        let client = try Socket.connecting(to: "unix:@\(name)")
        try client.sendAll("x".utf8)
        #expect(try server.accept().receive(upTo: 1) == [0x78])
        #expect(try server.localAddress == .unix(UnixAddress(abstract: name)))
    }

    // B-SOCA-03
    @Test func `a path that is too long is an error before any call`() {
        let error = #expect(throws: SocketError.self) {
            _ = try Socket.listening(on: "unix:/\(String(repeating: "x", count: 200))")
        }
        guard case .address = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // P23: a live path is never stolen
    @Test func `P23: a path that answers is in use`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try Socket.listening(on: "unix:\(path)")
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "unix:\(path)") }
        #expect(error?.isAddressInUse == true)
        let client = try Socket.connecting(to: "unix:\(path)")
        try client.sendAll("x".utf8)
        #expect(try server.accept().receive(upTo: 1) == [0x78])
    }

    // P23
    @Test func `P23: a stale path is taken over`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        try makeStale(path)
        let server = try Socket.listening(on: "unix:\(path)")
        #expect(try server.localAddress == .unix(UnixAddress(path: path)))
        let client = try Socket.connecting(to: "unix:\(path)")
        _ = try server.accept()
        #expect(try client.peerAddress == server.localAddress)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["s"])
    }

    // P23: a server that took a path over is known by it, to itself and to its clients
    @Test func `P23: a path that was taken over is the listener's name`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        try makeStale(path)
        let server = try Socket.listening(on: "unix:\(path)")
        #expect(try server.localAddress == .unix(UnixAddress(path: path)))
        let client = try Socket.connecting(to: try server.localAddress)
        #expect(try client.peerAddress == .unix(UnixAddress(path: path)))
    }

    // P23, B-SOCA-03
    @Test func `P23: a stale path of the greatest length is taken over`() throws {
        let directory = try TemporaryDirectory()
        // A long directory and a short name: nothing but the name itself fits there.
        let folder = directory.file(String(repeating: "d", count: 107 - directory.path.utf8.count - "//s".utf8.count))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let path = folder + "/s"
        #expect(path.utf8.count == UnixAddress.maximumLength)
        try makeStale(path)
        let server = try Socket.listening(on: "unix:\(path)")
        _ = try Socket.connecting(to: "unix:\(path)")
        _ = try server.accept()
    }

    // Law 10: EINTR never shows. A UNIX connect that a signal breaks off has not begun, unlike one of TCP.
    @Test(arguments: [nil, Duration.seconds(20)])
    func `a signal during a connect to a path is never seen`(limit: Duration?) throws {
        let directory = try TemporaryDirectory()
        let server = try Socket.listening(on: "unix:\(directory.file("s"))")
        let address = try server.localAddress
        var client = try Socket(.unix, .stream)
        try client.setTimeLimit(limit)
        // With a limit the first attempt finds the queue full, and those that wait for room are broken off.
        let plan = FaultPlan { call, ordinal in
            call == .connect && ordinal < 3 ? .fail(limit != nil && ordinal == 0 ? .wouldBlock : .interrupted) : nil
        }
        try withFaults(plan) { try client.connect(to: address) }
        #expect(plan.count(of: .connect) == 4)
        #expect(client.timeLimit == limit)
        try client.sendAll("x".utf8)
        #expect(try server.accept().receive(upTo: 1) == [0x78])
    }

    // P23
    @Test func `P23: what is no socket is left alone`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("precious")
        #expect(FileManager.default.createFile(atPath: path, contents: Data("keep".utf8)))
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "unix:\(path)") }
        #expect(error?.isAddressInUse == true)
        #expect(FileManager.default.contents(atPath: path) == Data("keep".utf8))
    }

    // P23: the path is removed only if it is still ours
    @Test func `P23: a path that somebody else has bound since is not removed`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let first = try Socket.listening(on: "unix:\(path)")
        try FileManager.default.removeItem(atPath: path)
        let second = try Socket.listening(on: "unix:\(path)")
        try first.close()
        #expect(FileManager.default.fileExists(atPath: path))
        _ = try Socket.connecting(to: "unix:\(path)")
        _ = try second.accept()
    }

    // P23
    @Test func `P23: a detached listener keeps its path, a duplicate holds it`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let descriptor = try Socket.listening(on: "unix:\(path)").detach()
        #expect(FileManager.default.fileExists(atPath: path))
        try descriptor.close()
        var server: Socket? = try Socket.listening(on: "unix:\(path)")
        let copy = try server!.duplicate()
        server = nil
        _ = try Socket.connecting(to: "unix:\(path)")
        _ = try copy.accept()
    }

    // P23: 1000 races of two starters on one stale path: exactly 1 wins
    @Test func `P23: of two starters on one stale path exactly one wins`() throws {
        let directory = try TemporaryDirectory()
        for round in 0..<repetitions(200, soak: 1000) {
            let path = directory.file("s\(round)")
            try makeStale(path)
            let starters = (0..<2).map { _ in
                BlockingThread { () -> SharedSocket? in
                    do { return SharedSocket(try Socket.listening(on: "unix:\(path)")) } catch let error as SocketError
                    {
                        #expect(error.isAddressInUse, "\(error)")
                        return nil
                    }
                }
            }
            let winners = try starters.compactMap { try $0.join() }
            #expect(winners.count == 1, "round \(round)")
            let client = try Socket.connecting(to: "unix:\(path)")
            try client.sendAll("x".utf8)
            #expect(try winners.first?.socket.accept().receive(upTo: 1) == [0x78])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test func `a path that was bound in vain does not stay`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let error = #expect(throws: SocketError.self) { _ = try Socket.listening(on: "unix-dgram:\(path)") }
        guard case .unsupported = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    // A-006
    @Test func `datagrams between two paths know their sender`() throws {
        let directory = try TemporaryDirectory()
        let first = try Socket.bound(to: "unix-dgram:\(directory.file("a"))")
        let second = try Socket.bound(to: "unix-dgram:\(directory.file("b"))")
        try first.send("hi".utf8, to: try second.localAddress)
        #expect(try second.receiveFrom(upTo: 10)?.sender == first.localAddress)
    }

    private func makeStale(_ path: String) throws {
        let address = SocketAddress.unix(try UnixAddress(path: path))
        do {
            let socket = try Socket(.unix, .stream)
            try socket.bind(to: address)
        }
        // Not stale at once: the children that other tests start share every descriptor until they become a program.
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            var probe = try Socket(.unix, .datagram)
            if case .failure(let error) = probe.connectResult(to: address), error.isConnectionRefused { return }
        }
    }
}
