// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
@testable import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// One connection, both of its ends used by tasks that send, receive, wait too long, are cancelled alone, close, reset
/// and drain, in an order that chance decides. Whatever the order: nothing traps, every task comes to its end, what
/// arrives is what was sent, and nothing is left of the connection.
@Suite(.blocking) struct InterleavingTests {
    // Issue 3: random interleavings; laws 1, 3, 4, 7
    @Test(.timeLimit(.minutes(120)), arguments: World.Mechanism.allCases)
    func `no order of events loses a wake-up or a descriptor`(mechanism: World.Mechanism) async throws {
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        let loop = thread.loop
        // The best mechanism gets most of them.
        let share = mechanism == .epoll ? 8 : 1
        // All of it on the loop: each way through the pool of threads, which blocking tests share, would wait for them.
        try await Task(executorPreference: loop) {
            var random = SeededGenerator(seed: 20_261_121)
            for _ in 0..<repetitions(10_000, soak: 1_000_000) * share / 10 {
                let interleaving = Interleaving(seed: random.next(), isReal: true)
                let remains = try await interleaving.run(on: loop)
                try #require(remains.problem == nil, "seed \(interleaving.seed): \(remains.problem ?? "")")
                try await until { remains.isGone }
            }
        }.value
        let open = try await loop.run { () throws(SocketError) in loop.statistics.connections }
        #expect(open == 0)
    }

    // Issue 4: the same in memory, where the order of the tasks is the seed's, and repeats
    @Test(.timeLimit(.minutes(30))) func `no order that a seed draws loses a wake-up or a connection`() async throws {
        var settings = SimulatedNetwork.Settings()
        settings.bufferSize = 4096
        try await explore(seeds: 0..<UInt64(repetitions(500, soak: 100_000)), settings: settings) { network in
            let seed = network.seed ?? 0
            network.loopback.jitter = .microseconds(200)
            let isLossy = seed % 2 == 0
            if isLossy { network.loopback.loss = 0.05 }
            let host = try network.host("host")
            let remains = try await network.run(on: host) {
                try await Interleaving(seed: seed, isReal: false, mayLoseResets: isLossy).run(on: host.loop)
            }
            try network.run(for: .seconds(3600))
            if let problem = remains.problem { throw Planned(description: problem) }
            if !remains.isGone { throw Planned(description: "something of the connection is left") }
            if host.loop.statistics.connections != 0 { throw Planned(description: "a connection is counted still") }
        }
    }

    private struct Planned: Error, CustomStringConvertible { let description: String }
}

/// What a run leaves behind: nothing, it is hoped.
private final class Remains: @unchecked Sendable {
    weak var first: (any Transport)?
    weak var second: (any Transport)?
    var problem: String?

    var isGone: Bool { first == nil && second == nil }
}

private struct Interleaving: Sendable {
    let seed: UInt64
    /// Whether there are sockets and threads.
    let isReal: Bool
    /// Whether the network loses what is sent.
    var mayLoseResets = false

