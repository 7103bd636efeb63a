// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A network in which every connection and every look-up comes out as a test has written, in a time of its own that
/// goes on only while nothing is to be done.
final class ScriptedNetwork: Sendable {
    /// How a connection to an address comes out, and how long that takes; nil for never.
    struct Outcome: Sendable {
        var after: Int?
        var error: Errno?
        /// The client has got the very address that it wanted to connect to.
        var isItself = false

        static func works(after milliseconds: Int) -> Outcome { Outcome(after: milliseconds) }
        static func fails(_ error: Errno, after milliseconds: Int) -> Outcome {
            Outcome(after: milliseconds, error: error)
        }
        static let silence = Outcome()
    }

    /// What a look-up of one family answers, and when.
    struct Lookup: Sendable {
        var after = 0
        var answer: Result<[SocketAddress], ResolverError>

        static func finds(_ addresses: String..., after milliseconds: Int = 0) throws -> Lookup {
            Lookup(after: milliseconds, answer: .success(try addresses.map { try SocketAddress($0) }))
        }
        static func fails(_ reason: ResolverError.Reason, after milliseconds: Int = 0) -> Lookup {
            Lookup(after: milliseconds, answer: .failure(ResolverError(.resolve, "example.test:80", reason)))
        }
    }

    fileprivate struct State {
        var now: Int64 = 0
        var log: [String] = []
        var open = 0
    }

    private let outcomes: [String: Outcome]
    fileprivate let lookups: [AddressFamily: Lookup]
    private let end: Int64?
    fileprivate let state = Mutex(State())

    /// - Parameter stopsAfter: when time stands still, in milliseconds: a test can then do something at that moment.
    init(
        _ outcomes: [String: Outcome], v6: Lookup? = nil, v4: Lookup? = nil, stopsAfter: Int? = nil
    ) {
        self.outcomes = outcomes
        lookups = [.ipv6: v6 ?? .fails(.noData), .ipv4: v4 ?? .fails(.noData)]
        end = stopsAfter.map { Int64($0) * 1_000_000 }
    }

    /// What was asked of the network, each with its time in milliseconds.
    var log: [String] { state.withLock { $0.log } }
    /// How many transports are not closed.
    var open: Int { state.withLock { $0.open } }
    var milliseconds: Int { state.withLock { Int($0.now / 1_000_000) } }

    var world: World {
        World(
            now: { [self] in LoopInstant(nanoseconds: state.withLock { $0.now }) },
            makeDriver: { [self] (loop) throws(SocketError) in ScriptedDriver(self, loop) },
            names: ScriptedNames(network: self))
    }

    func note(_ text: String) { state.withLock { $0.log.append("\(text) at \($0.now / 1_000_000)") } }

    fileprivate func outcome(of address: SocketAddress) -> Outcome { outcomes["\(address)"] ?? .silence }

    /// Lets that much time pass; false if it stands still before.
    fileprivate func pass(_ duration: Duration) -> Bool {
        state.withLock { state in
            let next = state.now + duration.wholeNanoseconds
            guard next <= end ?? .max else {
                state.now = max(state.now, end ?? 0)
                return false
            }
            state.now = next
            return true
        }
    }

    /// Runs `body` on a loop in this network.
    func run<Answer: Sendable>(_ body: @Sendable (EventLoop) async throws -> Answer) async throws -> Answer {
        let thread = try LoopThread(in: world)
        defer { thread.stop() }
        return try await body(thread.loop)
    }
}

private struct ScriptedNames: NameService {
    let network: ScriptedNetwork

    nonisolated(nonsending) func addresses(
        of question: NameQuestion, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> [Resolver.Answer] {
        network.note("look up \(question.family)")
        guard let lookup = network.lookups[question.family] else {
            throw ResolverError(.resolve, question.text, .nameNotFound)
        }
        let wanted = loop.world.now().advanced(by: .milliseconds(lookup.after))
        do throws(SocketError) { try await loop.sleep(for: loop.world.now().duration(to: min(wanted, deadline))) } catch
        {
            throw ResolverError(.resolve, question.text, .cancelled)
        }
        if wanted > deadline { throw ResolverError(.resolve, question.text, .timedOut) }
        return try lookup.answer.get().map {
            Resolver.Answer(address: $0, family: $0.family, kind: .stream, protocolNumber: .tcp)
        }
    }

    nonisolated(nonsending) func name(
        of address: SocketAddress, flags: NameLookupFlags, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> (host: String, service: String) {
        ("host.test", "test")
    }
}

private final class ScriptedDriver: NetworkDriver {
    let network: ScriptedNetwork
    unowned let loop: EventLoop
    /// Of this loop alone: the thread of one that has been stopped may still be waiting.
    private let signal = Signal()

    init(_ network: ScriptedNetwork, _ loop: EventLoop) {
        self.network = network
        self.loop = loop
    }

    func wait(_ timeout: Duration?) throws(SocketError) {
        if signal.take() || timeout == .zero { return }
        if let timeout, network.pass(timeout) { return }
        signal.wait()
    }

    func wake() { signal.give() }

    func connect(to address: SocketAddress, from source: SocketAddress?) throws(SocketError) -> any Transport {
        network.note("connect \(address)")
        return ScriptedTransport(network, network.outcome(of: address), address, loop)
    }

    func listen(at address: SocketAddress, backlog: Int, reusesPort: Bool) throws(SocketError) -> any Acceptor {
        throw SocketError(.listen, error: .notSupportedOnSocket)
    }

    func openDatagrams(
        at address: SocketAddress, options: DatagramSocket.Options
    ) throws(SocketError) -> any DatagramTransport {
        throw SocketError(.open, error: .notSupportedOnSocket)
    }

    func makePair() throws(SocketError) -> (any Transport, any Transport) {
        throw SocketError(.open, error: .notSupportedOnSocket)
    }
}

/// Nothing but the beginning and the end of a connection.
private final class ScriptedTransport: Transport {
    let network: ScriptedNetwork
    let outcome: ScriptedNetwork.Outcome
    let peer: SocketAddress?
    let loop: EventLoop
    let localAddress: SocketAddress?
    private let closed = Flag()
    private let attempt = Mutex<ScheduledCall?>(nil)

    init(
        _ network: ScriptedNetwork, _ outcome: ScriptedNetwork.Outcome, _ address: SocketAddress, _ loop: EventLoop
    ) {
        self.network = network
        self.outcome = outcome
        peer = address
        localAddress = outcome.isItself ? address : nil
        self.loop = loop
        network.state.withLock { $0.open += 1 }
    }

    func waitToConnect() throws(SocketError) -> Waiting? {
        let waiting = Waiting(on: loop)
        if let milliseconds = outcome.after {
            attempt.withLock { $0 = loop.schedule(after: .milliseconds(milliseconds)) { waiting.wake() } }
        }
        return waiting
    }

    func finishConnecting() throws(SocketError) {
        if let error = outcome.error { throw SocketError(.connect, error: error) }
    }

    func close() {
        if closed.isSet { return }
        closed.set()
        // Or time would go on to an event that concerns nobody any more.
        attempt.withLock { $0?.cancel() }
        network.state.withLock { $0.open -= 1 }
    }

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt { .ended }
    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt { .wouldBlock }
    func waitToReceive() throws(SocketError) -> Waiting? { nil }
    func wakeReceiver() {}
    func waitToSend() throws(SocketError) -> Waiting? { nil }
    func shutdownSending() throws(SocketError) {}
    func move(to loop: EventLoop) {}
    func abort() { close() }
    func cancel() {}
}
