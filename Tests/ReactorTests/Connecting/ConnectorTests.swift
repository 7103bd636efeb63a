// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

/// B-AIO-07: RFC 8305 by the millisecond, in a network and a time that the tests write.
@Suite struct ConnectorTests {
    private static let (v6, v4, other4) = ("[2001:db8::1]:80", "192.0.2.1:80", "192.0.2.2:80")

    /// What a race came to, and what was left of it.
    private struct Story: Sendable {
        var winner: String?
        var error: SocketError?
        var milliseconds: Int
    }

    private func connect(
        _ network: ScriptedNetwork, _ connector: Connector = Connector(), to endpoint: String = "example.test:80"
    ) async throws -> Story {
        // On the loop: from elsewhere one would look at a clock that goes on.
        try await network.run { loop in
            await withTaskExecutorPreference(loop) { () -> Story in
                do throws(SocketError) {
                    let connection = try await connector.connect(to: endpoint)
                    #expect(network.open == 1, "a loser is open")
                    defer { connection.close() }
                    return Story(winner: connection.peer.map { "\($0)" }, milliseconds: network.milliseconds)
                } catch {
                    #expect(network.open == 0, "a loser is open")
                    return Story(error: error, milliseconds: network.milliseconds)
                }
            }
        }
    }

    @Test func `a silent first address costs the attempt delay and no more`() async throws {
        let network = ScriptedNetwork(
            [Self.v4: .works(after: 20)], v6: try .finds(Self.v6), v4: try .finds(Self.v4))
        let story = try await connect(network)
        #expect(story.winner == Self.v4)
        #expect(story.milliseconds == 270)
        #expect(
            network.log == [
                "look up ipv6 at 0", "look up ipv4 at 0", "connect \(Self.v6) at 0", "connect \(Self.v4) at 250",
            ])
    }

    @Test func `a failure starts the next attempt at once`() async throws {
        let network = ScriptedNetwork(
            [Self.v6: .fails(.networkUnreachable, after: 3), Self.v4: .works(after: 20)], v6: try .finds(Self.v6),
            v4: try .finds(Self.v4))
        let story = try await connect(network)
        #expect(story.winner == Self.v4)
        #expect(story.milliseconds == 23)
    }

    @Test func `an attempt goes on while the next one is made, and may still win`() async throws {
        let network = ScriptedNetwork(
            [Self.v6: .works(after: 300), Self.v4: .works(after: 400)], v6: try .finds(Self.v6),
            v4: try .finds(Self.v4))
        let story = try await connect(network)
        #expect(story.winner == Self.v6)
        #expect(story.milliseconds == 300)
    }

    @Test func `of two that succeed at the same moment one is closed`() async throws {
        let network = ScriptedNetwork(
            [Self.v6: .works(after: 300), Self.v4: .works(after: 50)], v6: try .finds(Self.v6),
            v4: try .finds(Self.v4))
        let story = try await connect(network)
        #expect(story.winner != nil)
        #expect(story.milliseconds == 300)
        #expect(network.log.count { $0.hasPrefix("connect") } == 2)
    }

    @Test func `a failure of the second attempt starts the third at once`() async throws {
        let network = ScriptedNetwork(
            [Self.v4: .fails(.connectionRefused, after: 100), Self.other4: .works(after: 0)],
            v6: try .finds(Self.v6), v4: try .finds(Self.v4, Self.other4))
        let story = try await connect(network)
        #expect(story.winner == Self.other4)
        // Begun at 350, when the second failed, and not at 500.
        #expect(story.milliseconds == 350)
    }

    // the line of design.md, to the letter
    @Test func `the error tells every attempt`() async throws {
        let network = ScriptedNetwork(
            [
                "[::1]:80": .fails(.connectionRefused, after: 300),
                "127.0.0.1:80": .fails(.connectionRefused, after: 100),
            ],
            v6: try .finds("[::1]:80"), v4: try .finds("127.0.0.1:80"))
        let story = try await connect(network)
        #expect(
            story.error?.description
                == "connect example.test:80: connection refused (tried [::1]:80 after 0 ms, 127.0.0.1:80 after 250 ms)")
        #expect(story.error?.isConnectionRefused == true)
        #expect(story.milliseconds == 350)
    }

    @Test func `an attempt with a reason of its own says so`() async throws {
        let network = ScriptedNetwork(
            [
                Self.v6: .fails(.networkUnreachable, after: 0), Self.v4: .fails(.connectionRefused, after: 5),
            ], v6: try .finds(Self.v6), v4: try .finds(Self.v4))
        let story = try await connect(network)
        #expect(
            story.error?.description
                == "connect example.test:80: connection refused (tried \(Self.v6) after 0 ms: "
                + "network is unreachable, \(Self.v4) after 0 ms)")
    }

    // MARK: Names

    @Test func `IPv4 addresses wait 50 ms for the IPv6 ones, and no longer`() async throws {
        for (answered, wanted) in [(30, "connect \(Self.v6) at 30"), (200, "connect \(Self.v4) at 50")] {
            let network = ScriptedNetwork(
                [:], v6: try .finds(Self.v6, after: answered), v4: try .finds(Self.v4))
            let story = try await connect(network, Connector(timeout: .seconds(1)))
            #expect(network.log.dropFirst(2).first == wanted)
            #expect(story.error?.reason == .timedOut)
            #expect(story.error?.attempts.count == 2)
        }
    }

    @Test func `an address that comes late is tried when its turn comes`() async throws {
        let network = ScriptedNetwork(
            [Self.v6: .works(after: 1)], v6: try .finds(Self.v6, after: 200), v4: try .finds(Self.v4))
        let story = try await connect(network)
        #expect(story.winner == Self.v6)
        #expect(network.log.last == "connect \(Self.v6) at 300")
        let later = ScriptedNetwork(
            [Self.v4: .fails(.connectionRefused, after: 1), Self.v6: .works(after: 1)],
            v6: try .finds(Self.v6, after: 900), v4: try .finds(Self.v4))
        #expect(try await connect(later).milliseconds == 901)
    }

    @Test func `a name without IPv6 addresses is tried at once`() async throws {
        let network = ScriptedNetwork([Self.v4: .works(after: 7)], v4: try .finds(Self.v4, after: 2))
        #expect(try await connect(network).milliseconds == 9)
    }

    @Test func `a resolver that is silent about one family does not hold up the other`() async throws {
        let network = ScriptedNetwork(
            [Self.v4: .works(after: 7)], v6: .fails(.tryAgain, after: 30_000), v4: try .finds(Self.v4))
        #expect(try await connect(network).milliseconds == 57)
    }

    @Test func `a name that nobody knows is the error`() async throws {
        let network = ScriptedNetwork([:], v6: .fails(.nameNotFound), v4: .fails(.nameNotFound))
        let story = try await connect(network)
        #expect(story.error?.isNameNotFound == true)
        #expect(story.error?.description == "connect example.test:80: resolve example.test:80: name not found")
        let silent = ScriptedNetwork([:], v6: .fails(.noData), v4: .fails(.tryAgain))
        let error = try await connect(silent).error
        #expect(
            error?.description
                == "connect example.test:80: resolve example.test:80: no name server answered, try again later")
    }

    // MARK: Limits

    @Test func `one time limit is over all phases`() async throws {
        let network = ScriptedNetwork([:], v6: try .finds(Self.v6, after: 400), v4: try .finds(Self.v4, after: 380))
        let story = try await connect(network, Connector(timeout: .seconds(1)))
        #expect(story.milliseconds == 1000)
        #expect(
            story.error?.description
                == "connect example.test:80: timed out (tried \(Self.v6) after 400 ms, \(Self.v4) after 650 ms)")
        let resolving = ScriptedNetwork(
            [:], v6: try .finds(Self.v6, after: 60_000), v4: try .finds(Self.v4, after: 60_000))
        let late = try await connect(resolving, Connector(timeout: .seconds(3)))
        #expect(late.error?.description == "connect example.test:80: timed out")
        #expect(late.milliseconds == 3000)
    }

    @Test func `the task's own deadline counts where it is earlier`() async throws {
        let network = ScriptedNetwork([:], v6: try .finds(Self.v6))
        try await network.run { loop in
            let outcome = await withTaskExecutorPreference(loop) {
                await reason {
                    try await withDeadline(.milliseconds(120)) {
                        _ = try await Connector().connect(to: "example.test:80")
                    }
                }
            }
            #expect(outcome == .timedOut)
        }
        #expect(network.milliseconds == 120)
    }

    // Law 1: cancellation in every phase
    @Test(arguments: [
        ("resolving", 10, 2), ("waiting for the other family", 40, 2), ("in the first attempt", 150, 3),
        ("with two attempts under way", 400, 4),
    ])
    func `a connect that is cancelled ends and leaves nothing`(phase: String, moment: Int, events: Int) async throws {
        let network = ScriptedNetwork(
            [:], v6: try .finds(Self.v6, after: 75), v4: try .finds(Self.v4, after: 30), stopsAfter: moment)
        try await network.run { loop in
            let task = Task { await reason { _ = try await Connector().connect(to: "example.test:80", on: loop) } }
            try await until { network.milliseconds == moment && network.log.count == events }
            task.cancel()
            #expect(await task.value == .cancelled, "\(phase)")
            #expect(network.open == 0)
        }
    }

    @Test func `the delay is kept within its bounds`() {
        #expect(Connector(attemptDelay: .zero).attemptDelay == .milliseconds(10))
        #expect(Connector(attemptDelay: .seconds(60)).attemptDelay == .seconds(2))
        #expect(Connector(attemptDelay: .milliseconds(100)).attemptDelay == .milliseconds(100))
        #expect(Connector().attemptDelay == .milliseconds(250))
        #expect(Connector(attemptDelay: nil).attemptDelay == nil)
    }

    @Test func `without a delay one attempt comes after the other`() async throws {
        let network = ScriptedNetwork(
            [Self.v6: .fails(.noRouteToHost, after: 900), Self.v4: .works(after: 10)], v6: try .finds(Self.v6),
            v4: try .finds(Self.v4))
        let story = try await connect(network, Connector(attemptDelay: nil))
        #expect(story.winner == Self.v4)
        #expect(story.milliseconds == 910)
    }

    // MARK: What is passed over

    @Test func `a source passes over the addresses of another family, and says so`() async throws {
        let network = ScriptedNetwork([Self.v4: .fails(.connectionRefused, after: 0)])
        let source = try SocketAddress("198.51.100.1:0")
        let addresses = try [Self.v6, Self.v4].map { try SocketAddress($0) }
        let error = try await network.run { loop in
            await #expect(throws: SocketError.self) {
                _ = try await Connector(from: source).connect(toFirstOf: addresses, on: loop)
            }
        }
        #expect(
            error?.description
                == "connect 2 addresses: connection refused (tried \(Self.v6) after 0 ms: not tried: the source "
                + "198.51.100.1:0 is of another family, \(Self.v4) after 0 ms)")
        #expect(network.log == ["connect \(Self.v4) at 0"])
        let none = try await connect(network, Connector(from: source), to: Self.v6).error
        #expect(
            none?.description
                == "connect \(Self.v6): no address is of the family of the source 198.51.100.1:0")
    }

    @Test func `only the family that is wanted is looked up`() async throws {
        let network = ScriptedNetwork(
            [Self.v4: .works(after: 0)], v6: try .finds(Self.v6), v4: try .finds(Self.v4))
        #expect(try await connect(network, Connector(family: .ipv4)).winner == Self.v4)
        #expect(network.log == ["look up ipv4 at 0", "connect \(Self.v4) at 0"])
    }

    @Test func `a caller's list is tried in the caller's order`() async throws {
        let network = ScriptedNetwork([:])
        let addresses = try [Self.v4, Self.other4, Self.v6].map { try SocketAddress($0) }
        let error = try await network.run { loop in
            await #expect(throws: SocketError.self) {
                _ = try await Connector(timeout: .seconds(1)).connect(toFirstOf: addresses, on: loop)
            }
        }
        #expect(error?.attempts.map(\.address) == addresses)
        let empty = try await network.run { loop in
            await #expect(throws: SocketError.self) { _ = try await Connector().connect(toFirstOf: [], on: loop) }
        }
        #expect(empty?.reason == .invalid("there is no address to connect to"))
    }

    // TCP connects a client to itself when the system picks the port for it that it knocks at.
    @Test func `a client that met itself has met nobody`() async throws {
        let network = ScriptedNetwork([Self.v4: .init(after: 1, isItself: true)])
        #expect(try await connect(network, to: Self.v4).error?.description == "connect \(Self.v4): connection refused")
        let wanted = Connector(from: try SocketAddress(Self.v4))
        #expect(try await connect(network, wanted, to: Self.v4).winner == Self.v4)
    }

    @Test(arguments: ["udp://127.0.0.1:1", "https://example.test", "exec:cat", "-", "fd:3", "unix-dgram:/x"])
    func `what is no plain stream is refused`(endpoint: String) async throws {
        guard case .invalid = try await connect(ScriptedNetwork([:]), to: endpoint).error?.reason else {
            Issue.record("\(endpoint) was taken")
            return
        }
    }
}
