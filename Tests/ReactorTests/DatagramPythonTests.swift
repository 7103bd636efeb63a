// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The same datagrams with somebody else's sockets at the other end.
@Suite(.blocking) struct DatagramPythonTests {
    // B-AIO-08, B-AIO-09, P24
    @Test(arguments: World.Mechanism.allCases)
    func `Python asks, we answer`(mechanism: World.Mechanism) async throws {
        let client = """
            import socket, sys
            client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            client.settimeout(20)
            for length in (0, 1, 1400, 65507):
                sent = bytes(i * 7 & 255 for i in range(length))
                client.sendto(sent, ("127.0.0.2", int(sys.argv[1])))
                answer, sender = client.recvfrom(65536)
                print(length, answer == sent, sender[0], flush=True)
            """
        try await withLoop(mechanism) { loop in
            try await withDatagramSocket(on: "127.0.0.2:0", loop: loop) { server in
                let port = try #require(server.localAddress.port)
                let output = BlockingThread { try Command.run([Python.executable, "-c", client, "\(port)"]) }
                for _ in 0..<4 {
                    let datagram = try await withDeadline(.seconds(20)) { try await server.receive() }
                    try await server.send(datagram.bytes, to: datagram.sender)
                }
                let lines = ["0", "1", "1400", "65507"].map { "\($0) True 127.0.0.2\n" }
                #expect(try output.join() == lines.joined())
            }
        }
    }

    // B-AIO-08: create_datagram_endpoint at the other end
    @Test(arguments: World.Mechanism.allCases)
    func `we ask, a protocol of asyncio answers`(mechanism: World.Mechanism) async throws {
        let server = """
            import asyncio
            class Echo(asyncio.DatagramProtocol):
                def connection_made(self, transport):
                    self.transport = transport
                    print("port", transport.get_extra_info("sockname")[1], flush=True)
                def datagram_received(self, data, sender):
                    self.transport.sendto(data[::-1], sender)
            async def main():
                await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("127.0.0.2", 0))
                await asyncio.sleep(60)
            asyncio.run(main())
            """
        try await withLoop(mechanism) { loop in
            let program = try ForeignProgram(Python.executable, ["-c", server])
            let port = try #require(program.line(containing: "port").split(separator: " ").last)
            try await withDatagramSocket(to: "127.0.0.2:\(port)", loop: loop) { client in
                for text in ["abc", "x"] {
                    try await client.send(text)
                    #expect(try await client.text() == String(text.reversed()))
                }
            }
        }
    }

    // B-TW-06, A-086: a network of its own, with a broadcast address of its own
    @Test(.enabled(if: IsolatedNetwork.isAvailable), arguments: World.Mechanism.allCases)
    func `broadcasts pass between Python and us`(mechanism: World.Mechanism) throws {
        let peer = """
            import socket
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            peer.settimeout(20)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            peer.bind(("", 0))
            print("port", peer.getsockname()[1], flush=True)
            text, sender = peer.recvfrom(100)
            peer.sendto(text + b" to all", ("10.9.9.255", sender[1]))
            """
        let heard = try IsolatedNetwork().run {
            _ = try Command.run(["ip", "link", "set", "lo", "up"])
            _ = try Command.run(["ip", "addr", "add", "10.9.9.1/24", "broadcast", "10.9.9.255", "dev", "lo"])
            let program = try ForeignProgram(Python.executable, ["-c", peer])
            let port = try program.line(containing: "port").split(separator: " ").last ?? "0"
            // The loop's thread begins in this network, and with it whatever the loop opens.
            let thread = try LoopThread(in: .real(mechanism))
            defer { thread.stop() }
            return try wait(on: thread.loop) {
                try await withDatagramSocket(
                    on: "0.0.0.0:0", options: .init(allowsBroadcast: true, tellsPath: true), loop: thread.loop
                ) { socket in
                    try await socket.send("hello", to: SocketAddress("10.9.9.255:\(port)"))
                    let datagram = try await withDeadline(.seconds(20)) { try await socket.receive() }
                    return (String(decoding: datagram.bytes, as: UTF8.self), datagram.path)
                }
            }
        }
        #expect(heard.0 == "hello to all")
        #expect(heard.1?.destination.description == "10.9.9.255")
        #expect(heard.1?.local.description == "10.9.9.1")
    }

    // B-TW-07, A-087
    @Test(arguments: World.Mechanism.allCases)
    func `groups pass between Python and us`(mechanism: World.Mechanism) async throws {
        let group = "239.2.3.\(mechanism.rawValue.count)"
        let peer = """
            import socket, struct, sys
            group = sys.argv[1]
            member = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton("127.0.0.1"))
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            peer.settimeout(20)
            peer.bind(("", 0))
            peer.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            peer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            print("port", peer.getsockname()[1], flush=True)
            text, sender = peer.recvfrom(100)
            peer.sendto(text + b" to the group", (group, sender[1]))
            """
        try await withLoop(mechanism) { loop in
            let program = try ForeignProgram(Python.executable, ["-c", peer, group])
            let port = try #require(program.line(containing: "port").split(separator: " ").last)
            try await withDatagramSocket(on: "0.0.0.0:0", loop: loop) { socket in
                try await socket.setMulticastInterface("lo")
                try await socket.join(IPAddress(group), on: "lo")
                try await socket.send("hello", to: try await socket.address(of: "udp://\(group):\(port)"))
                #expect(try await socket.text() == "hello to the group")
            }
            #expect(try program.exit() == .status(0))
        }
    }

    // B-TW-05
    @Test(arguments: World.Mechanism.allCases)
    func `a UNIX path carries datagrams between Python and us`(mechanism: World.Mechanism) async throws {
        let directory = try TemporaryDirectory()
        let client = """
            import socket, sys
            client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            client.settimeout(20)
            client.bind(sys.argv[1] + "/client")
            client.sendto(b"hello", sys.argv[1] + "/server")
            print(client.recvfrom(100))
            """
        try await withLoop(mechanism) { loop in
            try await withDatagramSocket(on: "unix-dgram:\(directory.file("server"))", loop: loop) { server in
                let output = BlockingThread { try Command.run([Python.executable, "-c", client, directory.path]) }
                let datagram = try await withDeadline(.seconds(20)) { try await server.receive() }
                #expect(datagram.sender.unix?.path == directory.file("client"))
                try await server.reply("hello to you", to: datagram)
                #expect(try output.join() == "(b'hello to you', '\(directory.file("server"))')\n")
            }
        }
    }
}

/// Runs an asynchronous body to its end on a loop, for a thread that must not leave its network. Of the shared pool's
/// threads it needs none: tests that wait like this may hold all of them.
private func wait<Answer: Sendable>(
    on loop: EventLoop, _ body: @escaping @Sendable () async throws -> Answer
) throws -> Answer {
    let outcome = Outcome<Answer>()
    let done = DispatchSemaphore(value: 0)
    Task(executorPreference: loop) {
        do {
            let answer = try await body()
            outcome.result.withLock { $0 = .success(answer) }
        } catch {
            outcome.result.withLock { $0 = .failure(error) }
        }
        done.signal()
    }
    done.wait()
    return try #require(try outcome.result.withLock { try $0?.get() })
}

private final class Outcome<Answer: Sendable>: Sendable {
    let result = Mutex<Result<Answer, any Error>?>(nil)
}
