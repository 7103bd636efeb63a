// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// One run of `nt listen`.
final class ListenRun: Sendable {
    private let options: ListenOptions
    private let addresses: ListenAddresses
    private let handler: ListenHandler
    private let style: Conversation.Style
    private let limits: Server.Limits
    private let admitted: AddressFilter
    private let (idle, timeout, drain): (Duration?, Duration?, Duration)
    private let keeps: Bool
    private let session: Session

    init(_ options: ListenOptions, in session: Session) throws(ToolFailure) {
        let words = options.words
        let split = words.firstIndex(where: ListenHandler.isName) ?? words.endIndex
        guard split > 0 else { throw ToolFailure(.usage, "an address is missing in front of \(words[0].quoted)") }
        handler = try ListenHandler.read(words[split...], command: session.command)
        try options.check(handler)
        addresses = try ListenAddresses(words[..<split], isPublic: options.isPublic)
        admitted = options.admission.filter
        try addresses.check(handler, isFiltered: !admitted.allowed.isEmpty)
        if !addresses.datagrams.isEmpty, let obstacle = handler.datagramObstacle { throw ToolFailure(.usage, obstacle) }
        if case .exec(let words) = handler { try ToolFailure.check(program: words.first ?? "") }
        if handler == .stdio, addresses.hasStandardIO {
            throw ToolFailure(.usage, "- is a client here: say which handler it is to have")
        }
        if handler == .stdio, addresses.count > 1, !addresses.datagrams.isEmpty {
            throw ToolFailure(.usage, "without a handler there is one address for datagrams, and none beside it")
        }
        var limits = Server.Limits()
        limits.connections = handler == .stdio ? 1 : options.maximum ?? handler.usualMaximum
        limits.addresses = admitted
        self.limits = limits
        var style = options.directions.style
        // With --keep others wait for their turn: as with nc -lk, the client's end is the end of it.
        style.endsWithPeer = style.endsWithPeer || options.keep
        style.keeps = options.keep
        style.isAtTerminal = handler == .stdio && style.sends && SystemCalls.isTerminal(0)
        self.style = style
        (idle, timeout) = (options.idle?.duration, options.timeout?.duration)
        drain = handler == .stdio ? .zero : options.drain.duration
        keeps = handler != .stdio || options.keep
        self.options = options
        self.session = session
    }

    func run() throws(ToolFailure) -> ExitStatus {
        let loop = try EventLoop.forTool()
        return try loop.runUntilComplete { [self] () async throws(ToolFailure) in try await serve(on: loop) }
    }

    /// What one run is made of.
    private struct Means: Sendable {
        let log: ClientLog
        let ending: Ending
        let limits: Server.Limits
        /// Standard input and output, where they are the handler.
        let streams: (any LocalSide)?
        /// What the clients have in common, where the handler has something of the kind.
        let service: RoomService?
        let loop: EventLoop
    }

    private func serve(on loop: EventLoop) async throws(ToolFailure) -> ExitStatus {
        let start = loop.timeNow
        let ending = Ending(drain: drain)
        let signals = try await TerminationSignals()
        let unit: Traffic.Unit =
            handler.speaksLines && addresses.datagrams.isEmpty ? .line : addresses.isDatagramsOnly ? .datagram : .byte
        let log = try await ClientLog(
            options.form, options.verbosity, counting: unit, writesOutput: handler.printsLines, on: loop)
        let limits =
            handler == .stdio
            ? limits : limits.withDescriptors(log, each: handler.descriptors, asked: options.maximum)
        let service = try await RoomService(handler, options, on: loop, log: log)
        let means = Means(
            log: log, ending: ending, limits: limits, streams: try await streams(on: loop), service: service, loop: loop
        )
        try await log.use(onFailure: { ending.fail($0) }) { () async throws(ToolFailure) in
            do { try await attend(signals, means) } catch { throw ToolFailure(error) }
            if let failure = ending.failure { throw failure }
            let status = ending.status ?? .success
            if handler != .stdio { try log.end(status, after: start.duration(to: loop.timeNow)) }
        }
        let status = ending.status ?? .success
        if status == .timedOut { throw ToolFailure(status, "no client has come in \(TimeSpan(timeout ?? .zero))") }
        return status
    }

