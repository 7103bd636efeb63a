// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct TimeLimitTests {
    // B-SOCK-10
    @Test func `with a limit a receive gives up, and the socket is still good`() throws {
        var pair = try SocketPair()
        try pair.second.setTimeLimit(.milliseconds(20))
        #expect(pair.second.timeLimit == .milliseconds(20))
        let start = ContinuousClock.now
        let error = #expect(throws: SocketError.self) { _ = try pair.second.receive(upTo: 1) }
        #expect(error?.reason == .timedOut)
        #expect(ContinuousClock.now - start >= .milliseconds(20))
        try pair.first.sendAll("x".utf8)
        #expect(try pair.second.receive(upTo: 1) == [0x78])
    }

    // B-SOCK-10
    @Test func `with a limit of zero nothing waits`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        var listener = try server.duplicate()
        try listener.setTimeLimit(.zero)
        let accept = #expect(throws: SocketError.self) { _ = try listener.accept() }
        #expect(accept?.reason == .wouldBlock)
        var client = try Socket()
        try client.setTimeLimit(.zero)
        let connect = #expect(throws: SocketError.self) { try client.connect(to: try server.localAddress) }
        #expect(connect?.reason == .wouldBlock)
        let receive = #expect(throws: SocketError.self) { _ = try client.receive(upTo: 1) }
        #expect(receive != nil)
    }

    // B-SOCK-10
    @Test func `the limit counts for all of a sendAll, not for each piece`() throws {
        var pair = try SocketPair()
        try pair.first.set(.sendBuffer, to: 4096)
        try pair.first.setTimeLimit(.milliseconds(200))
        let reader = SharedSocket(try pair.second.duplicate())
        // A reader that takes a little at a time would keep a limit per piece alive for ever.
        let stop = Flag()
        let slow = BlockingThread {
            while !stop.isSet, try reader.socket.receive(upTo: 4096) != nil {
                _ = try select(readable: [FileDescriptor](), timeout: .milliseconds(20))
            }
        }
        let error = #expect(throws: SocketError.self) {
            try pair.first.sendAll([UInt8](repeating: 0, count: 64 << 20))
        }
        #expect(error?.reason == .timedOut)
        stop.set()
        try pair.first.shutdown(.both)
        try slow.join()
    }

    @Test func `an accepted socket blocks whatever its listener does`() throws {
        var server = try Socket.listening(on: "127.0.0.1:0")
        try server.setTimeLimit(.seconds(5))
        _ = try Socket.connecting(to: try server.localAddress, within: .seconds(5))
        let served = try server.accept()
        #expect(served.timeLimit == nil)
    }

    @Test func `a full UNIX receiver that poll can't see is waited for without spinning`() throws {
        let directory = try TemporaryDirectory()
        let receiver = try Socket.bound(to: "unix-dgram:\(directory.file("full"))")
        let address = try receiver.localAddress
        var sender = try Socket(.unix, .datagram)
        try sender.setTimeLimit(.zero)
        while true { do { try sender.send("x".utf8, to: address) } catch { break } }
        try sender.setTimeLimit(.milliseconds(100))
        let plan = FaultPlan { _, _ in nil }
        let error = withFaults(plan) { #expect(throws: SocketError.self) { try sender.send("x".utf8, to: address) } }
        #expect(error?.reason == .timedOut)
        #expect(plan.count(of: .sendto) < 200)
    }

    @Test func `no limit can be negative`() throws {
        var socket = try Socket()
        let error = #expect(throws: SocketError.self) { try socket.setTimeLimit(.seconds(-1)) }
        guard case .invalid = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(socket.timeLimit == nil)
    }

    // B-SOCK-10
    @Test func `back to blocking`() throws {
        var pair = try SocketPair()
        try pair.first.setTimeLimit(.seconds(1))
        try pair.first.setTimeLimit(nil)
        let waiting = SharedSocket(try pair.first.duplicate())
        let reader = BlockingThread { try waiting.socket.receive(upTo: 1) }
        try pair.second.sendAll("y".utf8)
        #expect(try reader.join() == [0x79])
    }

    @Test func `the kernel's own time-out is a time-out too`() throws {
        let pair = try SocketPair()
        try pair.first.set(.receiveTimeout, to: .milliseconds(20))
        let error = #expect(throws: SocketError.self) { _ = try pair.first.receive(upTo: 1) }
        #expect(error?.reason == .timedOut)
    }

    // B-SOCK-10
    @Test func `the limit of a duplicate does not make the original give up`() throws {
        let pair = try SocketPair()
        let original = SharedSocket(try pair.first.duplicate())
        var copy = try original.socket.duplicate()
        try copy.setTimeLimit(.seconds(20))
        let reader = BlockingThread { try original.socket.receive(upTo: 1) }
        _ = try select(readable: [FileDescriptor](), timeout: .milliseconds(20))
        try pair.second.sendAll("z".utf8)
        #expect(try reader.join() == [0x7A])
    }
}
