// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

/// The mechanisms, for tests that run once for each.
enum Mechanism: CaseIterable, Sendable {
    case select, poll, epoll

    var type: any Selector.Type {
        switch self {
        case .select: SelectSelector.self
        case .poll: PollSelector.self
        case .epoll: EpollSelector.self
        }
    }

    func make() throws -> any Selector { try type.init() }
}

/// A number below select's limit that no descriptor has: the highest one, which other tests come to last.
func closedDescriptor() -> CInt {
    (CInt(3)..<1024).last { fcntl($0, F_GETFD) == -1 } ?? 1023
}

/// P26: one table, every mechanism, no difference. Each row is a situation, an interest, and what must be reported.
@Suite(.blocking) struct SelectorConformanceTests {
    struct Situation: Sendable, CustomTestStringConvertible {
        let name: String
        /// Makes a pair of the first's kind and brings it into the situation; the first is watched.
        let prepare: @Sendable () throws -> (SharedSocket, SharedSocket?)
        /// What a watcher of everything (but the urgent) must be told.
        let ready: Interest

        var testDescription: String { name }
    }

    private static func pair(_ change: (inout SocketPair) throws -> Void) throws -> (SharedSocket, SharedSocket?) {
        var pair = try SocketPair()
        try change(&pair)
        return (SharedSocket(try pair.first.duplicate()), SharedSocket(try pair.second.duplicate()))
    }

    static let situations: [Situation] = [
        Situation(name: "idle", prepare: { try pair { _ in } }, ready: .writable),
        Situation(
            name: "bytes wait", prepare: { try pair { try $0.second.sendAll("x".utf8) } },
            ready: [.readable, .writable]),
        Situation(
            name: "full", prepare: { try pair { try fill(&$0) } }, ready: []),
        Situation(
            name: "full, and bytes wait",
            prepare: {
                try pair {
                    try fill(&$0)
                    try $0.second.sendAll("x".utf8)
                }
            }, ready: .readable),
        Situation(
            name: "the peer has ended its direction", prepare: { try pair { try $0.second.shutdown(.sending) } },
            ready: [.readable, .writable]),
        Situation(
            name: "the peer has closed",
            prepare: {
                let pair = try SocketPair()
                return (SharedSocket(try pair.first.duplicate()), nil)
            }, ready: [.readable, .writable]),
        Situation(
            name: "the peer has reset",
            prepare: {
                let server = try Socket.listening(on: "127.0.0.1:0")
                let client = try Socket.connecting(to: try server.localAddress)
                let served = SharedSocket(try server.accept())
                try client.set(.linger, to: .reset)
                try client.close()
                return (served, nil)
            }, ready: [.readable, .writable]),
        Situation(
            name: "both directions ended", prepare: { try pair { try $0.first.shutdown(.both) } },
            ready: [.readable, .writable]),
        Situation(
            name: "a client waits",
            prepare: {
                let server = SharedSocket(try Socket.listening(on: "127.0.0.1:0"))
                return (server, SharedSocket(try Socket.connecting(to: try server.socket.localAddress)))
            }, ready: .readable),
        Situation(
            name: "nobody waits at a listener",
            prepare: { (SharedSocket(try Socket.listening(on: "127.0.0.1:0")), nil) }, ready: []),
        Situation(
            name: "a datagram waits",
            prepare: {
                let receiver = SharedSocket(try Socket.bound(to: "udp://127.0.0.1:0"))
                try Socket(.ipv4, .datagram).send("x".utf8, to: try receiver.socket.localAddress)
                return (receiver, nil)
            }, ready: [.readable, .writable]),
        Situation(
            name: "a connected datagram socket was refused",
            prepare: {
                let gone = try { () throws -> SocketAddress in try Socket.bound(to: "udp://127.0.0.1:0").localAddress
                }()
                var socket = try Socket(.ipv4, .datagram)
                try socket.connect(to: gone)
                try socket.sendAll("x".utf8)
                return (SharedSocket(socket), nil)
            }, ready: [.readable, .writable]),
        Situation(
            name: "a connect was refused",
            prepare: {
                let gone = try { () throws -> SocketAddress in try Socket.listening(on: "127.0.0.1:0").localAddress }()
                var socket = try Socket()
                try socket.setTimeLimit(.zero)
                _ = socket.connectResult(to: gone)
                return (SharedSocket(socket), nil)
            }, ready: [.readable, .writable]),
    ]

