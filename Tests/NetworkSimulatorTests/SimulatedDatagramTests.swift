// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What datagrams in memory do besides what datagrams do on every ground.
@Suite(.blocking) struct SimulatedDatagramTests {
    /// Three hosts, the first of which runs `body`.
    private func withHosts(
        _ settings: SimulatedNetwork.Settings = .init(), link: Link = Link(),
        _ body: @escaping @Sendable ([SimulatedHost]) async throws -> Void
    ) async throws -> [String] {
        let lines = Mutex<[String]>([])
        let network = SimulatedNetwork(settings) { event in lines.withLock { $0.append("\(event)") } }
        network.link = link
        let hosts = try ["one", "two", "three"].map { try network.host($0) }
        try await network.run(on: hosts[0]) { try await body(hosts) }
        return lines.withLock { $0 }
    }

    @Test func `a datagram takes the network's time from host to host`() async throws {
        let trace = try await withHosts(link: Link(latency: .milliseconds(10))) { hosts in
            let server = try await DatagramSocket(on: "10.0.0.2:53", loop: hosts[1].loop)
            let client = try await DatagramSocket(to: "10.0.0.2:53", loop: hosts[0].loop)
            let begin = hosts[0].loop.timeNow
            try await client.send("question")
            let question = try await server.receive()
            try await server.reply("", to: question)
            #expect(try await client.receive().bytes.isEmpty)
            let taken = begin.duration(to: hosts[0].loop.timeNow)
            #expect(taken >= .milliseconds(20) && taken < .milliseconds(21))
            #expect(client.localAddress == question.sender)
            server.close()
            client.close()
        }
        #expect(
            trace.map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == [
                "10.0.0.1:49152 > 10.0.0.2:53 datagram 8", "10.0.0.2:53 > 10.0.0.1:49152 datagram 0",
            ])
    }

    @Test func `the same program sends the same datagrams at the same times`() async throws {
        @Sendable func run() async throws -> [String] {
            try await withHosts { hosts in
                let server = try await DatagramSocket(on: "10.0.0.3:7", loop: hosts[2].loop)
                async let served: Void = {
                    for try await datagram in server { try await server.reply("!", to: datagram) }
                }()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<60 {
                        group.addTask(executorPreference: hosts[number % 2].loop) {
                            try await hosts[number % 2].loop.sleep(for: .microseconds(number * 37 % 11))
                            try await withDatagramSocket(to: "10.0.0.3:7") { client in
                                for length in 0..<5 { try await client.send([UInt8](repeating: 1, count: length)) }
                                for _ in 0..<5 { _ = try await client.receive() }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                server.close()
                try await served
            }
        }
        let first = try await run()
        #expect(first.count == 600)
        for _ in 0..<3 { #expect(try await run() == first) }
    }

    @Test func `a broadcast and a group reach every host that listens`() async throws {
        _ = try await withHosts { hosts in
            var sockets: [DatagramSocket] = []
            for host in hosts {
                sockets.append(
                    try await DatagramSocket(on: "0.0.0.0:99", options: .init(allowsBroadcast: true), loop: host.loop))
            }
            try await sockets[0].send("all", to: .ipv4(.broadcast, 99))
            for socket in sockets { #expect(try await socket.receive().sender == SocketAddress("10.0.0.1:99")) }

            let group = IPAddress.v4(IPv4Address(239, 1, 1, 1))
            try await sockets[1].join(group)
            try await sockets[2].join(group, from: IPAddress("10.0.0.2"))
            try await sockets[0].send("from one", to: SocketAddress(group, 99))
            #expect(try await sockets[1].text() == "from one")
            #expect(await sockets[2].isSilent())
            try await sockets[1].setMulticastLoopback(false)
            try await sockets[1].send("from two", to: SocketAddress(group, 99))
            #expect(try await sockets[2].text() == "from two")
            #expect(await sockets[1].isSilent())
            // A reach of 0 stays at home.
            try await sockets[1].setMulticastLoopback(true)
            try await sockets[1].setMulticastTimeToLive(0)
            try await sockets[1].send("at home", to: SocketAddress(group, 99))
            #expect(try await sockets[1].text() == "at home")
            #expect(await sockets[2].isSilent())
            for socket in sockets { socket.close() }
        }
    }

    @Test func `to nobody there goes nothing, and to no host not even that`() async throws {
        let trace = try await withHosts { hosts in
            try await withDatagramSocket(on: "*:0") { socket in
                try await socket.send("x", to: SocketAddress("10.0.0.2:1"))
                #expect(await socket.isSilent())
                try await socket.send("y", to: SocketAddress("10.0.0.2:1"))
                #expect(await socket.isSilent())
                #expect(
                    await reason { try await socket.send("x", to: SocketAddress("10.0.0.9:1")) }
                        == .system(.networkUnreachable))
            }
            #expect(
                await reason { _ = try await DatagramSocket(on: "10.0.0.2:0") } == .system(.addressNotAvailable))
            #expect(
                await reason {
                    let socket = try await DatagramSocket(on: "127.0.0.1:0")
                    try await socket.send("x", to: SocketAddress("10.0.0.2:1"))
                } == .system(.invalidArgument))
            #expect(
                await reason { try await withDatagramSocket(to: "unix-dgram:@name") { _ in } }
                    == .system(.connectionRefused))
        }
        #expect(trace.filter { $0.hasSuffix("refuse") }.count == 2)
    }

    @Test func `a full queue drops what comes, counts it, and always has room for one`() async throws {
        var settings = SimulatedNetwork.Settings()
        settings.datagramBufferSize = 1000
        _ = try await withHosts(settings) { hosts in
            try await withDatagramSocket(on: "127.0.0.1:0") { receiver in
                try await withDatagramSocket(to: receiver.localAddress) { sender in
                    try await sender.send([UInt8](repeating: 1, count: 65_507))
                    for _ in 0..<9 { try await sender.send("") }
                    try await hosts[0].loop.sleep(for: .seconds(1))
                    #expect(try await receiver.droppedCount() == 9)
                    #expect(try await receiver.receive().length == 65_507)
                    // 256 for each: four reach the thousand.
                    for _ in 0..<9 { try await sender.send("") }
                    try await hosts[0].loop.sleep(for: .seconds(1))
                    #expect(try await receiver.droppedCount() == 9 + 5)
                    for _ in 0..<4 { #expect(try await receiver.receive().bytes.isEmpty) }
                    #expect(await receiver.isSilent())
                }
            }
        }
    }

    @Test func `a stall names who waits for a datagram`() async throws {
        do {
            _ = try await withHosts { _ in
                try await withDatagramSocket(on: "127.0.0.1:53") { _ = try await $0.receive() }
            }
            Issue.record("it ended")
        } catch let stall as NetworkStalled { #expect(stall.waits.map(\.subject) == ["receive 127.0.0.1:53"]) }
    }
}
