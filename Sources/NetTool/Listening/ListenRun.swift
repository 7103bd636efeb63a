// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// One run of `nt listen`.
final class ListenRun: Sendable {
    private let addresses: [SocketAddress]
    /// Nil where standard input and output are the handler.
    private let handler: ListenHandler?
    private let style: Conversation.Style
    private let limits: Server.Limits
    private let (idle, timeout, drain): (Duration?, Duration?, Duration)
    private let keeps: Bool
    private let rooms: RoomOptions
    private let log: ClientLog
    private let machine: LocalMachine

    init(_ options: ListenOptions, in session: Session) throws(ToolFailure) {
        let words = options.words
        let split = words.firstIndex(where: ListenHandler.isName) ?? words.endIndex
        guard split > 0 else { throw ToolFailure(.usage, "an address is missing in front of \(words[0].quoted)") }
        handler = try ListenHandler.read(words[split...])
        try Self.check(options, handler)
        try options.rooms.check(handler)
        rooms = options.rooms
        addresses = try ListenAddresses(words[..<split], isPublic: options.isPublic).addresses
        var limits = Server.Limits()
        limits.connections = handler == nil ? 1 : options.maximum ?? limits.connections
        self.limits = limits
        var style = options.directions.style
        // With --keep others wait for their turn: as with nc -lk, the client's end is the end of it.
        style.endsWithPeer = style.endsWithPeer || options.keep
        self.style = style
        (idle, timeout) = (options.idle?.duration, options.timeout?.duration)
        drain = handler == nil ? .zero : options.drain.duration
        keeps = handler != nil || options.keep
        log = ClientLog(options, countsLines: handler?.speaksLines ?? false, in: session)
        machine = session.machine
    }

    /// Flags that have no meaning together.
    private static func check(_ options: ListenOptions, _ handler: ListenHandler?) throws(ToolFailure) {
        if handler != nil {
            if options.directions.isRestricted {
                throw ToolFailure(.usage, "--send-only and --recv-only are for nt listen without a handler")
            }
        } else if options.form.json {
            throw ToolFailure(.usage, "--json needs a handler: without one standard output is the client's")
        } else if options.maximum != nil {
            throw ToolFailure(.usage, "--max needs a handler: without one there is one client at a time")
        }
    }

    func run() throws(ToolFailure) -> ExitStatus {
        let loop = try EventLoop.forTool()
        return try loop.runUntilComplete { [self] () async throws(ToolFailure) in try await serve(on: loop) }
    }

    private func serve(on loop: EventLoop) async throws(ToolFailure) -> ExitStatus {
        let start = loop.timeNow
        let ending = Ending(drain: drain)
        let signals = try await TerminationSignals()
        let streams = handler == nil ? try await StandardStreams(for: style, on: loop) : nil
        let service = try await RoomService(handler, rooms, on: loop, log: log)
        let server = try await listen(on: loop, ending, streams, service)
        ending.onStop { server.drain(within: $0) }
        async let _ = signals.watch { [self] signal in stop(server, on: loop, at: signal, ending) }
        try log.listening(at: server.addresses, on: machine)
        if let timeout {
            loop.schedule(after: timeout) { [log] in if log.clientCount == 0 { ending.begin(with: .timedOut) } }
        }
        do {
            if let service { try await service.run(server) } else { try await server.run() }
        } catch {
            throw ToolFailure(error)
        }
        if let failure = ending.failure { throw failure }
        let status = ending.status ?? .success
        if handler != nil { try log.end(status, after: start.duration(to: loop.timeNow)) }
        if status == .timedOut { throw ToolFailure(status, "no client has come in \(TimeSpan(timeout ?? .zero))") }
        return status
    }

    private func listen(
        on loop: EventLoop, _ ending: Ending, _ streams: StandardStreams?, _ service: RoomService?
    ) async throws(ToolFailure) -> Server {
        do throws(SocketError) {
            return try await Server(
                endpoints: addresses, limits: limits, reusesPort: false, loop: loop,
                report: { [log] event in log.note(event) },
                handler: { [self] connection in await serve(connection, ending, streams, service) })
        } catch {
            throw ListenAddresses.failure(error)
        }
    }