    private static func fill(_ pair: inout SocketPair) throws {
        try pair.first.setTimeLimit(.zero)
        do { while true { _ = try pair.first.send([UInt8](repeating: 0, count: 65_536)) } } catch {
            #expect(error.reason == .wouldBlock)
        }
    }

    // P26, B-SEL-07, W-3
    @Test(arguments: Mechanism.allCases, situations)
    func `P26: every situation is reported as the table says, for every interest`(
        mechanism: Mechanism, situation: Situation
    ) throws {
        for bits in UInt8(1)...7 where bits != 4 {
            let interest = Interest(rawValue: bits)
            let (watched, peer) = try situation.prepare()
            let selector = try mechanism.make()
            try selector.register(watched.descriptor, for: interest, trigger: .level, token: 77)
            let expected = situation.ready.intersection(interest)
            // The kernel may deliver loopback packets a moment later: a report that must come is waited for.
            let events = try selector.wait(timeout: expected.isEmpty ? .zero : .seconds(5))
            let reported = events.map { $0.ready }.reduce(Interest()) { $0.union($1) }
            #expect(reported == expected, "interest \(bits)")
            #expect(events.allSatisfy { $0.token == 77 })
            #expect(events.count == (expected.isEmpty ? 0 : 1))
            // Level: it is reported again.
            #expect(try selector.wait(timeout: .zero) == events)
            withExtendedLifetime(peer) {}
        }
    }

