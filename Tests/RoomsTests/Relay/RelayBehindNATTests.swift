// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

@testable import Rooms

/// What a test throws where it finds something else than it should.
private struct Surprise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

private func check(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw Surprise(text()) }
}

/// A relay that everybody reaches, ann at home and bob at the office, each behind a NAT.
private struct Town {
    let network: SimulatedNetwork
    let home, office: SimulatedNAT
    let relay: SimulatedHost
    static let ann = ChatName(known: "ann")
    static let bob = ChatName(known: "bob")

    init(_ network: SimulatedNetwork, home: NATBehavior, office: NATBehavior) throws {
        self.network = network
        network.link.latency = .milliseconds(10)
        relay = try network.host("relay") {
            let loop = try #require(EventLoop.running)
            let relay = RelayServer(on: loop)
            let server = try await Server(on: .public(5000), loop: loop) { try await relay.serve($0) }
            let datagrams = try await DatagramSocket(on: .public(5000), loop: loop)
            try await relay.run(hearing: datagrams) { try await server.run() }
        }
        self.home = try network.nat("home", home)
        self.office = try network.nat("office", office)
    }

    /// Adds a host behind a NAT that logs in.
    func client(
        _ host: String, behind nat: SimulatedNAT, as name: ChatName,
        _ body: @escaping @Sendable (RelayClient) async throws -> Void
    ) throws {
        try network.client(host, behind: nat) {
            let loop = try #require(EventLoop.running)
            while true {
                do { return try await RelayClient.run(as: name, at: "relay:5000", on: loop, body) } catch {
                    // Where one in five is lost on its way there and back, the few that a connect sends may all be.
                    guard let error = error as? SocketError, error.operation == .connect else { throw error }
                }
            }
        }
    }

    /// Waits until somebody is there, and has had the time to tell the relay where.
    static func wait(for name: ChatName, _ client: RelayClient) async throws {
        try await client.watch(name)
        while try await client.next() != .online(name) {}
        try await EventLoop.running?.sleep(for: .seconds(1))
    }

    /// Whether something of this length, or a little longer, went by the relay.
    func hasRelayed(_ length: Int) -> Bool {
        network.trace.contains { event in
            let isRelays = [event.source.ip, event.destination.ip].contains(relay.addresses[0])
            return switch event.kind {
            case .bytes(let count), .again(let count), .datagram(let count), .translated(let count):
                isRelays && count >= length
            default: false
            }
        }
    }
}

/// The QQ principle behind address translators: directly where a hole can be punched, and by the relay where not.
@Suite(.blocking) struct RelayBehindNATTests {
    private static let text = String(repeating: "x", count: 700)

    /// Two kinds of NAT, and whether a hole can be punched between them.
    struct Pair: Sendable, CustomTestStringConvertible {
        let one, other: NATBehavior
        let isDirect: Bool
        let testDescription: String

        init(_ one: NATBehavior, _ other: NATBehavior, isDirect: Bool) {
            (self.one, self.other, self.isDirect) = (one, other, isDirect)
            let names = [one, other].map { "\($0.mapping) \($0.filtering)" }
            testDescription = names.joined(separator: " and ")
        }
    }

    static let pairs: [Pair] = [
        Pair(.fullCone, .fullCone, isDirect: true),
        Pair(.restrictedCone, .restrictedCone, isDirect: true),
        Pair(.portRestrictedCone, .portRestrictedCone, isDirect: true),
        Pair(.fullCone, .portRestrictedCone, isDirect: true),
        // The symmetric one's new port is let in, and learned from what comes.
        Pair(.symmetric, .fullCone, isDirect: true),
        Pair(.symmetric, .restrictedCone, isDirect: true),
        // Here it is not: nobody could have told which one it would be.
        Pair(.symmetric, .portRestrictedCone, isDirect: false),
        Pair(.symmetric, .symmetric, isDirect: false),
    ]

    //
    @Test(arguments: pairs, [false, true])
    func `two behind NATs talk directly where a hole can be punched, and by the relay where not`(
        pair: Pair, isSwapped: Bool
    ) throws {
        let network = SimulatedNetwork(seed: 1)
        var (home, office) = isSwapped ? (pair.other, pair.one) : (pair.one, pair.other)
        // Ports that nobody can guess.
        (home.ports, office.ports) = (.random, .random)
        let town = try Town(network, home: home, office: office)
        let (ann, bob, text) = (Town.ann, Town.bob, Self.text)
        try town.client("ann's", behind: town.home, as: ann) { here in
            try await Town.wait(for: bob, here)
            for number in 0..<3 {
                let route = try await here.send("\(text)\(number)", to: bob)
                try check(route == (pair.isDirect ? .direct : .relayed(1)), "\(route)")
            }
            let answer = try await here.next()
            try check(
                answer == .message("\(text)!", from: bob, isDirect: pair.isDirect), "\(String(describing: answer))")
        }
        try town.client("bob's", behind: town.office, as: bob) { there in
            for number in 0..<3 {
                let seen = try await there.next()
                try check(
                    seen == .message("\(text)\(number)", from: ann, isDirect: pair.isDirect),
                    "\(String(describing: seen))")
            }
            let route = try await there.send("\(text)!", to: ann)
            try check(route == (pair.isDirect ? .direct : .relayed(1)), "\(route)")
        }
        try network.run(for: .seconds(120))
        #expect(town.hasRelayed(700) == !pair.isDirect, "\(network.traceText)")
        // Directly is from one box to the other.
        let lengths = network.trace.compactMap { event -> Int? in
            guard event.source.ip == town.home.address, event.destination.ip == town.office.address else { return nil }
            return if case .translated(let count) = event.kind { count } else { nil }
        }
        #expect(lengths.contains { $0 > 700 } == pair.isDirect, "\(lengths)")
    }

