// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// One run of `nt relay`.
final class RelayRun: Sendable {
    private let options: RelayOptions
    private let targets: RelayTargets
    private let rules: AccessRules
    private let places: RelayPlaces
    private let machine: LocalMachine

    init(_ options: RelayOptions, in session: Session) throws(ToolFailure) {
        targets = try RelayTargets(options.targets, takeTurns: options.balance)
        rules = try options.access.rules(on: session.machine)
        try options.check(targets)
        places = try RelayPlaces(options.listen, isPublic: options.isPublic, for: targets, rules)
        if case .program(let words) = targets.all[0] { try ToolFailure.check(program: words[0]) }
        self.options = options
        machine = session.machine
    }

    func run() throws(ToolFailure) -> ExitStatus {
        let loop = try EventLoop.forTool()
        return try loop.runUntilComplete { [self] () async throws(ToolFailure) in try await relay(on: loop) }
    }

    private func relay(on loop: EventLoop) async throws(ToolFailure) -> ExitStatus {
        let start = loop.timeNow
        let ending = Ending(drain: options.drain.duration)
        let signals = try await TerminationSignals()
        let log = try await ClientLog(
            options.form, options.verbosity, counting: targets.carryDatagrams ? .datagram : .byte,
            writesOutput: options.recording.writesOutput, on: loop)
        let recorder = try await TrafficRecorder(options.recording, log, on: loop)
        let fail: @Sendable (ToolFailure) -> Void = { ending.fail($0) }
        try await log.use(onFailure: fail) { () async throws(ToolFailure) in
            try await recorder.use(onFailure: fail) { () async throws(ToolFailure) in
                if targets.carryDatagrams {
                    try await relayDatagrams(log, recorder, ending, signals, on: loop)
                } else {
                    try await relayStreams(log, recorder, ending, signals, on: loop)
                }
            }
            if let failure = ending.failure { throw failure }
            try log.end(ending.status ?? .success, after: start.duration(to: loop.timeNow))
        }
        return ending.status ?? .success
    }

    private func relayStreams(
        _ log: ClientLog, _ recorder: TrafficRecorder, _ ending: Ending, _ signals: TerminationSignals,
        on loop: EventLoop
    ) async throws(ToolFailure) {
        let service = StreamRelayService(options, to: targets, rules, log, recorder, ending)
        let server = try await service.server(at: places.streams, on: loop)
        ending.onStop { server.drain(within: $0) }
        let drain = options.drain.duration
        async let _ = signals.watch { signal in
            guard ending.begin(with: signal == .interrupt ? .interrupted : .success) else { return }
            log.tellWhoStays(with: server, on: loop, for: drain)
        }
        try log.listening(at: server.addresses, datagrams: [], on: machine)
        log.leads(to: targets, rules)
        do throws(SocketError) { try await server.run() } catch { throw ToolFailure(error) }
    }

    private func relayDatagrams(
        _ log: ClientLog, _ recorder: TrafficRecorder, _ ending: Ending, _ signals: TerminationSignals,
        on loop: EventLoop
    ) async throws(ToolFailure) {
        let relay = DatagramRelay(options, to: targets, rules.clients, log, recorder, ending)
        let sockets = try await relay.sockets(at: places.datagrams, on: loop)
        ending.onStop { _ in for socket in sockets { socket.close() } }
        async let _ = signals.watch { signal in
            ending.begin(with: signal == .interrupt ? .interrupted : .success)
        }
        try log.listening(at: [], datagrams: sockets.map(\.localAddress), on: machine)
        log.leads(to: targets, rules)
        do throws(SocketError) { try await relay.run(on: sockets) } catch { throw ToolFailure(error) }
    }
}
