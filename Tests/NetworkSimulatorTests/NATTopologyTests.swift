// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import TestSupport
import Testing

/// Who is behind a NAT, and what lies between. B-TW-22
@Suite(.blocking) struct NATTopologyTests {
    @Test func `a NAT behind a NAT translates twice, and equal inner addresses do not meet`() async throws {
        let network = SimulatedNetwork(seed: 3)
        network.link = Link(latency: .milliseconds(10))
        let server = try network.host("server")
        let carrier = try network.nat("carrier", .fullCone)
        let same = try IPAddress("192.168.0.2")
        let homes = try ["one", "two"].map { try network.nat($0, behind: carrier) }
        let hosts = try homes.map { try network.host("host of \($0.name)", at: same, behind: $0) }
        try await network.run(on: hosts[0]) {
            let socket = try await DatagramSocket(on: "*:9", loop: server.loop)
            var senders: [SocketAddress] = []
            for (number, host) in hosts.enumerated() {
                let client = try await DatagramSocket(on: "*:5000", loop: host.loop)
                let begin = host.loop.timeNow
                try await client.send("\(number)", to: SocketAddress("10.0.0.1:9"))
                let seen = try await socket.receive()
                senders.append(seen.sender)
                try await socket.reply("back to \(number)", to: seen)
                #expect(try await client.text() == "back to \(number)")
                let taken = begin.duration(to: host.loop.timeNow)
                #expect(taken >= .milliseconds(60) && taken < .milliseconds(61), "three links each way: \(taken)")
            }
            #expect(senders == [SocketAddress(carrier.address, 5000), SocketAddress(carrier.address, 5001)])
            #expect(carrier.mappings.map(\.inside.ip) == homes.map(\.address))
        }
    }

    @Test func `a broadcast stays on its side`() async throws {
        let ground = try NATGround(.fullCone)
        let bob = try ground.network.host("bob", behind: ground.home)
        try await ground.run { ground in
            var sockets: [DatagramSocket] = []
            for host in [ground.ann, bob, ground.a, ground.b] {
                sockets.append(
                    try await DatagramSocket(on: "*:99", options: .init(allowsBroadcast: true), loop: host.loop))
            }
            try await sockets[0].send("inside", to: .ipv4(.broadcast, 99))
            try await sockets[2].send("outside", to: .ipv4(.broadcast, 99))
            for (socket, text) in zip(sockets, ["inside", "inside", "outside", "outside"]) {
                #expect(try await socket.text() == text)
                #expect(await socket.isSilent())
            }
        }
    }

    @Test func `what a topology can't have is refused, with the reason`() throws {
        let network = SimulatedNetwork()
        let home = try network.nat("home", at: IPAddress("198.51.100.1"))
        try network.host("ann", at: IPAddress("10.0.0.9"), behind: home)
        func refusal(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "nothing"
            } catch { return "\(error)" }
        }
        #expect(refusal { try network.host("ann") }.contains("there is a host ann already"))
        #expect(
            refusal { try network.host("eve", at: IPAddress("198.51.100.1"), behind: home) }
                .contains("198.51.100.1 is the address of host home, on the other side of a NAT"))
        #expect(
            refusal { try network.host("eve", at: IPAddress("10.0.0.9")) }
                .contains("10.0.0.9 is the address of host ann, on the other side of a NAT"))
        #expect(
            refusal { try network.host("eve", at: IPAddress("10.0.0.9"), behind: home) }
                .contains("10.0.0.9 is the address of host ann"))
        #expect(
            refusal { try network.host("eve", at: IPAddress("fd00::1"), behind: home) }
                .contains("a NAT translates IPv4 alone"))
        #expect(refusal { _ = try network.nat("six", at: IPAddress("fd00::1")) }.contains("translates IPv4 alone"))
        #expect(refusal { _ = try network.nat("seven", at: IPAddress("127.0.0.1")) }.contains("can't be a host's"))
        #expect(
            refusal { try SimulatedNetwork().host("eve", behind: home) }.contains("home is a NAT of another network"))
        // What is given out by itself keeps out of the way.
        for number in 0..<300 { try network.host("\(number)", behind: home) }
        for number in 300..<320 { try network.host("\(number)") }
        let addresses = network.hosts.flatMap(\.addresses)
        #expect(Set(addresses).count == addresses.count)
    }

    @Test func `links lead to a NAT and from there, and can be cut there`() async throws {
        let ground = try NATGround(.fullCone)
        let (ann, a, box) = (ground.ann, ground.a, ground.home.host)
        ground.network.setLink(Link(latency: .milliseconds(30)), between: ann, and: box)
        ground.network.setLink(Link(latency: .milliseconds(50)), between: box, and: a)
        try await ground.run { ground in
            let other = try await ground.outside(ground.a, 1)
            let socket = try await DatagramSocket(to: "a:1")
            let begin = ground.ann.loop.timeNow
            try await socket.send("x")
            #expect(try await other.text() == "x")
            #expect(begin.duration(to: ground.ann.loop.timeNow) >= .milliseconds(80))
            for (one, two) in [(ann, box), (box, a)] {
                ground.network.partition(one, from: two)
                try await socket.send("lost")
                #expect(
                    await reason { _ = try await withDeadline(.seconds(1)) { try await other.receive() } } == .timedOut)
                ground.network.heal()
                ground.network.hold(from: one, to: two)
                try await socket.send("held")
                #expect(
                    await reason { _ = try await withDeadline(.seconds(1)) { try await other.receive() } } == .timedOut)
                ground.network.release(from: one, to: two)
                #expect(try await other.text() == "held")
            }
        }
    }
}
