// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What a listening `nt` says: to people on standard error, to programs as events on standard output.
struct ClientLog: Sendable {
    let session: Session
    let isJSON: Bool
    let isVerbose: Bool
    let isQuiet: Bool
    /// Whether lines are counted, or bytes.
    let countsLines: Bool
    private let totals = Totals()

    init(_ options: ListenOptions, countsLines: Bool, in session: Session) {
        self.session = session
        self.countsLines = countsLines
        isJSON = options.form.json
        isVerbose = options.verbosity.verbose
        isQuiet = options.verbosity.quiet
    }

    /// How many clients there have been.
    var clientCount: Int { totals.value.withLock { $0.clients } }

    // MARK: What happens

    func listening(at addresses: [SocketAddress], on machine: LocalMachine) throws(ToolFailure) {
        let elsewhere = addresses.flatMap { ListenAddresses.reachable($0, on: machine) }
        if isJSON {
            for address in addresses { try event("listening", [.init("address", .string("\(address)"))]) }
            return
        }
        let inet = addresses.filter { $0.ip != nil }.map { "\($0)" }
        if !inet.isEmpty { remark("listening tcp \(inet.joined(separator: " "))") }
        for address in addresses where address.ip == nil { remark("listening \(address)") }
        if addresses.contains(where: { $0.ip?.isUnspecified == true }) {
            let list = elsewhere.map { "\($0)" }.joined(separator: " ")
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
        totals.value.withLock { $0.traffic += traffic }
        let duration = client.start.duration(to: now)
        if isJSON {
            let members =
                [.init("peer", .string(client.name))] + traffic.members(inLines: countsLines) + [
                    .init("seconds", JSONValue(duration)), .init("reason", JSONValue(reason)),
                ]
            return try event("disconnected", members)
        }
        var line = "- \(client.name)  \(traffic.text(inLines: countsLines))"
        if isVerbose {
            if countsLines { line += ", \(traffic.text(inLines: false))" }
            line += ", \(TimeSpan(duration))"
        }
        remark(reason.map { "\(line)  (\($0))" } ?? line)
    }

    /// A line of a client's, which is what was asked for.
    func line(_ text: String, from client: ClientRecord) throws(ToolFailure) {
        if isJSON {
            try event("line", [.init("peer", .string(client.name)), .init("text", .string(text))])
        } else {
            try session.print("\(client.name)  \(text.legible)")
        }
    }

    /// What the server tells of itself.
    func note(_ event: Server.Event) {
        switch event {
        case .acceptingPaused(let error): news("accepting pauses: \(error)")
        case .acceptingResumed: news("accepting again")
        case .denied(let peer): news("denied \(peer.map { "\($0)" } ?? "a client")")
        case .accepted, .ended: break  // told by whoever serves the client, with what passed
        case .handlerFailed, .refused: break  // neither can be: each client's end is told, and no peer has a limit
        }
    }

    /// A piece of the server's own news.
    func news(_ text: String) {
        if isJSON { try? event("notice", [.init("message", .string(text))]) } else { remark("nt: \(text)") }
    }

    /// The last words.
    func end(_ status: ExitStatus, after duration: Duration) throws(ToolFailure) {
        let (clients, traffic) = totals.value.withLock { ($0.clients, $0.traffic) }
        if isJSON {
            let members =
                [.init("clients", JSONValue(clients))] + traffic.members(inLines: countsLines) + [
                    .init("seconds", JSONValue(duration)), .init("status", JSONValue(status.rawValue)),
                ]
            return try event("end", members)
        }
        let people = "\(clients) client\(clients == 1 ? "" : "s")"
        remark("\(people), \(traffic.text(inLines: countsLines)), up \(TimeSpan(duration))")
    }

    private func event(_ name: String, _ members: [JSONValue.Member]) throws(ToolFailure) {
        try session.print("\(JSONValue.object([.init("event", .string(name))] + members))")
    }

    private func remark(_ line: String) {
        if !isQuiet && !isJSON { session.remark(line) }
    }

    private final class Totals: Sendable {
        let value = Mutex((clients: 0, traffic: Traffic()))
    }
}
