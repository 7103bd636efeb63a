// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Wire

/// Joins each client of a listener to a target.
final class StreamRelayService: Sendable {
    private let targets: RelayTargets
    private let rules: AccessRules
    private let shaping: Shaping
    private let limits: Server.Limits
    private let proxies: TrustedProxies?
    private let headerVersion: ProxyHeader.Version?
    private let (idle, timeout, grace): (Duration?, Duration, Duration)
    private let log: ClientLog
    private let recorder: TrafficRecorder
    private let ending: Ending

    init(
        _ options: RelayOptions, to targets: RelayTargets, _ rules: AccessRules, _ log: ClientLog,
        _ recorder: TrafficRecorder, _ ending: Ending
    ) {
        self.targets = targets
        self.rules = rules
        shaping = Shaping(options.shaping)
        var limits = options.limits
        let isProgram = targets.all[0].isProgram
        if isProgram, options.maximum == nil { limits.connections = Server.Limits.programs }
        // A client and its target.
        limits = limits.withDescriptors(
            log, each: isProgram ? 1 + Server.Limits.descriptorsOfProgram : 2, asked: options.maximum,
            isChosen: options.maximum != nil)
        // Whom a proxy passes on is known by its header only.
        if options.proxies.isEmpty { limits.addresses = rules.clients }
        self.limits = limits
        proxies =
            options.proxies.isEmpty ? nil : TrustedProxies(options.proxies.map(\.network), includesUNIX: true)
        headerVersion = options.headerVersion?.version
        (idle, timeout, grace) = (options.idle?.duration, options.timeout.duration, options.drain.duration)
        self.log = log
        self.recorder = recorder
        self.ending = ending
    }

    /// Listens: when this returns clients can connect.
    func server(at places: [any EndpointConvertible], on loop: EventLoop) async throws(ToolFailure) -> Server {
        do throws(SocketError) {
            return try await Server(
                endpoints: places, limits: limits, reusesPort: false, loop: loop,
                report: { [log] event in log.note(event) },
                handler: { [self] connection in await serve(connection) })
        } catch {
            throw ListenAddresses.failure(error)
        }
    }

    // MARK: One client

    private func serve(_ connection: Connection) async {
        // A proxy's header is part of a client's time, above all one that does not come.
        let start = connection.loop.timeNow
        var failure: (any Error)?
        do {
            if log.isFull { try await log.waitForRoom() }
            try await proxies?.receiveHeader(on: connection)
        } catch {
            failure = error
        }
        let address = connection.remoteAddress
        if failure == nil, proxies != nil, !rules.clients.admits(address) {
            return log.note(.denied(peer: address))
        }
        let name = address.flatMap { $0.ip == nil ? nil : "\($0)" } ?? "client \(log.clientCount + 1)"
        let client = ClientRecord(named: name, at: start)
        do throws(ToolFailure) { try log.connected(client) } catch { return ending.fail(error) }
        do {
            if let failure { throw failure }
            try await join(connection, client)
        } catch {
            failure = error
            // Whoever is let go of in the middle must not take it for the end.
            connection.abort()
        }
        leave(connection, client, after: failure)
    }

    /// Notes that a client has gone. A failure of our own is the end of everything.
    private func leave(_ connection: Connection, _ client: ClientRecord, after error: (any Error)?) {
        do throws(ToolFailure) {
            if let failure = error as? ToolFailure { throw failure }
            try log.disconnected(client, at: connection.loop.timeNow, because: error.map(Self.reason))
        } catch {
            ending.fail(error)
        }
    }

    private static func reason(of error: any Error) -> String {
        let failure = error as? SocketError ?? (error as? FrameError)?.connectionError
        if failure?.reason == .cancelled || error is CancellationError { return "still there when the time was up" }
        if let framing = (error as? FrameError)?.framingError { return "\(framing)" }
        return "\(error)"
    }

    /// Joins a client to the first target that can be had, until both have ended.
    private func join(_ connection: Connection, _ client: ClientRecord) async throws {
        let targets = targets.next()
        if case .program(let words) = targets[0] {
            return try await join(connection, client, toProgram: words)
        }
        let upstream = try await reach(targets, for: connection)
        defer {
            upstream.input.close()
            upstream.output.close()
        }
        try await pass(between: connection, upstream, client)
    }

    private func pass(between connection: Connection, _ upstream: Upstream, _ client: ClientRecord) async throws {
        try log.joined(client, to: upstream.name)
        if let headerVersion { try await upstream.input.send(ProxyHeader(headerVersion, of: connection)) }
        let trace = try recorder.record(
            of: .init(name: client.name, address: connection.remoteAddress),
            and: .init(name: upstream.name, address: upstream.input.peer), carrying: .stream)
        let connection = try await shaping.throttled(connection)
        let relay = StreamRelay(connection, upstream, client, delay: shaping.delay, idle: idle, trace: trace)
        try await relay.run()
    }

    private func join(_ connection: Connection, _ client: ClientRecord, toProgram words: [String]) async throws {
        var request = Subprocess.Request(words[0], Array(words.dropFirst()))
        request.input = .connection
        let name = "\(RelayTarget.program(words))"
        let processes = connection.loop.world.processes
        let (_, end) = try await processes.run(request, on: connection.loop, grace: grace) { process in
            guard let input = process.input, let output = process.output else { return }
            async let _ = process.endStreamsAfterEnd()
            try await pass(between: connection, Upstream(output: output, input: input, named: name), client)
        }
        if end != .exited(0) { throw ProgramFailure(description: "\(words[0].legible): \(end)") }
    }

    /// How a program ended that did not end well.
    private struct ProgramFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// Connects to the first target that answers.
    private func reach(_ targets: [RelayTarget], for client: Connection) async throws -> Upstream {
        var failures: [String] = []
        for target in targets {
            do {
                switch target {
                case .socks, .http:
                    return try await ProxyDoor(rules: rules, timeout: timeout).open(for: client, speaking: target)
                case .stream(let endpoint):
                    let connection = try await Connector(timeout: timeout).connect(to: endpoint, on: client.loop)
                    return Upstream(connection, named: "\(endpoint)")
                case .program, .datagrams: continue
                }
            } catch {
                if Task.isCancelled || target.isProxy { throw error }
                failures.append("\(error)")
            }
        }
        throw NoTarget(reasons: failures)
    }
}
