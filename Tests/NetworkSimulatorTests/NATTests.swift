// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Datagrams past a NAT, in the terms of RFC 4787. B-TW-22, A-103
@Suite(.blocking) struct NATTests {
    private static func behaviors() -> [NATBehavior] {
        NATBehavior.Dependence.allCases.flatMap { mapping in
            NATBehavior.Dependence.allCases.map { NATBehavior(mapping: mapping, filtering: $0) }
        }
    }

    @Test func `those outside see the NAT's address, and answers find their way`() async throws {
        let ground = try NATGround(.portRestrictedCone)
        try await ground.run { ground in
            let server = try await ground.outside(ground.a, 9)
            try await withDatagramSocket(to: "a:9") { socket in
                #expect(socket.localAddress == (try? SocketAddress("192.168.1.2:49152")))
                try await socket.send("hi")
                let seen = try await server.receive()
                #expect(seen.sender == SocketAddress(ground.home.address, 49_152))
                try await server.reply("you", to: seen)
                #expect(try await socket.text() == "you")
                #expect(ground.home.mappings.map(\.description) == ["192.168.1.2:49152 > 10.0.0.3:49152"])
            }
            // Nobody outside reaches an inner address, or knows an inner name.
            let inner = SocketAddress(try #require(ground.ann.addresses.first), 9)
            #expect(await reason { try await server.send("x", to: inner) } == .system(.networkUnreachable))
            let resolver = AsyncResolver()
            #expect(throws: Never.self) { try ground.network.host(named: "ann") }
            await withTaskExecutorPreference(ground.a.loop) {
                _ = await #expect(throws: ResolverError.self) { try await resolver.addresses(of: "ann", port: 1) }
            }
            #expect(try await resolver.addresses(of: "a", port: 1).count == 1)
        }
        #expect(
            ground.network.trace.map { "\($0.source) > \($0.destination) \($0.kind)" } == [
                "192.168.1.2:49152 > 10.0.0.1:9 datagram 2", "192.168.1.2:49152 > 10.0.0.3:49152 mapped",
                "10.0.0.3:49152 > 10.0.0.1:9 translated 2", "10.0.0.1:9 > 10.0.0.3:49152 datagram 3",
                "10.0.0.1:9 > 192.168.1.2:49152 translated 3",
            ])
    }

    // RFC 4787 §4.1
    @Test(arguments: behaviors())
    func `the outer port depends on as much of the other side as the mapping says`(behavior: NATBehavior) async throws {
        try await NATGround(behavior).run { ground in
            let others = [
                try await ground.outside(ground.a, 1), try await ground.outside(ground.a, 2),
                try await ground.outside(ground.b, 1),
            ]
            try await withDatagramSocket(on: "*:4000") { socket in
                var seen: [SocketAddress] = []
                for _ in 0..<2 {
                    for other in others {
                        try await socket.send("x", to: other.localAddress)
                        seen.append(try await other.receive().sender)
                    }
                }
                #expect(Array(seen[..<3]) == Array(seen[3...]), "a mapping stays")
                #expect(seen[0] == SocketAddress(ground.home.address, 4000), "the port is kept where it can be")
                let expected = [
                    NATBehavior.Dependence.endpointIndependent: 1, .addressDependent: 2, .addressAndPortDependent: 3,
                ]
                #expect(Set(seen).count == expected[behavior.mapping])
                #expect((seen[0] == seen[1]) == (behavior.mapping != .addressAndPortDependent))
            }
        }
    }