    private func streams(on loop: EventLoop) async throws(ToolFailure) -> (any LocalSide)? {
        guard handler == .stdio else { return nil }
        let streams = try await StandardStreams(reads: style.sends, writes: style.receives, on: loop, in: session)
        guard let encoding = options.encoding?.encoding else { return streams }
        return try Translation(
            streams, as: .plain, encoding: encoding, sendsCRLF: false, endWord: nil, log: nil)
    }

    /// Serves until the end, whatever brings it about.
    private func attend(_ signals: TerminationSignals, _ means: Means) async throws {
        guard let streams = means.streams else { return try await attendAll(signals, means) }
        try await streams.use { try await attendAll(signals, means) }
    }

    private func attendAll(_ signals: TerminationSignals, _ means: Means) async throws {
        let server = try await server(means)
        let sockets = try await datagramSockets(on: means.loop)
        means.ending.onStop { limit in
            server?.drain(within: limit)
            for socket in sockets { socket.close() }
        }
        async let _ = signals.watch { [self] signal in stop(server, means, at: signal) }
        try means.log.listening(
            at: server?.addresses ?? [], datagrams: sockets.map(\.localAddress), on: session.machine)
        if let timeout {
            means.loop.schedule(after: timeout) {
                if means.log.isUnheard { means.ending.begin(with: .timedOut) }
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let server {
                group.addTask {
                    if let service = means.service { try await service.run(server) } else { try await server.run() }
                }
            }
            for socket in sockets { group.addTask { try await self.serve(socket, means) } }
            if addresses.hasStandardIO { group.addTask { try await self.serveStandardIO(means) } }
            try await group.waitForAll()
        }
    }

    private func server(_ means: Means) async throws(ToolFailure) -> Server? {
        let places: [any EndpointConvertible] = addresses.addresses + addresses.inherited
        if places.isEmpty { return nil }
        let loop = options.mode == .task ? means.loop : nil
        do throws(SocketError) {
            // Who is on no loop gets a server that shares its clients among the process's loops.
            return try await Self.onLoop(loop) { [self] () async throws(SocketError) in
                try await Server(
                    endpoints: places, limits: means.limits, reusesPort: false, loop: loop,
                    report: { event in means.log.note(event) },
                    handler: { [self] connection in await serve(connection, means) })
            }
        } catch {
            throw ListenAddresses.failure(error)
        }
    }

    private static func onLoop<Result: Sendable>(
        _ loop: EventLoop?, _ body: @Sendable () async throws(SocketError) -> Result
    ) async throws(SocketError) -> Result {
        if loop != nil { return try await body() }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(SocketError) in
            try await body()
        }
    }

    private func stop(_ server: Server?, _ means: Means, at signal: Signal) {
        guard means.ending.begin(with: signal == .interrupt ? .interrupted : .success) else { return }
        means.log.tellWhoStays(with: server, on: means.loop, for: drain)
    }

    // MARK: One client

    // What need not live while a client is waited for is done by functions that don't wait and are never inlined: each
    // client pays for a frame of this one.
    private func serve(_ connection: Connection, _ means: Means) async {
        guard let client = enter(connection, means) else { return }
        do {
            if means.log.isFull { try await means.log.waitForRoom() }
            if let service = means.service {
                try await service.serve(connection, client)
            } else if let streams = means.streams {
                try await converse(connection, client, streams, means.loop)
            } else {
                try await run(connection, client, means.log).serve(handler)
            }
            leave(connection, client, after: nil, means)
        } catch {
            leave(connection, client, after: error, means)
        }
    }

    /// Notes that a client has come; nil where that can't be told.
    @inline(never)
    private func enter(_ connection: Connection, _ means: Means) -> ClientRecord? {
        do throws(ToolFailure) {
            let name = connection.peer.flatMap { $0.ip == nil ? nil : "\($0)" } ?? "client \(means.log.clientCount + 1)"
            let client = ClientRecord(named: name, at: connection.loop.timeNow)
            if !keeps { means.ending.closeDoor() }
            connection.idleLimit = idle
            try means.log.connected(client)
            return client
        } catch {
            means.ending.fail(error)
            return nil
        }
    }

    @inline(never)
    private func run(_ connection: Connection, _ client: ClientRecord, _ log: ClientLog) -> HandlerRun {
        let encoding = options.encoding?.encoding
        return HandlerRun(on: connection, for: client, idle: idle) { line async throws(ToolFailure) in
            try log.line(line.text(in: encoding), from: client.name)
            if log.isFull { try await log.waitForRoom() }
        }
    }