    // P26
    @Test(arguments: Mechanism.allCases)
    func `P26: urgent bytes are a priority`(mechanism: Mechanism) throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let served = try server.accept()
        let selector = try mechanism.make()
        try selector.register(served.descriptor, for: [.readable, .priority], trigger: .level, token: 1)
        #expect(try selector.wait(timeout: .zero).isEmpty)
        _ = try client.send("!".utf8, flags: .outOfBand)
        #expect(try selector.wait(timeout: .seconds(5)) == [SelectorEvent(token: 1, ready: .priority)])
    }

    // P26, B-SEL-07
    @Test(arguments: Mechanism.allCases)
    func `P26: wrong registrations are the same errors everywhere, and change nothing`(mechanism: Mechanism) throws {
        let selector = try mechanism.make()
        let pair = try SocketPair()
        let descriptor = pair.first.descriptor
        func reason(_ body: () throws -> Void) -> SelectorError.Reason? {
            do {
                try body()
                return nil
            } catch { return (error as? SelectorError)?.reason }
        }
        #expect(reason { try selector.modify(descriptor, for: .readable, trigger: .level, token: 1) } == .notRegistered)
        #expect(reason { try selector.unregister(descriptor) } == .notRegistered)
        for interest in [Interest(), .priority] {
            #expect(
                reason { try selector.register(descriptor, for: interest, trigger: .level, token: 1) } == .noInterest)
        }
        let closed = FileDescriptor(rawValue: closedDescriptor())
        #expect(reason { try selector.register(closed, for: .readable, trigger: .level, token: 1) } == .notOpen)
        let negative = FileDescriptor(rawValue: -1)
        #expect(reason { try selector.register(negative, for: .readable, trigger: .level, token: 1) } == .notOpen)
        try selector.register(descriptor, for: .writable, trigger: .level, token: 5)
        #expect(
            reason { try selector.register(descriptor, for: .readable, trigger: .level, token: 1) }
                == .alreadyRegistered)
        #expect(reason { try selector.modify(descriptor, for: [], trigger: .level, token: 1) } == .noInterest)
        for trigger in Trigger.allCases where !mechanism.type.triggers.contains(trigger) {
            let refused = reason { try selector.modify(descriptor, for: .readable, trigger: trigger, token: 1) }
            guard case .unsupported = refused else {
                Issue.record("\(mechanism) \(trigger): \(String(describing: refused))")
                continue
            }
        }
        #expect(try selector.wait(timeout: .zero) == [SelectorEvent(token: 5, ready: .writable)])
        try selector.unregister(descriptor)
        #expect(reason { try selector.unregister(descriptor) } == .notRegistered)
    }

    // P26, W-5
    @Test(arguments: Mechanism.allCases)
    func `P26: a descriptor that was closed while registered reports nothing, and the others go on`(
        mechanism: Mechanism
    ) throws {
        let selector = try mechanism.make()
        let pair = try SocketPair()
        // A number of its own, which no other test can be given while this one runs.
        let doomed = FileDescriptor(rawValue: fcntl(pair.second.descriptor.rawValue, F_DUPFD_CLOEXEC, 900))
        try #require(doomed.rawValue >= 900)
        let other = try SocketPair()
        let lonely = FileDescriptor(rawValue: fcntl(other.first.descriptor.rawValue, F_DUPFD_CLOEXEC, 900))
        try selector.register(pair.first.descriptor, for: .writable, trigger: .level, token: 1)
        try selector.register(lonely, for: .readable, trigger: .level, token: 2)
        // The last descriptor of its file, so that the kernel forgets it too.
        var gone = other
        gone.first = try Socket()
        try lonely.close()
        for _ in 0..<2 {
            #expect(try selector.wait(timeout: .zero) == [SelectorEvent(token: 1, ready: .writable)])
        }
        try selector.unregister(lonely)
        try doomed.close()
    }

    // P26, W-5
    @Test(arguments: Mechanism.allCases)
    func `P26: a duplicate of a closed descriptor can be got rid of`(mechanism: Mechanism) throws {
        let selector = try mechanism.make()
        let pair = try SocketPair()
        let other = try SocketPair()
        let doomed = FileDescriptor(rawValue: fcntl(pair.first.descriptor.rawValue, F_DUPFD_CLOEXEC, 950))
        try #require(doomed.rawValue >= 950)
        try selector.register(doomed, for: .writable, trigger: .level, token: 1)
        try selector.register(other.first.descriptor, for: .readable, trigger: .level, token: 2)
        try doomed.close()
        try selector.unregister(doomed)
        let start = ContinuousClock.now
        #expect(try selector.wait(timeout: .milliseconds(20)).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(20))
        try other.second.sendAll("x".utf8)
        #expect(try selector.wait() == [SelectorEvent(token: 2, ready: .readable)])
    }

    // P26: modify between waits
    @Test(arguments: Mechanism.allCases)
    func `P26: an interest that is modified counts from the next wait on`(mechanism: Mechanism) throws {
        let selector = try mechanism.make()
        let pair = try SocketPair()
        try selector.register(pair.first.descriptor, for: .readable, trigger: .level, token: 1)
        #expect(try selector.wait(timeout: .zero).isEmpty)
        try selector.modify(pair.first.descriptor, for: [.readable, .writable], trigger: .level, token: 2)
        #expect(try selector.wait(timeout: .zero) == [SelectorEvent(token: 2, ready: .writable)])
        try selector.modify(pair.first.descriptor, for: .readable, trigger: .level, token: 3)
        #expect(try selector.wait(timeout: .zero).isEmpty)
    }

    // P26: FD_SETSIZE
    @Test(arguments: Mechanism.allCases)
    func `P26: a descriptor beyond select's set is refused there and works elsewhere`(mechanism: Mechanism) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 4096))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let pair = try SocketPair()
        let high = FileDescriptor(rawValue: fcntl(pair.first.descriptor.rawValue, F_DUPFD_CLOEXEC, 1024))
        try #require(high.rawValue >= 1024)
        defer { try? high.close() }
        let selector = try mechanism.make()
        if mechanism == .select {
            let error = #expect(throws: SelectorError.self) {
                try selector.register(high, for: .writable, trigger: .level, token: 1)
            }
            #expect(error?.reason == .beyondSetSize(1024))
            #expect(try selector.wait(timeout: .zero).isEmpty)
        } else {
            try selector.register(high, for: .writable, trigger: .level, token: 1)
            #expect(try selector.wait(timeout: .zero) == [SelectorEvent(token: 1, ready: .writable)])
            try selector.unregister(high)
        }
    }

    // P26, B-SEL-08: EINTR
    @Test(arguments: Mechanism.allCases)
    func `P26: a wait that a signal interrupts goes on with the time that is left`(mechanism: Mechanism) throws {
        let call: SystemCall =
            switch mechanism {
            case .select: .select
            case .poll: .poll
            case .epoll: .epollWait
            }
        let selector = try mechanism.make()
        let pair = try SocketPair()
        try selector.register(pair.first.descriptor, for: .readable, trigger: .level, token: 1)
        let plan = FaultPlan.failing(call, with: .interrupted, times: 3)
        let start = ContinuousClock.now
        #expect(try withFaults(plan) { try selector.wait(timeout: .milliseconds(30)) }.isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
        #expect(plan.count(of: call) >= 4)
        try pair.second.sendAll("x".utf8)
        #expect(try withFaults(.failing(call, with: .interrupted, times: 3)) { try selector.wait() }.count == 1)
    }

    // P26
    @Test(arguments: Mechanism.allCases)
    func `P26: with less room than is ready everybody gets a turn`(mechanism: Mechanism) throws {
        let selector = try mechanism.make()
        let pairs = try (0..<10).map { _ in
            let pair = try SocketPair()
            return (SharedSocket(try pair.first.duplicate()), SharedSocket(try pair.second.duplicate()))
        }
        for (index, pair) in pairs.enumerated() {
            try selector.register(pair.0.descriptor, for: .writable, trigger: .level, token: UInt64(index))
        }
        var seen: [UInt64: Int] = [:]
        for _ in 0..<20 {
            let events = try selector.wait(maximum: 3, timeout: .zero)
            #expect(events.count == 3)
            for event in events { seen[event.token, default: 0] += 1 }
        }
        #expect(seen.count == 10)
        #expect(seen.values.allSatisfy { $0 >= 5 })
    }

    // A-146, B-SEL-07
    @Test(arguments: Mechanism.allCases)
    func `a time-out of zero polls, one of a while waits that long`(mechanism: Mechanism) throws {
        let selector = try mechanism.make()
        #expect(try selector.wait(timeout: .zero).isEmpty)
        let start = ContinuousClock.now
        #expect(try selector.wait(timeout: .milliseconds(20)).isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    //
    @Test(arguments: Mechanism.allCases)
    func `without a time-out a wait ends when something happens`(mechanism: Mechanism) throws {
        let pair = try SocketPair()
        let watched = SharedSocket(try pair.first.duplicate())
        let waiting = BlockingThread { () -> [SelectorEvent] in
            let selector = try mechanism.make()
            try selector.register(watched.descriptor, for: .readable, trigger: .level, token: 9)
            return try selector.wait()
        }
        try pair.second.sendAll("x".utf8)
        #expect(try waiting.join() == [SelectorEvent(token: 9, ready: .readable)])
    }

    // B-SEL-03
    @Test func `an edge is told once, and a one-shot must be armed again`() throws {
        let selector = try EpollSelector()
        let pair = try SocketPair()
        try selector.register(pair.first.descriptor, for: .readable, trigger: .edge, token: 1)
        try pair.second.sendAll("a".utf8)
        #expect(try selector.wait(timeout: .zero).count == 1)
        #expect(try selector.wait(timeout: .zero).isEmpty)
        try pair.second.sendAll("b".utf8)
        #expect(try selector.wait(timeout: .zero).count == 1)
        try selector.modify(pair.first.descriptor, for: .readable, trigger: .oneShot, token: 2)
        #expect(try selector.wait(timeout: .zero) == [SelectorEvent(token: 2, ready: .readable)])
        try pair.second.sendAll("c".utf8)
        #expect(try selector.wait(timeout: .zero).isEmpty)
        try selector.modify(pair.first.descriptor, for: .readable, trigger: .oneShot, token: 3)
        #expect(try selector.wait(timeout: .zero) == [SelectorEvent(token: 3, ready: .readable)])
    }

    // P26: the number may come from outside, and a table by number must not grow to its size
    @Test(arguments: Mechanism.allCases, [CInt.max, 1_000_000_000, -1, .min])
    func `P26: a number that no descriptor can have is refused, and costs nothing`(
        mechanism: Mechanism, number: CInt
    ) throws {
        let selector = try mechanism.make()
        let descriptor = FileDescriptor(rawValue: number)
        let isBeyond = mechanism == .select && number > 0
        for _ in 0..<2 {
            let error = #expect(throws: SelectorError.self) {
                try selector.register(descriptor, for: .readable, trigger: .level, token: 1)
            }
            #expect(error?.reason == (isBeyond ? .beyondSetSize(1024) : .notOpen))
        }
        #expect(throws: SelectorError.self) { try selector.unregister(descriptor) }
    }

    @Test func `epoll can't wait for a regular file and says so`() throws {
        let file = try FileDescriptor.open("/proc/self/exe", .readOnly)
        defer { try? file.close() }
        let error = #expect(throws: SelectorError.self) {
            try EpollSelector().register(file, for: .readable, token: 1)
        }
        #expect(error.map { "\($0)" } == "register descriptor \(file.rawValue): a regular file can't be waited for")
        for mechanism in [Mechanism.select, .poll] {
            let selector = try mechanism.make()
            try selector.register(file, for: .readable, trigger: .level, token: 1)
            #expect(try selector.wait(timeout: .zero).count == 1)
        }
    }
}