    // RFC 4787 §5
    @Test(arguments: behaviors())
    func `who may send in depends on as much of the other side as the filtering says`(
        behavior: NATBehavior
    ) async throws {
        let ground = try NATGround(behavior)
        try await ground.run { ground in
            let others = [
                try await ground.outside(ground.a, 1), try await ground.outside(ground.a, 2),
                try await ground.outside(ground.b, 1),
            ]
            try await withDatagramSocket(on: "*:4000") { socket in
                try await socket.send("x", to: others[0].localAddress)
                let outer = try await others[0].receive().sender
                var heard: [Bool] = []
                for other in others {
                    try await other.send("in", to: outer)
                    heard.append(!(await socket.isSilent()))
                    while !(await socket.isSilent()) {}
                }
                #expect(
                    heard == [
                        true, behavior.filtering != .addressAndPortDependent,
                        behavior.filtering == .endpointIndependent,
                    ])
                #expect(
                    ground.network.trace.count { $0.kind == .filtered(2) } == heard.count { !$0 })
            }
        }
    }

    // RFC 4787 §4.3
    @Test func `a mapping times out when nothing goes out, and what comes in keeps it only where it may`() async throws
    {
        for isRefreshed in [false, true] {
            var behavior = NATBehavior.fullCone
            behavior.mappingTimeout = .seconds(30)
            behavior.isRefreshedFromOutside = isRefreshed
            try await NATGround(behavior).run { ground in
                let other = try await ground.outside(ground.a, 1)
                try await withDatagramSocket(on: "*:4000") { socket in
                    func goOut() async throws -> SocketAddress {
                        try await socket.send("x", to: other.localAddress)
                        return try await other.receive().sender
                    }
                    let outer = try await goOut()
                    for _ in 0..<3 {
                        try await ground.ann.loop.sleep(for: .seconds(29))
                        #expect(try await goOut() == outer)
                    }
                    for round in 1...3 {
                        try await ground.ann.loop.sleep(for: .seconds(20))
                        try await other.send("in", to: outer)
                        #expect(await socket.isSilent() == (!isRefreshed && round > 1), "\(isRefreshed) \(round)")
                        while !(await socket.isSilent()) {}
                    }
                    #expect(ground.home.mappings.isEmpty == !isRefreshed)
                    _ = try await goOut()
                    #expect(ground.home.mappings.count == 1)
                }
            }
        }
    }

    @Test func `a full table lets nothing new out until something has timed out`() async throws {
        var behavior = NATBehavior.symmetric
        behavior.capacity = 2
        behavior.mappingTimeout = .seconds(10)
        let ground = try NATGround(behavior)
        try await ground.run { ground in
            let other = try await ground.outside(ground.a, 1)
            let sockets = [
                try await DatagramSocket(to: "a:1"), try await DatagramSocket(to: "a:1"),
                try await DatagramSocket(to: "a:1"),
            ]
            for (number, socket) in sockets.enumerated() {
                try await socket.send("x")
                #expect(await other.isSilent() == (number == 2))
                while !(await other.isSilent()) {}
            }
            #expect(ground.home.mappings.count == 2)
            try await sockets[1].send("y")
            #expect(try await other.text() == "y", "what has a mapping goes on")
            try await ground.ann.loop.sleep(for: .seconds(11))
            try await sockets[2].send("z")
            #expect(try await other.text() == "z")
            for socket in sockets { socket.close() }
        }
        #expect(ground.network.trace.count { $0.kind == .dropped(1) } == 1)
    }

    @Test func `ports are kept, counted or drawn`() async throws {
        @Sendable func seen(_ ports: NATBehavior.PortAssignment, seed: UInt64) async throws -> [UInt16] {
            var behavior = NATBehavior.fullCone
            behavior.ports = ports
            let ground = try NATGround(behavior, seed: seed)
            let bob = try ground.network.host("bob", behind: ground.home)
            let list = Mutex<[UInt16]>([])
            try await ground.run { ground in
                let other = try await ground.outside(ground.a, 1)
                for host in [ground.ann, bob] {
                    let socket = try await DatagramSocket(on: "*:4000", loop: host.loop)
                    try await socket.send("x", to: other.localAddress)
                    let port = try await other.receive().sender.port
                    list.withLock { $0.append(port?.rawValue ?? 0) }
                }
            }
            return list.withLock { $0 }
        }
        #expect(try await seen(.preserved, seed: 1) == [4000, 4001])
        #expect(try await seen(.sequential, seed: 1) == [1024, 1025])
        let drawn = try await seen(.random, seed: 1)
        #expect(Set(drawn).count == 2 && drawn.allSatisfy { $0 >= 1024 })
        #expect(try await seen(.random, seed: 1) == drawn)
        #expect(try await seen(.random, seed: 2) != drawn)
    }

    // RFC 4787 §6
    @Test(arguments: [true, false])
    func `two behind one NAT reach each other by its address only where it hairpins`(hairpins: Bool) async throws {
        var behavior = NATBehavior.fullCone
        behavior.hairpins = hairpins
        let ground = try NATGround(behavior)
        let bob = try ground.network.host("bob", behind: ground.home)
        try await ground.run { ground in
            let server = try await ground.outside(ground.a, 1)
            let (first, second) = (
                try await DatagramSocket(on: "*:1000"), try await DatagramSocket(on: "*:2000", loop: bob.loop)
            )
            try await second.send("x", to: server.localAddress)
            let outer = try await server.receive().sender
            try await first.send("over the roof", to: outer)
            if hairpins {
                let datagram = try await second.receive()
                #expect(datagram.sender.ip == ground.home.address, "RFC 4787 REQ-9: the outer source")
            } else {
                #expect(await second.isSilent())
            }
            // Inside there is no NAT between them.
            try await first.send("directly", to: SocketAddress(try #require(bob.addresses.first), 2000))
            #expect(try await second.receive().sender == (try SocketAddress("192.168.1.2:1000")))
        }
    }

    @Test func `who is told that nobody listens is told so through a NAT too`() async throws {
        let ground = try NATGround(.symmetric)
        try await ground.run { _ in
            try await withDatagramSocket(to: "a:9") { socket in
                try await socket.send("anybody?")
                #expect(await reason { _ = try await socket.receive() } == .system(.connectionRefused))
            }
        }
    }

    @Test func `a crash and a forgetful NAT make holes anew, and the way out works on`() async throws {
        for crashes in [false, true] {
            let ground = try NATGround(.portRestrictedCone)
            try await ground.run { ground in
                let other = try await ground.outside(ground.a, 1)
                let socket = try await DatagramSocket(to: "a:1")
                try await socket.send("x")
                let outer = try await other.receive().sender
                if crashes {
                    ground.home.host.crash()
                    try await socket.send("into nothing")
                    #expect(await other.isSilent())
                    ground.home.host.restart()
                } else {
                    ground.home.forgetMappings()
                }
                #expect(ground.home.mappings.isEmpty)
                try await other.send("too late", to: outer)
                #expect(await socket.isSilent())
                try await socket.send("y")
                #expect(try await other.text() == "y")
                try await other.send("again", to: outer)
                #expect(try await socket.text() == "again")
            }
        }
    }

    @Test func `the same seed gives the same trace, twenty times`() throws {
        func quarrel(_ seed: UInt64) throws -> UInt64 {
            let network = SimulatedNetwork(seed: seed)
            network.link = Link(latency: .milliseconds(3), jitter: .milliseconds(4), loss: 0.05)
            network.link.duplication = 0.1
            network.link.reordering = 0.1
            try network.host("server") {
                try await withDatagramSocket(on: "*:9") { socket in
                    for try await datagram in socket { try await socket.reply(datagram.bytes, to: datagram) }
                }
            }
            try network.host("web") { try await serve(on: .public(7)) { try await $0.echo() } }
            var behavior = NATBehavior.symmetric
            behavior.ports = .random
            behavior.mappingTimeout = .milliseconds(300)
            for number in 0..<3 {
                let nat = try network.nat("nat \(number)", behavior)
                try network.host("host \(number)", behind: nat) {
                    let loop = try #require(EventLoop.running)
                    var numbers = loop.world.randomness
                    while !Task.isCancelled {
                        try await loop.sleep(for: .milliseconds(Int(numbers.next() % 200)))
                        _ = try? await withDeadline(.milliseconds(100)) {
                            try await withDatagramSocket(to: "server:9") { socket in
                                try await socket.send("hi")
                                _ = try await socket.receive()
                            }
                        }
                        _ = try? await withDeadline(.seconds(1)) {
                            try await withConnection(to: "web:7") { connection in
                                try await connection.send([UInt8](repeating: 1, count: 3000))
                                _ = try await connection.receive(upTo: 10)
                            }
                        }
                    }
                }
            }
            network.disturb(Disturbance(every: .milliseconds(100) ... .seconds(1)))
            try network.run(for: .seconds(4))
            return network.traceHash
        }
        let first = try quarrel(7)
        for _ in 0..<19 { #expect(try quarrel(7) == first) }
        #expect(try quarrel(8) != first)
    }
}
