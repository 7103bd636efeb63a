// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What links do to streams and to datagrams. B-TW-22
@Suite(.blocking) struct LinkTests {
    /// Two hosts and a server on the second one that echoes; `body` runs on the first.
    private func withEcho(
        seed: UInt64? = 1, _ link: Link, _ settings: SimulatedNetwork.Settings = .init(),
        _ body: @escaping @Sendable (SimulatedNetwork, SimulatedHost) async throws -> Void
    ) async throws -> [NetworkEvent.Kind] {
        let network = SimulatedNetwork(seed: seed, settings)
        network.link = link
        let near = try network.host("near")
        try network.host("far") { try await serve(on: .public(7)) { try await $0.echo() } }
        try await network.run(on: near) { try await body(network, near) }
        return network.trace.map(\.kind)
    }

    // MARK: Streams

    // what TCP guarantees and UDP does not, over one lossy link
    @Test(arguments: [0.05, 0.3]) func `a stream over a lossy link is whole and in order, and costs time`(
        loss: Double
    ) async throws {
        let link = Link(latency: .milliseconds(10), jitter: .milliseconds(5), loss: loss)
        let kinds = try await withEcho(link) { _, near in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
            let begin = near.loop.timeNow
            try await withConnection(to: "far:7", timeout: .seconds(100)) { connection in
                async let sent: Void = {
                    for start in stride(from: 0, to: bytes.count, by: 1000) {
                        try await connection.send(Array(bytes[start..<start + 1000]))
                    }
                    try await connection.shutdownSending()
                }()
                var seen: [UInt8] = []
                while let piece = try await connection.receive(upTo: 65_536) { seen += piece }
                try await sent
                #expect(seen == bytes)
            }
            #expect(begin.duration(to: near.loop.timeNow) > .milliseconds(200))
        }
        let losses = kinds.count { if case .lost = $0 { true } else { false } }
        let repeats = kinds.count { if case .again = $0 { true } else { false } }
        #expect(losses > 5 && repeats >= losses - 3, "\(losses) \(repeats)")
    }

    //
    @Test func `datagrams over a lossy link are lost for good`() async throws {
        var link = Link(loss: 0.3)
        link.duplication = 0.2
        link.reordering = 0.2
        let network = SimulatedNetwork(seed: 3)
        network.link = link
        let (near, far) = (try network.host("near"), try network.host("far"))
        let seen = try await network.run(on: near) {
            let receiver = try await DatagramSocket(on: "*:9", loop: far.loop)
            let sender = try await DatagramSocket(to: "far:9")
            for number in 0..<200 {
                try await sender.send([UInt8(number)])
                try await near.loop.sleep(for: .milliseconds(1))
            }
            var seen: [UInt8] = []
            while let next = try? await withDeadline(.seconds(1), { try await receiver.receive() }) {
                seen.append(next.bytes[0])
            }
            return seen
        }
        #expect(Set(seen).count < 170 && Set(seen).count > 110)
        #expect(Set(seen).count < seen.count)
        #expect(seen != seen.sorted())
    }

    @Test func `bandwidth makes a transfer take its time, and a long queue loses what is too much`() async throws {
        _ = try await withEcho(Link(latency: .milliseconds(1), bandwidth: 100_000)) { _, near in
            let begin = near.loop.timeNow
            try await withConnection(to: "far:7") { connection in
                async let sent: Void = connection.send([UInt8](repeating: 1, count: 100_000))
                var count = 0
                while count < 100_000, let piece = try await connection.receive(upTo: 65_536) { count += piece.count }
                try await sent
            }
            let taken = begin.duration(to: near.loop.timeNow)
            #expect(taken >= .seconds(1) && taken < .milliseconds(2_500), "\(taken)")
        }
        var narrow = Link(bandwidth: 1000)
        narrow.queueSize = 2000
        let kinds = try await withEcho(narrow) { _, _ in
            let socket = try await DatagramSocket(to: "far:9")
            for _ in 0..<10 { try await socket.send([UInt8](repeating: 1, count: 1000)) }
        }
        #expect(kinds.count { $0 == .lost(1000) } == 7)
    }

