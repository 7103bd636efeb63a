// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What a listening `nt` says: to people on standard error, to programs as events on standard output. Nothing of it
/// holds the loop: what somebody asked for waits in a queue, and talk that nobody reads is left out.
struct ClientLog: Sendable {
    let isJSON: Bool
    let isVerbose: Bool
    let isQuiet: Bool
    /// What is counted.
    let unit: Traffic.Unit
    /// Standard output, where anything is asked for there.
    let output: OutputQueue?
    private let talk: OutputQueue
    private let totals = Totals()

    /// - Parameter writesOutput: whether standard output has more to show than events.
    init(
        _ form: OutputForm, _ verbosity: Verbosity, counting unit: Traffic.Unit, writesOutput: Bool,
        on loop: EventLoop
    ) async throws(ToolFailure) {
        self.unit = unit
        isJSON = form.json
        isVerbose = verbosity.verbose
        isQuiet = verbosity.quiet
        let isWritten = writesOutput || isJSON
        output = isWritten ? try await OutputQueue(to: .standardOutput, named: "standard output", on: loop) : nil
        talk = try await OutputQueue(to: .standardError, named: "standard error", on: loop)
    }

    /// Writes what is said while `body` runs, and the rest then. `onFailure` is told when nobody takes what was asked
    /// for any more.
    func use(
        onFailure: @escaping @Sendable (ToolFailure) -> Void, _ body: @Sendable () async throws(ToolFailure) -> Void
    ) async throws(ToolFailure) {
        async let writing: Void? = output?.run(onFailure: onFailure)
        async let talking: Void = talk.run()
        var failure: ToolFailure?
        do throws(ToolFailure) { try await body() } catch { failure = error }
        output?.finish()
        talk.finish()
        _ = await (writing, talking)
        if let failure = failure ?? output?.failure { throw failure }
    }

    /// Waits while whoever reads standard output has enough.
    func waitForRoom() async throws(ToolFailure) { try await output?.waitForRoom() }

    /// Whether that takes a while.
    var isFull: Bool { output?.isFull == true }

    /// How many clients there have been.
    var clientCount: Int { totals.value.withLock { $0.clients } }

    /// Whether nobody has come, and nothing.
    var isUnheard: Bool { totals.value.withLock { $0.clients == 0 && $0.traffic == Traffic() } }

    // MARK: What happens

    func listening(at addresses: [SocketAddress], datagrams: [SocketAddress], on machine: LocalMachine)
        throws(ToolFailure)
    {
        if isJSON {
            for address in addresses { try event("listening", [.init("address", .string("\(address)"))]) }
            for address in datagrams { try event("listening", [.init("address", .string(address.datagramText))]) }
            return
        }
        let streams = addresses.filter { $0.ip != nil }.map { "\($0)" }
        if !streams.isEmpty { remark("listening tcp \(streams.joined(separator: " "))") }
        for address in addresses where address.ip == nil { remark("listening \(address)") }
        let packets = datagrams.filter { $0.ip != nil }.map { "\($0)" }
        if !packets.isEmpty { remark("listening udp \(packets.joined(separator: " "))") }
        for address in datagrams where address.ip == nil { remark("listening \(address.datagramText)") }
        let all = addresses + datagrams
        if all.contains(where: { $0.ip?.isUnspecified == true }) {
            let list = all.flatMap { ListenAddresses.reachable($0, on: machine) }.map { "\($0)" }
                .joined(separator: " ")
            remark("  open to whoever can reach this machine\(list.isEmpty ? "" : ": \(list)")")
        }
    }

    func connected(_ client: ClientRecord) throws(ToolFailure) {
        totals.value.withLock { $0.clients += 1 }
        if isJSON {
            try event("connected", [.init("peer", .string(client.name))])
        } else {
            remark("+ \(client.name)")
        }
    }