    /// Notes that a client has gone. A failure of our own is the end of everything.
    @inline(never)
    private func leave(_ connection: Connection, _ client: ClientRecord, after error: (any Error)?, _ means: Means) {
        do throws(ToolFailure) {
            if let failure = error as? ToolFailure { throw failure }
            let reason = error.flatMap { self.reason(of: $0) }
            try means.log.disconnected(client, at: connection.loop.timeNow, because: reason)
        } catch {
            means.ending.fail(error)
        }
    }

    /// Why it was not the client's own end; nil if it was.
    private func reason(of error: any Error) -> String? {
        if let framing = (error as? FrameError)?.framingError { return "\(framing)" }
        let failure = error as? SocketError ?? (error as? FrameError)?.connectionError
        switch failure?.reason {
        case .timedOut: return idle.map { "idle for \(TimeSpan($0))" }
        case .cancelled: return "still there when the time was up"
        case let reason? where failure?.operation == .start: return "\(failure?.subject ?? ""): \(reason)"
        case let reason?: return "\(reason)"
        case nil: return error is CancellationError ? "still there when the time was up" : "\(error)"
        }
    }

    /// Standard input and output are the handler.
    private func converse(
        _ connection: Connection, _ client: ClientRecord, _ streams: any LocalSide, _ loop: EventLoop
    ) async throws {
        var conversation = Conversation(peer: connection, side: streams, style: style, loop: loop)
        if !options.verbosity.quiet { conversation.peerHasEnded = { streams.remark("the other side has ended") } }
        conversation.count = { client.note(bytesIn: $0, bytesOut: $1) }
        do throws(Conversation.Failure) { try await conversation.run() } catch {
            // One client's failure is not that of those who come after it.
            if keeps, case .peer(let failure) = error { throw ClientFailure(message: failure.message ?? "") }
            throw error.cause
        }
    }

    /// What went wrong with one client of several.
    private struct ClientFailure: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }
}

/// What comes otherwise than by a connection that was accepted.
extension ListenRun {
    /// `-`: standard input and output are a client, as inetd starts a service.
    private func serveStandardIO(_ means: Means) async throws {
        let connection: Connection
        do throws(SocketError) { connection = try await StandardIO.open(on: means.loop) } catch {
            throw ToolFailure(error, of: "standard input and output")
        }
        defer { connection.close() }
        await serve(connection, means)
        means.ending.begin(with: .success)
    }

    private func datagramSockets(on loop: EventLoop) async throws(ToolFailure) -> [DatagramSocket] {
        var sockets: [DatagramSocket] = []
        do throws(SocketError) {
            for endpoint in addresses.datagrams {
                var options = DatagramSocket.Options()
                // Several programs may hear a group.
                if case .host(.address(let ip), _) = endpoint.target { options.sharesAddress = ip.isMulticast }
                sockets.append(try await DatagramSocket(on: endpoint, options: options, loop: loop))
            }
        } catch {
            throw ToolFailure(error)
        }
        return sockets
    }

    private func serve(_ socket: DatagramSocket, _ means: Means) async throws {
        guard let streams = means.streams else {
            let service = DatagramService(
                socket, handler, means.log, admitting: admitted, decoding: options.encoding?.encoding)
            do { try await service.run() } catch { means.ending.fail(ToolFailure(error)) }
            return
        }
        do { try await converse(over: socket, streams, means) } catch {
            if (error as? SocketError)?.reason != .closed { means.ending.fail(ToolFailure(error)) }
        }
        socket.close()
    }

    /// Talks with whoever speaks first; with --keep with whoever spoke last.
    private func converse(over socket: DatagramSocket, _ streams: any LocalSide, _ means: Means) async throws {
        var first = try await socket.receive()
        while !admitted.admits(first.sender) { first = try await socket.receive() }
        let client = ClientRecord(named: "\(first.sender)", at: means.loop.timeNow)
        try means.log.connected(client)
        if !keeps, first.sender != .unix(.unnamed) { try await socket.connect(to: first.sender) }
        var style = style
        style.isDatagrams = true
        let peer = DatagramPeer(socket, first: first)
        var conversation = Conversation(peer: peer, side: streams, style: style, loop: means.loop)
        conversation.count = { client.note(datagramsIn: $0 > 0 ? 1 : 0, bytesIn: $0, bytesOut: $1) }
        do throws(Conversation.Failure) { try await conversation.run() } catch { throw error.cause }
        try means.log.disconnected(client, at: means.loop.timeNow, because: nil)
    }
}