    @Test func `an MTU cuts streams, and does to datagrams what the link says`() async throws {
        var link = Link()
        link.mtu = 1500
        let kinds = try await withEcho(link) { network, near in
            try await withConnection(to: "far:7") { connection in
                try await connection.send([UInt8](repeating: 1, count: 4000))
                try await near.loop.sleep(for: .seconds(1))
            }
            let far = try network.host(named: "far")
            let receiver = try await DatagramSocket(on: "*:9", loop: far.loop)
            let sender = try await DatagramSocket(to: "far:9")
            let long = [UInt8](repeating: 1, count: 3000)
            for (oversize, length) in [(Link.Oversize.fragment, 3000), (.truncate, 1472)] {
                network.link.oversize = oversize
                try await sender.send(long)
                #expect(try await receiver.receive().bytes.count == length)
            }
            network.link.oversize = .refuse
            #expect(await reason { try await sender.send(long) } == .system(.messageTooLong))
            network.link.oversize = .drop
            try await sender.send(long)
            #expect(await receiver.isSilent())
        }
        #expect(kinds.filter { $0 == .bytes(1460) }.count >= 2 && kinds.contains(.bytes(1080)))
        #expect(kinds.contains(.truncated(1472)) && kinds.contains(.lost(3000)))
    }

    @Test func `a corrupted datagram has one wrong bit, and a stream none`() async throws {
        var link = Link()
        link.corruption = 1
        let network = SimulatedNetwork(seed: 9)
        network.link = link
        let (near, far) = (try network.host("near"), try network.host("far"))
        try await network.run(on: near) {
            let receiver = try await DatagramSocket(on: "*:9", loop: far.loop)
            let sender = try await DatagramSocket(to: "far:9")
            try await sender.send([UInt8](repeating: 0, count: 100))
            let bits = try await receiver.receive().bytes.map(\.nonzeroBitCount)
            #expect(bits.reduce(0, +) == 1)
            let server = try await Server(on: "*:7", loop: far.loop) { try await $0.echo() }
            async let running: Void = server.run()
            try await withConnection(to: "far:7") { connection in
                try await connection.send([1, 2, 3])
                #expect(try await connection.receive(upTo: 3) == [1, 2, 3])
            }
            server.drain()
            try await running
        }
    }

    // MARK: Backpressure

    @Test func `a sender whose reader sleeps waits, and no more is under way than fits`() async throws {
        var settings = SimulatedNetwork.Settings()
        settings.bufferSize = 10_000
        let network = SimulatedNetwork(seed: 5, settings)
        let (near, far) = (try network.host("near"), try network.host("far"))
        try await network.run(on: near) {
            let listener = try await Listener(on: "*:7", loop: far.loop)
            let connection = try await Connector().connect(to: "far:7")
            let served = try await listener.accept()
            connection.writeDeadline = near.loop.timeNow.advanced(by: .seconds(5))
            let bytes = [UInt8](repeating: 7, count: 30_000)
            #expect(await reason { try await connection.send(bytes) } == .timedOut)
            var count = 0
            served.readDeadline = near.loop.timeNow.advanced(by: .seconds(1))
            while let piece = try? await served.receive(upTo: 3000) { count += piece.count }
            #expect(count == 10_000)
            connection.close()
            served.close()
            listener.close()
        }
    }

    // MARK: UNIX datagrams

    @Test func `UNIX datagrams stay on their host, are never lost, and make their sender wait`() async throws {
        var settings = SimulatedNetwork.Settings()
        settings.datagramBufferSize = 3 * (256 + 10)
        let network = SimulatedNetwork(seed: 4, settings)
        network.link.loss = 1
        network.loopback.loss = 1
        let (host, other) = (try network.host("host"), try network.host("other"))
        try await network.run(on: host) {
            let receiver = try await DatagramSocket(on: "unix-dgram:/run/log")
            let sender = try await DatagramSocket(on: "unix-dgram:@me")
            async let sent: Void = {
                for number in 0..<20 {
                    try await sender.send([UInt8](repeating: UInt8(number), count: 10), to: receiver.localAddress)
                }
            }()
            for number in 0..<20 {
                try await host.loop.sleep(for: .milliseconds(10))
                let datagram = try await receiver.receive()
                #expect(datagram.bytes == [UInt8](repeating: UInt8(number), count: 10))
                #expect(datagram.sender == sender.localAddress)
            }
            try await sent
            try await receiver.send("back", to: sender.localAddress)
            #expect(try await sender.text() == "back")
            #expect(
                await reason { _ = try await DatagramSocket(to: "unix-dgram:/run/log", loop: other.loop) }
                    == .system(.connectionRefused))
            let client = try await DatagramSocket(to: "unix-dgram:/run/log")
            try await client.send("from nobody")
            #expect(try await receiver.text() == "from nobody")
            receiver.close()
            #expect(await reason { try await client.send("x") } == .system(.connectionRefused))
        }
    }
}
