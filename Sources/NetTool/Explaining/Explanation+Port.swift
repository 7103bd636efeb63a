// SPDX-License-Identifier: Apache-2.0
import Sockets

extension Explanation {
    /// A port: its class by RFC 6335, its service, and whether this machine hands it out by itself.
    init(_ port: Port, on machine: LocalMachine) {
        let services = machine.services(port)
        let ephemeral = machine.ephemeralPorts()
        let clauses = [
            "\(port.portClass.summary), \(services.isEmpty ? "no service name here" : services.joined(separator: " "))",
            ephemeral.map { Self.ephemeralClause(port, $0) },
            Self.olderClause(port),
        ]
        self.init(
            subject: "\(port)", kind: .port, summary: clauses.compactMap(\.self).joined(separator: "; "),
            facts: [
                .init("port", JSONValue(port.rawValue)), .init("class", .string(port.portClass.rawValue)),
                .init("older_class", .string(port.olderClass.rawValue)),
                .init("services", .array(services.map(JSONValue.string))),
                .init(
                    "ephemeral_range",
                    ephemeral.map { [JSONValue($0.lowerBound.rawValue), JSONValue($0.upperBound.rawValue)] } ?? .null),
                .init("is_ephemeral", ephemeral.map { .boolean($0.contains(port)) } ?? .null),
            ])
    }

    private static func ephemeralClause(_ port: Port, _ range: ClosedRange<Port>) -> String {
        let text = "\(range.lowerBound)-\(range.upperBound)"
        return range.contains(port)
            ? "in the ephemeral range here (\(text)): any client may be given it" : "ephemeral range here is \(text)"
    }

    /// What the older split says, where it is not the same.
    private static func olderClause(_ port: Port) -> String? {
        if port == .any { return "to listen on it means: the system picks a free port" }
        guard port.olderClass == .dynamic else { return nil }
        return "the tutorial's \"dynamic 1024-65535\" is the pre-RFC 6335 split"
    }
}

extension Port.Class {
    fileprivate var summary: String {
        switch self {
        case .system: "system port (0-1023, also called well known)"
        case .registered: "registered port (1024-49151)"
        case .dynamic: "dynamic port (49152-65535)"
        }
    }
}