    //
    @Test(arguments: [false, true])
    func `several clients of one user behind one NAT are all told, directly from outside`(hairpins: Bool) throws {
        let network = SimulatedNetwork(seed: 2)
        var office = NATBehavior.portRestrictedCone
        office.hairpins = hairpins
        let town = try Town(network, home: .portRestrictedCone, office: office)
        let (ann, bob, text) = (Town.ann, Town.bob, Self.text)
        try town.client("ann's", behind: town.home, as: ann) { here in
            try await Town.wait(for: bob, here)
            let route = try await here.send(text, to: bob)
            try check(route == .direct, "\(route)")
        }
        // One host, one user, two clients.
        try town.network.client("bob's", behind: town.office) {
            let loop = try #require(EventLoop.running)
            try await RelayClient.run(as: bob, at: "relay:5000", on: loop) { first in
                try await RelayClient.run(as: bob, at: "relay:5000", on: loop) { second in
                    for client in [first, second] {
                        let seen = try await client.next()
                        try check(seen == .message(text, from: ann, isDirect: true), "\(String(describing: seen))")
                    }
                    // Each other they reach by the outer address alone.
                    let route = try await first.send("note", to: bob)
                    try check(route == (hairpins ? .direct : .relayed(1)), "\(route)")
                    let seen = try await second.next()
                    try check(seen == .message("note", from: bob, isDirect: hairpins), "\(String(describing: seen))")
                }
            }
        }
        try network.run(for: .seconds(60))
        #expect(!town.hasRelayed(700))
    }

    //
    @Test func `a way to the relay is kept open for as long as a NAT remembers it`() throws {
        let network = SimulatedNetwork(seed: 3)
        var behavior = NATBehavior.portRestrictedCone
        behavior.mappingTimeout = .seconds(20)
        behavior.ports = .random
        let town = try Town(network, home: behavior, office: behavior)
        let (ann, bob, text) = (Town.ann, Town.bob, Self.text)
        try town.client("ann's", behind: town.home, as: ann) { here in
            try await Town.wait(for: bob, here)
            for _ in 0..<3 {
                let route = try await here.send(text, to: bob)
                try check(route == .direct, "\(route)")
                try await EventLoop.running?.sleep(for: .seconds(600))
            }
        }
        try town.client("bob's", behind: town.office, as: bob) { there in
            for _ in 0..<3 {
                let seen = try await there.next()
                try check(seen == .message(text, from: ann, isDirect: true), "\(String(describing: seen))")
            }
        }
        try network.run(for: .seconds(3600))
    }

    //
    @Test func `whatever is lost on the way, each message is read once`() throws {
        let kinds: [NATBehavior] = [.fullCone, .portRestrictedCone, .symmetric]
        try explore(seeds: 0..<UInt64(repetitions(90, soak: 10_000))) { network in
            let seed = Int(network.seed ?? 0)
            let town = try Town(network, home: kinds[seed % 3], office: kinds[seed / 3 % 3])
            network.link = Link(latency: .milliseconds(10), jitter: .milliseconds(20), loss: 0.05)
            network.link.duplication = 0.1
            network.link.reordering = 0.1
            // Between the two it is worst: what goes by the relay gets through more often.
            network.setLink(Link(latency: .milliseconds(10), loss: 0.4), between: town.home.host, and: town.office.host)
            let (ann, bob) = (Town.ann, Town.bob)
            try town.client("ann's", behind: town.home, as: ann) { here in
                // At once: the relay may not know yet where bob is.
                try await here.watch(bob)
                while try await here.next() != .online(bob) {}
                for number in 0..<5 {
                    let route = try await here.send("\(number)", to: bob)
                    try check(route == .direct || route == .relayed(1), "\(number): \(route)")
                }
                while try await here.next() != .offline(bob) {}
            }
            try town.client("bob's", behind: town.office, as: bob) { there in
                for number in 0..<5 {
                    let seen = try await there.next()
                    guard case .message("\(number)", ann, _) = seen else {
                        throw Surprise("\(number): \(String(describing: seen))")
                    }
                }
                let more = try? await withDeadline(.seconds(30)) { try await there.next() }
                try check(more == nil, "\(String(describing: more))")
            }
            try network.run(for: .seconds(600))
        }
    }
}