    private func stop(_ server: Server, on loop: EventLoop, at signal: Signal, _ ending: Ending) {
        guard ending.begin(with: signal == .interrupt ? .interrupted : .success), drain > .zero else { return }
        // Those who are idle have gone by then, and mostly that is everybody.
        loop.schedule(after: Self.patience) { [self] in
            let clients = server.connectionCount
            guard clients > 0 else { return }
            log.news("clients may go on for \(TimeSpan(drain)): \(clients); ctrl-C leaves at once")
        }
    }

    /// How long idle clients may take to go before somebody is told that the server waits.
    private static let patience = Duration.milliseconds(100)

    // MARK: One client

    // What need not live while a client is waited for is done by functions that don't wait and are never inlined: each
    // client pays for a frame of this one.
    private func serve(
        _ connection: Connection, _ ending: Ending, _ streams: StandardStreams?, _ service: RoomService?
    ) async {
        guard let client = enter(connection, ending) else { return }
        do {
            if let service {
                try await service.serve(connection, client)
            } else if let handler {
                try await run(connection, client).serve(handler)
            } else if let streams {
                try await converse(connection, client, streams)
            }
            leave(connection, client, after: nil, ending)
        } catch {
            leave(connection, client, after: error, ending)
        }
    }

    /// Notes that a client has come; nil where that can't be told.
    @inline(never)
    private func enter(_ connection: Connection, _ ending: Ending) -> ClientRecord? {
        let name = connection.peer.flatMap { $0.ip == nil ? nil : "\($0)" } ?? "client \(log.clientCount + 1)"
        let client = ClientRecord(named: name, at: connection.loop.timeNow)
        if !keeps { ending.closeDoor() }
        connection.idleLimit = idle
        do throws(ToolFailure) { try log.connected(client) } catch {
            ending.fail(error)
            return nil
        }
        return client
    }

    @inline(never)
    private func run(_ connection: Connection, _ client: ClientRecord) -> HandlerRun {
        HandlerRun(on: connection, for: client, idle: idle) { [log] line throws(ToolFailure) in
            try log.line(line, from: client)
        }
    }

    /// Notes that a client has gone. A failure of our own is the end of everything.
    @inline(never)
    private func leave(_ connection: Connection, _ client: ClientRecord, after error: (any Error)?, _ ending: Ending) {
        do throws(ToolFailure) {
            if let failure = error as? ToolFailure { throw failure }
            let reason = error.flatMap { self.reason(of: $0, connection) }
            try log.disconnected(client, at: connection.loop.timeNow, because: reason)
        } catch {
            ending.fail(error)
        }
    }

    /// Why it was not the client's own end; nil if it was.
    private func reason(of error: any Error, _ connection: Connection) -> String? {
        if let framing = (error as? FrameError)?.framingError { return "\(framing)" }
        let failure = error as? SocketError ?? (error as? FrameError)?.connectionError
        switch failure?.reason {
        case .timedOut: return idle.map { "idle for \(TimeSpan($0))" }
        case .cancelled: return "still there when the time was up"
        case let reason?: return "\(reason)"
        case nil: return "\(error)"
        }
    }

    /// Standard input and output are the handler.
    private func converse(_ connection: Connection, _ client: ClientRecord, _ streams: StandardStreams) async throws {
        var conversation = Conversation(connection: connection, streams: streams, style: style)
        conversation.count = { client.note(bytesIn: $0, bytesOut: $1) }
        do throws(Conversation.Failure) { try await conversation.run() } catch {
            // One client's failure is not that of those who come after it.
            if keeps, case .connection(let failure) = error { throw ClientFailure(message: failure.message ?? "") }
            throw error.cause
        }
    }

    /// What went wrong with one client of several.
    private struct ClientFailure: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }
}
