// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// How a server ends when little is left to it.
@Suite struct ServerEndTests {
    /// Every client costs a descriptor, and there is none.
    private final class ExhaustedAcceptor: Acceptor {
        let localAddress = SocketAddress.loopback(7)
        func acceptNow() throws(SocketError) -> (any Transport)? {
            throw SocketError(.accept, error: .tooManyOpenFiles)
        }
        func waitForClient() throws(SocketError) -> Waiting? { nil }
        func close() {}
    }

    // Laws 1 and 9
    @Test(.timeLimit(.minutes(1)))
    func `a server that is out of descriptors can be cancelled, and meets its deadline`() async throws {
        try await withLoop { loop in
            let paused = Flag()
            let server = Server(
                listeners: [Listener(ExhaustedAcceptor(), on: loop)], report: { _ in paused.set() },
                handler: { _ in })
            let running = Task { await reason { try await server.run() } }
            try await until { paused.isSet }
            running.cancel()
            #expect(await running.value == .cancelled)
            #expect(await reason { try await withDeadline(.milliseconds(20)) { try await server.run() } } == .timedOut)
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Ground.allCases)
    func `a server's wait for clients ends at its task's deadline`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { try await $0.echo() }
            #expect(await reason { try await withDeadline(.milliseconds(20)) { try await server.run() } } == .timedOut)
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Ground.allCases)
    func `a handler that waits for something else than its connection is cancelled when a drain's time is up`(
        ground: Ground
    ) async throws {
        try await ground.run { loop in
            let isWaiting = Flag()
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                isWaiting.set()
                try await connection.loop.sleep(for: .seconds(3_600))
            }
            async let serving: Void = server.run()
            let client = try await Connector(timeout: .seconds(10)).connect(to: server.addresses[0], on: loop)
            try await until { isWaiting.isSet }
            server.drain(within: .milliseconds(20))
            try await serving
            client.close()
        }
    }

    @Test func `a client that comes when the others have been cancelled is cancelled too`() async throws {
        try await withLoop { loop in
            let (first, second) = try await Connection.pair(on: loop)
            let clients = ClientList()
            clients.cancelAll()
            #expect(clients.enter(first, at: loop.timeNow) != nil)
            #expect(await reason { _ = try await first.receive() } == .cancelled)
            second.close()
        }
    }

    // B-AIO-04: is_serving, close_clients, abort_clients, wait_closed
    @Test(.timeLimit(.minutes(1)), arguments: Ground.allCases)
    func `a server's clients can be closed or reset, and it serves the next ones`(ground: Ground) async throws {
        try await ground.run { loop in
            let reasons = Mutex<[SocketError.Reason?]>([])
            let failures = Mutex(0)
            let server = try await Server(
                on: "127.0.0.2:0", loop: loop, report: { if case .handlerFailed = $0 { failures.withLock { $0 += 1 } } }
            ) { connection in
                let reason = await reason { while try await connection.receive() != nil {} }
                reasons.withLock { $0.append(reason) }
                _ = try await connection.receive()
            }
            #expect(!server.isServing)
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            for way in ["close", "abort"] {
                try await withConnection(to: address, on: loop) { client in
                    try await until { server.connectionCount == 1 }
                    #expect(server.isServing)
                    if way == "close" { server.closeClients() } else { server.abortClients() }
                    let end = await reason {
                        let rest = try await client.receive(upTo: 1)
                        #expect(rest == nil)
                    }
                    #expect(end == (way == "close" ? nil : .broken(.connectionReset)))
                }
                try await until { server.connectionCount == 0 }
            }
            #expect(reasons.withLock { $0 } == [.closed, .closed])
            server.drain()
            try await running.value
            #expect(!server.isServing)
            #expect(failures.withLock { $0 } == 0)
        }
    }
}
