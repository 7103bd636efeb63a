// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The laws of every call that waits, for datagrams.
@Suite(.blocking) struct DatagramLawsTests {
    // Law 1
    @Test(arguments: Ground.loops)
    func `a child task that is cancelled alone wakes, and the socket lives on`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            let child = Task(executorPreference: first.loop) { await reason { _ = try await first.receive() } }
            try await until { try await first.isReceiving }
            child.cancel()
            #expect(await child.value == .cancelled)
            try await second.send("alive", to: first.localAddress)
            #expect(try await first.text() == "alive")
        }
    }

    // Law 1: the task that uses the socket
    @Test(arguments: Ground.loops)
    func `cancelling the task that uses a socket ends its waits`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let opened = Opened()
            let task = Task(executorPreference: loop) {
                await reason {
                    try await withDatagramSocket(on: "127.0.0.2:0", loop: loop) { socket in
                        opened.open(socket)
                        for try await _ in socket {}
                    }
                }
            }
            try await until { try await opened.socket?.isReceiving ?? false }
            task.cancel()
            #expect(await task.value == .cancelled)
            let socket = try #require(opened.socket)
            #expect(await reason { _ = try await socket.receive() } == .closed)
        }
    }

    @Test func `a task that is cancelled already does not wait`() async throws {
        try await withDatagramEnds { first, _ in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await reason { _ = try await first.receive() }
            }
            #expect(await task.value == .cancelled)
        }
    }

    // Law 3
    @Test(arguments: Ground.loops)
    func `a second reader is told that the first one is busy`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            async let waiting = first.receive()
            try await until { try await first.isReceiving }
            #expect(await reason { _ = try await first.receive() } == .busy)
            // The other direction is free.
            try await first.send("out", to: second.localAddress)
            #expect(try await second.text() == "out")
            try await second.send("x", to: first.localAddress)
            #expect(try await waiting.bytes == [0x78])
        }
    }

    // Law 4
    @Test(arguments: Ground.loops)
    func `closing wakes who waits, from any thread, and twice is once`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            async let outcome = reason { _ = try await first.receive() }
            try await until { try await first.isReceiving }
            first.close()
            first.close()
            #expect(await outcome == .closed)
            #expect(await reason { try await first.send("x", to: second.localAddress) } == .closed)
            #expect(await reason { try await first.join(.v4(IPv4Address(239, 1, 1, 1))) } == .closed)
            var iterator = first.makeAsyncIterator()
            #expect(try await iterator.next() == nil)
            #expect(first.localAddress.port != nil)
        }
    }

    // Deadlines
    @Test(arguments: Ground.loops)
    func `a read deadline ends the wait and nothing else`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            first.readDeadline = first.loop.timeNow.advanced(by: .milliseconds(20))
            let start = first.loop.timeNow
            #expect(await reason { _ = try await first.receive() } == .timedOut)
            #expect(start.duration(to: first.loop.timeNow) >= .milliseconds(19))
            first.readDeadline = .never
            #expect(
                await reason { try await withDeadline(.milliseconds(5)) { _ = try await first.receive() } } == .timedOut
            )
            // The iterator goes on after a time-out.
            var iterator = first.makeAsyncIterator()
            first.readDeadline = first.loop.timeNow
            #expect(await reason { _ = try await iterator.next() } == .timedOut)
            first.readDeadline = .never
            try await second.send("late", to: first.localAddress)
            #expect(try await iterator.next()?.bytes == Array("late".utf8))
        }
    }

    @MainActor
    @Test func `a caller on the main actor is served like any other`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let first = try await DatagramSocket(on: "127.0.0.2:0", loop: thread.loop)
        let second = try await DatagramSocket(to: first.localAddress, loop: thread.loop)
        try await second.send("from afar")
        let datagram = try await first.receive()
        #expect(datagram.bytes == Array("from afar".utf8))
        try await first.reply("back", to: datagram)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 3, alignment: 1)
        defer { memory.deallocate() }
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        let head = try await second.receive(into: &output)
        #expect(head == DatagramHead(count: 3, length: 4, sender: first.localAddress))
        #expect(output.finalize(for: memory) == 3)
        #expect(Array(memory) == Array("bac".utf8))
        first.close()
        second.close()
    }

    // B-TW-08
    @Test(arguments: World.Mechanism.allCases)
    func `a socket that somebody else has opened is taken over`(mechanism: World.Mechanism) async throws {
        try await withLoop(mechanism) { loop in
            let number = try Socket.bound(to: "udp://127.0.0.2:0").detach().rawValue
            try await withDatagramSocket(on: "fd:\(number)", loop: loop) { socket in
                try await withDatagramSocket(to: socket.localAddress, loop: loop) { client in
                    try await client.send("x")
                    #expect(try await socket.text() == "x")
                }
            }
            let stream = try Socket(.ipv4, .stream)
            let outcome = await reason {
                _ = try await DatagramSocket(on: "fd:\(stream.descriptor.rawValue)", loop: loop)
            }
            #expect(outcome == .invalid("a stream socket"))
            #expect(try stream[.isListening] == false, "the descriptor was not left alone")
        }
    }

    // Law 7
    @Test(arguments: Ground.loops)
    func `a socket that nobody closed closes with its last reference`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let address = try await { try await DatagramSocket(on: "127.0.0.2:0", loop: loop).localAddress }()
            try await until { (try? await DatagramSocket(on: address, loop: loop))?.localAddress == address }
        }
    }
}

/// A socket that one task has opened and another one looks at.
private final class Opened: Sendable {
    private let opened = Mutex<DatagramSocket?>(nil)

    var socket: DatagramSocket? { opened.withLock { $0 } }

    func open(_ socket: DatagramSocket) { opened.withLock { $0 = socket } }
}
