// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct ServerTests {
    //
    @Test(arguments: Ground.allCases)
    func `one slow client does not hold up the others`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { try await $0.echo() }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            try await withConnection(to: address) { _ in
                for number in 0..<20 {
                    let answer = try await withConnection(to: address) { quick in
                        try await quick.send("\(number)")
                        return try await quick.receive(upTo: 10)
                    }
                    #expect(answer == Array("\(number)".utf8))
                }
            }
            server.drain()
            try await running.value
        }
    }

    // One ground after the other: together they would have too many descriptors for select.
    @Test(.serialized, arguments: Ground.allCases)
    func `a hundred clients at once are all answered`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { try await $0.echo() }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            // Not more: with the tests beside this one the descriptors must stay below select's 1,024.
            let count = ground == .select || ground == .poll ? 30 : 100
            let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<count {
                    group.addTask {
                        try await withConnection(to: address, timeout: .seconds(20)) { client in
                            try await client.send("client \(number)")
                            return try await client.receive(upTo: 100) == Array("client \(number)".utf8)
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(answers == count)
            server.drain()
            try await running.value
            #expect(server.connectionCount == 0)
        }
    }

    @Test(arguments: Ground.allCases)
    func `a handler's error ends its own connection and is reported`(ground: Ground) async throws {
        try await ground.run { loop in
            struct Planned: Error {}
            let failures = Mutex<[String]>([])
            let server = try await Server(
                on: "127.0.0.2:0", loop: loop,
                report: { event in
                    if case .handlerFailed(let error, _) = event {
                        failures.withLock { $0.append("\(type(of: error))") }
                    }
                },
                handler: { connection in
                    if try await connection.receive(upTo: 10) == Array("fail".utf8) { throw Planned() }
                    try await connection.send("fine")
                })
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            let failed = try await withConnection(to: address) { client in
                try await client.send("fail")
                return try await client.receive(upTo: 10)
            }
            #expect(failed == nil)
            let fine = try await withConnection(to: address) { client in
                try await client.send("hello")
                return try await client.receive(upTo: 10)
            }
            #expect(fine == Array("fine".utf8))
            server.drain()
            try await running.value
            #expect(failures.withLock { $0 } == ["Planned"])
        }
    }

    // P22: graceful drain finishes what is under way
    @Test(arguments: Ground.allCases)
    func `a drained server finishes what is under way and takes nobody new`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                while let line = try await connection.receive(upTo: 100), !connection.isDraining {
                    try await connection.send(line)
                }
                try await connection.send("bye")
            }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            try await withConnection(to: address) { client in
                try await client.send("a")
                #expect(try await client.receive(upTo: 10) == Array("a".utf8))
                server.drain()
                try await untilRefused(at: address)
                try await client.send("b")
                #expect(try await client.receive(upTo: 10) == Array("bye".utf8))
            }
            try await running.value
        }
    }

    @Test(arguments: Ground.allCases)
    func `what is not done when the drain's time is up is cancelled`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                _ = try await connection.receive()
            }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            try await withConnection(to: address) { client in
                try await until { server.connectionCount == 1 }
                server.drain(within: .milliseconds(20))
                #expect(try await client.receive(upTo: 1) == nil)
            }
            try await running.value
        }
    }

    // The hard stop
    @Test(arguments: Ground.allCases)
    func `cancelling the server cancels every connection and waits for its handlers`(ground: Ground) async throws {
        try await ground.run { loop in
            let ended = Mutex(0)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                defer { ended.withLock { $0 += 1 } }
                _ = try await connection.receive()
            }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            try await withConnection(to: address) { first in
                try await withConnection(to: address) { second in
                    try await until { server.connectionCount == 2 }
                    running.cancel()
                    #expect(try await first.receive(upTo: 1) == nil)
                    #expect(try await second.receive(upTo: 1) == nil)
                }
            }
            #expect(await reason { try await running.value } == .cancelled)
            #expect(ended.withLock { $0 } == 2)
        }
    }

    @Test(arguments: Ground.allCases)
    func `no more clients are served at a time than the limit says`(ground: Ground) async throws {
        try await ground.run { loop in
            var limits = Server.Limits()
            limits.connections = 2
            let most = Mutex((now: 0, most: 0))
            let server = try await Server(on: "127.0.0.2:0", limits: limits, loop: loop) { connection in
                most.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                defer { most.withLock { $0.now -= 1 } }
                try await connection.echo()
            }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await withConnection(to: address, timeout: .seconds(20)) { client in
                            try await client.send("x")
                            #expect(try await client.receive(upTo: 1) == [0x78])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(most.withLock { $0.most } <= 2)
            server.drain()
            try await running.value
        }
    }

    @Test(arguments: Ground.allCases)
    func `a peer that has its share is refused, and the server goes on`(ground: Ground) async throws {
        try await ground.run { loop in
            var limits = Server.Limits()
            limits.connectionsPerPeer = 1
            let refused = Mutex(0)
            let server = try await Server(
                on: "127.0.0.2:0", limits: limits, loop: loop,
                report: { if case .refused = $0 { refused.withLock { $0 += 1 } } }, handler: { try await $0.echo() })
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            try await withConnection(to: address) { first in
                try await until { server.connectionCount == 1 }
                #expect(try await withConnection(to: address) { try await $0.receive(upTo: 1) } == nil)
                try await first.send("x")
                #expect(try await first.receive(upTo: 1) == [0x78])
            }
            #expect(refused.withLock { $0 } == 1)
            server.drain()
            try await running.value
        }
    }

    // A-041, B-AIO-07 in part
    @Test func `connecting tells every attempt`() async throws {
        let closed = try { () throws -> SocketAddress in try Socket.listening(on: "127.0.0.1:0").localAddress }()
        let port = try #require(closed.port)
        do {
            try await withConnection(to: ":\(port)") { _ in }
            Issue.record("connected to nobody")
        } catch let error as SocketError {
            #expect(error.attempts.count == 2)
            #expect(error.isConnectionRefused)
            #expect("\(error)".hasPrefix("connect :\(port): connection refused (tried 127.0.0.1:\(port) after "))
        }
        #expect(await reason { try await withConnection(to: "no-such-host.invalid:1") { _ in } } != nil)
    }

    @Test func `a connect that takes too long, or is cancelled, ends`() async throws {
        let full = try Socket.listening(on: "127.0.0.1:0", backlog: 0)
        let address = try full.localAddress
        let holder = SharedSocket(try Socket.connecting(to: address, within: .seconds(5)))
        #expect(
            await reason { try await withConnection(to: address, timeout: .milliseconds(30)) { _ in } } == .timedOut)
        let task = Task { await reason { try await withConnection(to: address) { _ in } } }
        task.cancel()
        #expect(await task.value == .cancelled)
        withExtendedLifetime(holder) {}
    }
}
