// SPDX-License-Identifier: Apache-2.0
import Sockets

extension Explanation {
    /// An endpoint: what it leads to, with address and port explained by themselves.
    init(_ endpoint: Endpoint, on machine: LocalMachine) {
        var (details, parts): ([String], [Explanation]) = ([], [])
        if endpoint.credentials != nil { details.append("with credentials, which are not shown") }
        if !endpoint.path.isEmpty { details.append("path \(endpoint.path)") }
        details += endpoint.options.map { "option \($0.name.quoted)\($0.value.map { " = \($0.quoted)" } ?? "")" }
        if case .address(let address)? = endpoint.host { parts.append(Explanation(address, on: machine)) }
        if let port = endpoint.port { parts.append(Explanation(port, on: machine)) }
        self.init(
            subject: "\(endpoint)", kind: .endpoint,
            summary: "\(endpoint.scheme.meaning), \(endpoint.target.meaning)", details: details,
            facts: Self.facts(endpoint), parts: parts)
    }

    private static func facts(_ endpoint: Endpoint) -> [JSONValue.Member] {
        var facts: [JSONValue.Member] = [.init("scheme", .string(endpoint.scheme.rawValue))]
        switch endpoint.target {
        case .host(let host, let port):
            facts += [.init("host", .string("\(host)")), .init("port", JSONValue(port.rawValue))]
        case .unix(let address):
            facts += [.init("unix", .string(address.kind.rawValue)), .init("name", .string(address.name))]
        case .command(let words): facts.append(.init("command", .array(words.map(JSONValue.string))))
        case .standardIO: break
        case .descriptor(let number): facts.append(.init("descriptor", JSONValue(number)))
        case .systemd(let name): facts.append(.init("name", .string(name)))
        }
        return facts + [
            .init("path", .string(endpoint.path)),
            .init(
                "options", .array(endpoint.options.map { ["name": .string($0.name), "value": JSONValue($0.value)] })),
            .init("has_credentials", .boolean(endpoint.credentials != nil)),
        ]
    }
}

extension Endpoint.Scheme {
    fileprivate var meaning: String {
        switch self {
        case .tcp: "TCP stream"
        case .udp: "UDP datagrams"
        case .unix: "UNIX-domain stream"
        case .unixDatagram: "UNIX-domain datagrams"
        case .unixSequencedPacket: "UNIX-domain messages in order"
        case .tls: "TLS over TCP"
        case .ws: "WebSocket over TCP"
        case .wss: "WebSocket over TLS"
        case .http: "HTTP over TCP"
        case .https: "HTTP over TLS"
        case .exec: "a program's standard input and output, without a shell"
        case .stdio: "standard input and output"
        case .descriptor: "a descriptor that the process inherits"
        case .systemd: "a descriptor that systemd passes"
        }
    }
}

extension Endpoint.Target {
    fileprivate var meaning: String {
        switch self {
        case .host(.loopback, let port): "port \(port) of this machine only, both families"
        case .host(.everyInterface, let port): "port \(port) of every interface of this machine"
        case .host(.address(let address), let port): "port \(port) of \(address)"
        case .host(.name(let name), let port): "port \(port) of \(name), a name that is looked up when it is used"
        case .unix(let address): address.meaning
        case .command(let words): words.map(\.quoted).joined(separator: " ")
        case .standardIO: "of this process"
        case .descriptor(let number): "number \(number)"
        case .systemd(let name): "by the name \(name)"
        }
    }
}

extension UnixAddress {
    fileprivate var meaning: String {
        switch kind {
        case .path: "the socket file \(name)"
        case .abstract: "the abstract name \(name): no file, gone with its socket"
        case .unnamed: "bound to nothing"
        }
    }

    /// The path or the name, with percent escapes where a terminal would act on a byte.
    fileprivate var name: String { String(description.dropFirst("unix:".count)) }
}
