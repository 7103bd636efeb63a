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
}