    /// - Parameter reason: why it was not the client's own end; nil if it was.
    func disconnected(_ client: ClientRecord, at now: LoopInstant, because reason: String?) throws(ToolFailure) {
        let traffic = client.traffic
        note(traffic)
        let duration = client.start.duration(to: now)
        if isJSON {
            let members =
                [.init("peer", .string(client.name))] + traffic.members(in: unit) + [
                    .init("seconds", JSONValue(duration)), .init("reason", JSONValue(reason)),
                ]
            return try event("disconnected", members)
        }
        var line = "- \(client.name)  \(traffic.text(in: unit))"
        if isVerbose {
            if unit != .byte { line += ", \(traffic.text(in: .byte))" }
            line += ", \(TimeSpan(duration))"
        }
        remark(reason.map { "\(line)  (\($0))" } ?? line)
    }

    /// Somebody who may not come. What strangers bring about is left out while nobody reads.
    private func denied(_ peer: String) {
        if !isJSON { return remark("! \(peer)  denied") }
        if !isFull { try? event("denied", [.init("peer", .string(peer))]) }
    }

    /// A line of a client's, which is what was asked for.
    func line(_ text: String, from name: String) throws(ToolFailure) {
        if isJSON {
            try event("line", [.init("peer", .string(name)), .init("text", .string(text))])
        } else {
            try output?.write("\(name)  \(text.legible)\n".utf8)
        }
    }

    /// Counts what belongs to no client.
    func note(_ traffic: Traffic) { totals.value.withLock { $0.traffic += traffic } }

    /// What the server tells of itself.
    func note(_ event: Server.Event) {
        switch event {
        case .acceptingPaused(let error): news("accepting pauses: \(error)")
        case .acceptingResumed: news("accepting again")
        case .denied(let peer): denied(peer.map { "\($0)" } ?? "somebody")
        case .accepted, .ended: break  // told by whoever serves the client, with what passed
        case .handlerFailed, .refused: break  // neither can be: each client's end is told, and no peer has a limit
        }
    }

    /// That a server which is drained waits, and for how many. Those who are idle have gone by then, and mostly that is
    /// everybody.
    func tellWhoStays(with server: Server?, on loop: EventLoop, for drain: Duration) {
        guard let server, drain > .zero else { return }
        loop.schedule(after: Self.patience) { [self] in
            let clients = server.connectionCount
            if clients > 0 { news("clients may go on for \(TimeSpan(drain)): \(clients); ctrl-C leaves at once") }
        }
    }

    /// How long idle clients may take to go before somebody is told that the server waits.
    private static let patience = Duration.milliseconds(100)

    /// A piece of the server's own news.
    func news(_ text: String) {
        if isJSON { try? event("notice", [.init("message", .string(text))]) } else { remark("nt: \(text)") }
    }

    /// Something for those who asked for more.
    func detail(_ text: String) { if isVerbose { remark(text) } }

    /// The last words.
    func end(_ status: ExitStatus, after duration: Duration) throws(ToolFailure) {
        let (clients, traffic) = totals.value.withLock { ($0.clients, $0.traffic) }
        if isJSON {
            let members =
                [.init("clients", JSONValue(clients))] + traffic.members(in: unit) + [
                    .init("seconds", JSONValue(duration)), .init("status", JSONValue(status.rawValue)),
                ]
            return try event("end", members)
        }
        let people = unit == .datagram && clients == 0 ? "" : "\(clients) client\(clients == 1 ? "" : "s"), "
        remark("\(people)\(traffic.text(in: unit)), up \(TimeSpan(duration))")
    }

    func event(_ name: String, _ members: [JSONValue.Member]) throws(ToolFailure) {
        try output?.write("\(JSONValue.object([.init("event", .string(name))] + members))\n".utf8)
    }

    func remark(_ line: String) {
        // Nobody waits for a reader of talk.
        if !isQuiet && !isJSON && !talk.isFull { try? talk.write("\(line)\n".utf8) }
    }

    private final class Totals: Sendable {
        let value = Mutex((clients: 0, traffic: Traffic()))
    }
}

extension SocketAddress {
    /// As an endpoint of datagrams is written.
    var datagramText: String { ip == nil ? "\(self)".replacingScheme : "udp://\(self)" }
}

extension String {
    /// `unix:/path` is `unix-dgram:/path` where datagrams come.
    fileprivate var replacingScheme: String {
        hasPrefix("unix:") ? "unix-dgram:" + dropFirst("unix:".count) : self
    }
}
