// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Looks which ports of a host are open, by connecting to each. For hosts of one's own: what this machine can reach
/// without leaving private networks.
struct PortScan {
    private let ports: [Port]
    private let limit: Duration
    private let session: Session
    private let report: Report
    /// What ends it before its end.
    private let signals: HeldSignals?

    init(_ ports: [Port], within limit: Duration, in session: Session, _ report: Report, _ signals: HeldSignals?) {
        self.ports = ports
        self.limit = limit
        self.session = session
        self.report = report
        self.signals = signals
    }

    /// - Returns: `.success` if a port is open.
    func run(_ text: String) throws(ToolFailure) -> ExitStatus {
        let addresses = try addresses(of: text)
        for address in addresses where !isOwn(address) {
            throw ToolFailure(
                .usage,
                "--ports is for hosts of your own: \(address) is neither private nor on a network of this machine")
        }
        var (tried, open, refused) = (0, 0, 0)
        var ending: ExitStatus?
        // In parts, each bounded in time and memory.
        for start in stride(from: 0, to: ports.count, by: Self.part) where ending == nil {
            let outcomes = try probe(ports[start..<min(start + Self.part, ports.count)], of: text, addresses)
            tried += outcomes.count
            open += outcomes.count { $0.isOpen }
            refused += outcomes.count { $0.failure == .refused }
            ending = signals?.takeStatus()
        }
        let silent = tried - open - refused
        session.remark("\(tried) ports tried: \(open) open, \(refused) refused, \(silent) silent or unreachable")
        let status = ending ?? (open > 0 ? .success : .unavailable)
        try report.end(
            status,
            [.init("open", JSONValue(open)), .init("refused", JSONValue(refused)), .init("silent", JSONValue(silent))])
        return status
    }

    private static let part = 8 * Prober.breadth

    /// Probes some of the ports, and tells which are open in their order.
    private func probe(
        _ ports: ArraySlice<Port>, of text: String, _ addresses: [IPAddress]
    ) throws(ToolFailure) -> [Prober.Outcome] {
        let targets = ports.map { CheckTarget(addresses, port: $0, named: "\(text):\($0)") }
        var prober = Prober(targets, attemptLimit: limit, stop: signals)
        try prober.run { _ in false }
        let outcomes = prober.outcomes
        for case .closed(.exhausted(let words), _)? in outcomes {
            throw ToolFailure(.timedOut, "\(text): not every port was tried: \(words)")
        }
        for (port, outcome) in zip(ports, outcomes) where outcome?.isOpen == true { try tell(port, of: text) }
        return outcomes.compactMap(\.self)
    }

    private func tell(_ port: Port, of host: String) throws(ToolFailure) {
        let services = session.machine.services(port).filter { $0.hasSuffix("/tcp") }
        let name = services.first.map { "   \($0)" } ?? ""
        try report.write(
            "\(host):\(port)   open\(name)", event: "port",
            [
                .init("host", .string(host)), .init("port", JSONValue(port.rawValue)), .init("is_open", true),
                .init("services", .array(services.map(JSONValue.string))),
            ])
    }

    private func addresses(of text: String) throws(ToolFailure) -> [IPAddress] {
        if let address = try? IPAddress(text) { return [address] }
        let name: HostName
        do throws(AddressError) { name = try HostName(text) } catch {
            throw ToolFailure(.usage, "with --ports an address is a host by itself: \(error)")
        }
        do throws(ResolverError) { return try Resolver.addresses(of: name.text, port: .any).compactMap(\.ip) } catch {
            let failure = CheckFailure(error)
            throw ToolFailure(failure.status, "\(text): \(failure)")
        }
    }

    private func isOwn(_ address: IPAddress) -> Bool {
        if address.isLoopback || address.isPrivate || address.isLinkLocal { return true }
        switch session.machine.way(to: address) {
        case .own, .link: return true
        case .router, .none: return false
        }
    }
}
