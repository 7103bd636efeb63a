// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Nobody keeps a loop for themselves: what floods costs its own connection and nothing else (issue 3, P6).
// One at a time: with the tests beside these the descriptors must stay below select's 1,024.
@Suite(.serialized, .blocking) struct FairnessTests {
    /// Makes attempts that all succeed at once; how many it took until the loop did something else.
    private static func attempts(
        of most: Int, on loop: EventLoop, _ attempt: @escaping @Sendable () async throws -> Void
    ) async throws -> Int {
        let counter = Atomic(0)
        let others = Flag()
        try await Task(executorPreference: loop) {
            loop.enqueue { others.set() }
            while counter.load(ordering: .relaxed) < most, !others.isSet {
                try await attempt()
                counter.add(1, ordering: .relaxed)
            }
        }.value
        return counter.load(ordering: .relaxed)
    }

    @Test(arguments: Carrier.allCases, World.Mechanism.allCases)
    func `a reader who always finds bytes lets others have their turn`(
        carrier: Carrier, mechanism: World.Mechanism
    ) async throws {
        try await carrier.withEnds(Ground(rawValue: mechanism.rawValue) ?? .epoll) { first, second in
            try await first.send([UInt8](repeating: 7, count: 5000))
            let taken = try await Self.attempts(of: 5000, on: second.loop) { _ = try await second.receive(upTo: 1) }
            #expect(taken < 5000)
        }
    }

    @Test(arguments: Carrier.allCases, World.Mechanism.allCases)
    func `a writer who always finds room lets others have their turn`(
        carrier: Carrier, mechanism: World.Mechanism
    ) async throws {
        try await carrier.withEnds(Ground(rawValue: mechanism.rawValue) ?? .epoll) { first, _ in
            let taken = try await Self.attempts(of: 200, on: first.loop) { try await first.send([7]) }
            #expect(taken < 200)
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a flood of datagrams lets others have their turn`(mechanism: World.Mechanism) async throws {
        try await withDatagramEnds(mechanism) { first, second in
            let sent = try await Self.attempts(of: 150, on: first.loop) {
                try await first.send("x", to: second.localAddress)
            }
            #expect(sent < 150)
            for _ in sent..<150 { try await first.send("x", to: second.localAddress) }
            let taken = try await Self.attempts(of: 150, on: second.loop) { _ = try await second.receive() }
            #expect(taken < 150)
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a reader of a pipe that is always full lets others have their turn`(mechanism: World.Mechanism) async throws {
        let (reading, writing) = try PipeEnds().detach()
        let ends = (FileDescriptor(rawValue: reading), FileDescriptor(rawValue: writing))
        defer { for end in [ends.0, ends.1] { try? end.close() } }
        try ends.1.writeAll([UInt8](repeating: 7, count: 5000))
        try await withLoop(mechanism) { loop in
            let connection = try await Connection.over(reading: ends.0, writing: ends.1, on: loop)
            let taken = try await Self.attempts(of: 5000, on: loop) { _ = try await connection.receive(upTo: 1) }
            #expect(taken < 5000)
            let sent = try await Self.attempts(of: 200, on: loop) { try await connection.send([7]) }
            #expect(sent < 200)
            connection.close()
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a reader of a large file lets others have their turn`(mechanism: World.Mechanism) async throws {
        let directory = try TemporaryDirectory()
        let file = try FileDescriptor.open(
            directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        defer { try? file.close() }
        try file.writeAll([UInt8](repeating: 7, count: 5000))
        try file.seek(offset: 0, from: .start)
        try await withLoop(mechanism) { loop in
            let connection = try await Connection.over(reading: file, writing: nil, on: loop)
            let taken = try await Self.attempts(of: 5000, on: loop) { _ = try await connection.receive(upTo: 1) }
            #expect(taken < 5000)
            connection.close()
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a flood of clients lets others have their turn`(mechanism: World.Mechanism) async throws {
        try await withLoop(mechanism) { loop in
            let listener = try await Listener(on: "127.0.0.2:0", loop: loop)
            let clients = try (0..<40).map { _ in
                SharedSocket(try Socket.connecting(to: "\(listener.localAddress)"))
            }
            let taken = try await Self.attempts(of: clients.count, on: loop) { try await listener.accept().close() }
            #expect(taken < clients.count)
            listener.close()
        }
    }

    // B-AIO-10
    @Test(arguments: World.Mechanism.allCases)
    func `a flood on sockets of one's own lets others have their turn, and heeds cancellation`(
        mechanism: World.Mechanism
    ) async throws {
        let pair = try SocketPair()
        let (first, second) = (SharedSocket(try pair.first.duplicate()), SharedSocket(try pair.second.duplicate()))
        var listening = try Socket.listening(on: "127.0.0.2:0")
        try listening.setTimeLimit(.zero)
        let address = try listening.localAddress
        let listener = SharedSocket(listening)
        let clients = try (0..<40).map { _ in SharedSocket(try Socket.connecting(to: address)) }
        try await withLoop(mechanism) { loop in
            let sent = try await Self.attempts(of: 150, on: loop) { try await loop.send([7], to: first.socket) }
            #expect(sent < 150)
            for _ in sent..<150 { try await loop.send([7], to: first.socket) }
            let cancelled = await Task(executorPreference: loop) {
                withUnsafeCurrentTask { $0?.cancel() }
                return await reason {
                    for _ in 0..<100 { _ = try await loop.receive(upTo: 1, from: second.socket) }
                }
            }.value
            #expect(cancelled == .cancelled)
            let taken = try await Self.attempts(of: 100, on: loop) {
                _ = try await loop.receive(upTo: 1, from: second.socket)
            }
            #expect(taken < 100)
            let accepted = try await Self.attempts(of: clients.count, on: loop) {
                try await loop.accept(from: listener.socket).close()
            }
            #expect(accepted < clients.count)
        }
    }

    @Test(arguments: Ground.allCases)
    func `a call that schedules itself at once lets others have their turn`(ground: Ground) async throws {
        try await ground.run { loop in
            let loop = loop ?? EventLoopGroup.shared.next()
            let again = Again(on: loop)
            again.start()
            try await loop.sleep(for: .milliseconds(1))
            again.isOver.set()
        }
    }

    private final class Again: Sendable {
        let isOver = Flag()
        private let loop: EventLoop
        init(on loop: EventLoop) { self.loop = loop }

        func start() {
            loop.schedule(after: .seconds(-1)) { [self] in if !isOver.isSet { start() } }
        }
    }

    @Test(arguments: Ground.allCases)
    func `a sleep of no length lets others have their turn`(ground: Ground) async throws {
        try await ground.run { loop in
            let loop = loop ?? EventLoopGroup.shared.next()
            for length in [Duration.zero, .seconds(-1)] {
                let taken = try await Self.attempts(of: 1000, on: loop) { try await loop.sleep(for: length) }
                #expect(taken < 1000)
            }
        }
    }
}