    private static let pattern = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }

    func run(on loop: EventLoop) async throws -> Remains {
        let remains = Remains()
        try await loop.run(async: { () async throws(SocketError) in
            let pair = try loop.driver.makePair()
            (remains.first, remains.second) = pair
            // Little room, so that sends have to wait.
            for transport in isReal ? [pair.0, pair.1] : [] {
                try transport.onSocket(nil) { socket throws(SocketError) in try socket.set(.sendBuffer, to: 4096) }
            }
            remains.problem = await play(Connection(pair.0), Connection(pair.1))
        })
        return remains
    }

    /// Both ends at work at once; what was wrong, if something was.
    private func play(_ first: Connection, _ second: Connection) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            for (index, connection) in [first, second].enumerated() {
                let seed = seed &+ UInt64(index) &* 77
                group.addTask(executorPreference: first.loop) { await owner(of: connection, seed) }
            }
            group.addTask(executorPreference: first.loop) { await disturb(first, second) }
            var problem: String?
            for await found in group { problem = problem ?? found }
            first.close()
            second.close()
            return problem
        }
    }

    /// A handler: a child that sends, itself receiving, sometimes with a second child in its way.
    private func owner(of connection: Connection, _ seed: UInt64) async -> String? {
        await withOwnership(of: connection) {
            var random = SeededGenerator(seed: seed)
            let (sends, receives, rivals) = (random.next(), random.next(), random.next() % 4 == 0)
            async let sent = send(on: connection, sends)
            async let rival = rivals ? receive(on: connection, receives, checks: false) : nil
            let received = await receive(on: connection, receives, checks: !rivals)
            return await [received, sent, rival].compactMap { $0 }.first
        }
    }

    private func send(on connection: Connection, _ seed: UInt64) async -> String? {
        var random = SeededGenerator(seed: seed)
        var next: UInt8 = 0
        for _ in 0..<random.next() % 6 {
            let length = random.next() % 8 == 0 ? 30_000 : Int(random.next() % 300)
            let bytes = Array(Self.pattern[Int(next)..<Int(next) + length])
            if random.next() % 4 == 0 {
                connection.writeDeadline = connection.loop.timeNow.advanced(by: .microseconds(Int(random.next() % 300)))
            }
            do throws(SocketError) { try await connection.send(bytes) } catch { return unexpected(error) }
            next &+= UInt8(truncatingIfNeeded: length)
            for _ in 0..<random.next() % 3 { await Task.yield() }
        }
        if random.next() % 2 == 0 {
            do throws(SocketError) { try await connection.shutdownSending() } catch { return unexpected(error) }
        }
        return nil
    }

    /// - Parameter checks: whether what comes must be what was sent: it is torn apart where two receive.
    private func receive(on connection: Connection, _ seed: UInt64, checks: Bool) async -> String? {
        var random = SeededGenerator(seed: seed)
        var next: UInt8 = 0
        while true {
            do throws(SocketError) {
                let bytes: [UInt8]?
                switch random.next() % 4 {
                case 0: bytes = try await connection.receive(upTo: 1 + Int(random.next() % 3000))
                case 1: bytes = try await inAChildThatMayBeCancelled(connection, random.next() % 3 == 0)
                default: bytes = try await connection.receive()?.array
                }
                guard let bytes else { return nil }
                if checks && bytes[...] != Self.pattern[Int(next)..<Int(next) + bytes.count] {
                    return "\(bytes.count) bytes came that are not those from \(next) on"
                }
                next &+= UInt8(truncatingIfNeeded: bytes.count)
                connection.readDeadline = .never
                if random.next() % 4 == 0 {
                    let limit = Duration.microseconds(Int(random.next() % 300))
                    connection.readDeadline = connection.loop.timeNow.advanced(by: limit)
                }
                if connection.isDraining && random.next() % 2 == 0 { return nil }
            } catch {
                // Nothing is lost by a deadline or by a child's end: the next receive goes on.
                if error.reason == .timedOut || error.reason == .cancelled && !Task.isCancelled && !isOver(connection) {
                    connection.readDeadline = .never
                    continue
                }
                return unexpected(error)
            }
        }
    }

    private func isOver(_ connection: Connection) -> Bool {
        do throws(SocketError) {
            _ = try connection.transport.waitToReceive()
            return false
        } catch { return error.reason != .busy }
    }

    private func inAChildThatMayBeCancelled(
        _ connection: Connection, _ isCancelled: Bool
    ) async throws(SocketError) -> [UInt8]? {
        let loop = connection.loop
        let outcome = await withTaskGroup(of: Result<[UInt8]?, SocketError>.self) { group in
            group.addTask(executorPreference: loop) {
                await Result { () async throws(SocketError) in try await connection.receive(upTo: 500) }
            }
            if isCancelled {
                await Task.yield()
                group.cancelAll()
            }
            return await group.next() ?? .success(nil)
        }
        return try outcome.get()
    }

    /// What comes from elsewhere: in the end one side goes in some way, so that every wait has an end.
    private func disturb(_ first: Connection, _ second: Connection) async -> String? {
        var random = SeededGenerator(seed: seed ^ 0xD157)
        for _ in 0..<random.next() % 40 { await Task.yield() }
        for connection in [first, second] where random.next() % 3 == 0 { connection.beginDraining() }
        let victim = random.next() % 2 == 0 ? first : second
        let way = random.next() % 4
        let act: @Sendable () -> Void = {
            switch way {
            case 0: victim.close()
            case 1: victim.abort()
            case 2: victim.transport.cancel()
            default:
                victim.close()
                victim.abort()
                victim.close()
            }
        }
        // The other side too when its peer lives on and does not end, and where news of a reset may be lost: who sends
        // nothing then waits for ever, as with TCP.
        let other = victim === first ? second : first
        let isFromElsewhere = random.next() % 2 == 1
        if isFromElsewhere && isReal { await Task.detached { act() }.value } else { act() }
        if mayLoseResets { try? await victim.loop.sleep(for: .seconds(600)) }
        if way == 2 || mayLoseResets { other.close() }
        return nil
    }

    /// Nil for the errors that such a life brings with it.
    private func unexpected(_ error: SocketError) -> String? {
        switch error.reason {
        case .closed, .cancelled, .timedOut, .broken, .busy: nil
        default: "\(error)"
        }
    }
}

extension Result where Failure == SocketError, Success: Sendable {
    fileprivate init(_ body: () async throws(SocketError) -> Success) async {
        do throws(SocketError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
