// SPDX-License-Identifier: Apache-2.0
import Reactor
import Rooms
import Sockets
import Synchronization
import TestSupport
import Testing

/// Brokers that are reached and fail then, on a network in memory: a minute takes no time there.
@Suite(.blocking) struct BackplaneOutageTests {
    /// What a broker says to everybody who comes, before it waits or, with nothing to say, closes.
    enum Broker: String, CaseIterable, Sendable {
        case nothing = ""
        case http = "HTTP/1.1 400 Bad Request\r\n\r\n"
        case garbage = "\0garbage\r\n"
        case refusal = "-NOAUTH Authentication required.\r\n"
        case wrongAnswer = "+OK\r\n"
        /// It lets everybody subscribe, and breaks the rules then.
        case change = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n$-9\r\n"

        /// What the news has of it.
        var reason: String {
            switch self {
            case .nothing: "the server has gone"
            case .http, .garbage: "no value begins with"
            case .refusal: "Redis says: NOAUTH Authentication required."
            case .wrongAnswer: "not Redis"
            case .change: "no number"
            }
        }
    }

    private final class Notes: Sendable {
        let connections = Mutex(0)
        let events = Mutex<[RedisBackplane.Event]>([])
    }

    @Test(arguments: Broker.allCases)
    func `a broker that accepts and then fails is tried less and less often, and told once`(
        broker: Broker
    ) async throws {
        let notes = Notes()
        try await withLoop(of: .memory) { loop in
            let server = try await Server(on: "127.0.0.5:0", loop: loop) { connection in
                notes.connections.withLock { $0 += 1 }
                if broker == .nothing { return }
                try await connection.send(broker.rawValue)
                while try await connection.receive(upTo: 4096) != nil {}
            }
            let serving = start { try await server.run() }
            let port = try #require(server.addresses.first?.port)
            let address = try RedisAddress("redis://127.0.0.5:\(port)")
            let backplane = RedisBackplane(at: address) { event in notes.events.withLock { $0.append(event) } }
            try await Party.with(backplane: backplane, on: loop) { party in
                let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
                try await loop.sleep(for: .seconds(60))
                try await ann.say("hi")
                #expect(try await bob.hears("<") == "<ann> hi", "local talk goes on")
            }
            server.drain(within: .zero)
            _ = try? await serving.value
        }
        // After 0.1 s, 0.2 s and so on up to 10 s each of the two connections has been tried a dozen times.
        let connections = notes.connections.withLock { $0 }
        #expect(8...32 ~= connections, "\(connections)")
        let events = notes.events.withLock { $0 }
        #expect("\(events)".contains(broker.reason), "\(events)")
        #expect(broker == .change ? events.count <= 32 : events.count == 1, "\(events)")
    }
}
