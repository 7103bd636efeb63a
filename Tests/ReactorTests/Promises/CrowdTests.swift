// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Issue 3, bad input: whoever comes 5,000 times at once costs its own share of the seats and nothing else.
@Suite(.blocking) struct CrowdTests {
    /// All of them are under way before the first is let go of: half reset, a quarter end their sending direction, a
    /// quarter say nothing, until standard input ends.
    private static let crowd = """
        import resource, select, socket, struct, sys
        address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        watch = select.epoll()
        clients = {}
        for number in range(count):
            client = socket.socket()
            client.setblocking(False)
            client.bind(("127.0.0.3", 0))
            client.connect_ex((address, port))
            watch.register(client.fileno(), select.EPOLLOUT)
            clients[client.fileno()] = (number, client)
        waiting, failed = set(clients), 0
        while waiting:
            ready = watch.poll(60)
            if not ready: break
            for descriptor, _ in ready:
                watch.unregister(descriptor)
                waiting.discard(descriptor)
                number, client = clients[descriptor]
                try:
                    if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR): failed += 1
                    elif number % 4 < 2:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        del clients[descriptor]
                        client.close()
                    elif number % 4 == 2: client.shutdown(socket.SHUT_WR)
                except OSError: pass
        print("done", count, "failed", failed, "waiting", len(waiting), flush=True)
        sys.stdin.read()
        """

    /// How long a client from this address waits until it is served; one that is refused comes again.
    private func timeUntilServed(by server: LoadedServer, from source: String) throws -> Duration {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(20) {
            if let client = try? Socket.connecting(
                to: server.address, within: .seconds(20), from: try SocketAddress("\(source):0"))
            {
                if (try? SharedSocket(client).exchange("there")) == true { break }
            }
        }
        return ContinuousClock.now - start
    }

    @Test(arguments: ["loops=one", "loops=all", "face=protocols"])
    func `a crowd that comes at once costs its own seats, and leaves nothing behind`(setting: String) throws {
        let count = repetitions(400, soak: 5000)
        let server = try LoadedServer("echo", ["connections=64", "per-peer=48", setting])
        let early = try server.client()
        #expect(try early.exchange("early"))
        let port = try #require(server.address.port)
        let (descriptors, memory) = (try server.descriptorsAtRest(), try server.program.use.memory)
        var (during, after) = (Duration.seconds(60), Duration.seconds(60))
        for round in 1...3 {
            let crowd = try ForeignProgram(Python.executable, ["-c", Self.crowd, "127.0.0.2", "\(port)", "\(count)"])
            crowd.limit = .seconds(120)
            #expect(try crowd.line(containing: "done") == "done \(count) failed 0 waiting 0")
            // The silent ones have all the seats that an address may have, and others are served beside them.
            during = min(during, try timeUntilServed(by: server, from: "127.0.0.4"))
            #expect(try early.exchange("round \(round)"))
            try crowd.closeInput()
            #expect(try crowd.exit() == .status(0))
            after = min(after, try timeUntilServed(by: server, from: "127.0.0.3"))
            try server.wait("the crowd's end") {
                let counts = try server.counts()
                return counts["open"] == 1 && counts["held"] == 1
            }
            try server.wait("its descriptors") { try server.program.use.descriptors <= descriptors }
        }
        let growth = try server.program.use.memory - memory
        print("crowd of \(count), \(setting): served after \(during) and \(after), \(growth >> 10) KiB more")
        #expect(during < .seconds(1) && after < .seconds(1))
        #expect(growth < 32 << 20)
        let counts = try server.counts()
        #expect(counts["paused"] == 0, "\(counts)")
        if setting.hasPrefix("loops") { #expect(try #require(counts["refused"]) > 0, "\(counts)") }
        #expect(try early.exchange("late"))
    }

    // Whoever refuses must not need the loop of somebody else, who may have other things to do
    @Test func `a crowd that is refused takes no descriptors, whatever the loops are at`() throws {
        let server = try LoadedServer("hold", ["per-peer=1", "loops=shared"])
        let descriptors = try server.descriptorsAtRest()
        let port = try #require(server.address.port)
        // Its loop is the one behind the listener's, where there are several.
        let holder = try server.client()
        try holder.socket.sendAll("x".utf8)
        let crowd = try ForeignProgram(Python.executable, ["-c", Self.crowd, "127.0.0.2", "\(port)", "400"])
        crowd.limit = .seconds(120)
        try crowd.line(containing: "done")
        var most = 0
        for _ in 0..<200 {
            most = max(most, try server.program.use.descriptors)
            usleep(5000)
        }
        print("crowd: at most \(most - descriptors) descriptors more")
        #expect(most < descriptors + 50)
        try server.command("release")
        #expect(try holder.socket.receive(upTo: 1) == [0x78])
        try crowd.closeInput()
        try server.wait("the crowd's end") { try server.counts()["open"] == 1 }
    }
}
