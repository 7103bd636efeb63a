// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Where a relay leads.
enum RelayTarget: Hashable, Sendable {
    /// A stream: TCP or a UNIX path.
    case stream(Endpoint)
    /// Datagrams: UDP or a UNIX path.
    case datagrams(Endpoint)
    /// A program, started for each client: its words, of which there is at least one.
    case program([String])
    /// Wherever the client says, by SOCKS 4, 4a or 5.
    case socks
    /// Wherever the client says, by HTTP's CONNECT.
    case http

    /// Reads a target from a command line.
    ///
    /// - Throws: a failure for a word that is none.
    init(_ word: String) throws(ToolFailure) {
        switch word {
        case "socks": self = .socks
        case "http": self = .http
        default:
            let endpoint: Endpoint
            do throws(AddressError) { endpoint = try Endpoint(word) } catch { throw ToolFailure(.usage, "\(error)") }
            switch (endpoint.scheme, endpoint.target) {
            case (.tcp, .host(.everyInterface, _)), (.udp, .host(.everyInterface, _)):
                throw ToolFailure(.usage, "\(endpoint) is a place to listen on: say which host to lead to")
            case (.tcp, .host(_, 0)), (.udp, .host(_, 0)):
                throw ToolFailure(.usage, "\(endpoint) is a place to listen on: say which port to lead to")
            case (.tcp, _), (.unix, _): self = .stream(endpoint)
            case (.udp, _), (.unixDatagram, _): self = .datagrams(endpoint)
            case (.exec, .command(let words)): self = .program(words)
            default: throw ToolFailure(.usage, "nt relay can't lead to \(endpoint): it speaks TCP, UDP, UNIX and exec:")
            }
        }
    }

    /// Whether it is a place where the relay listens itself, as far as the command line tells: no name is looked up.
    func leads(to place: SocketAddress) -> Bool {
        switch self {
        case .stream(let endpoint), .datagrams(let endpoint):
            switch endpoint.target {
            case .unix(let address): return place == .unix(address)
            case .host(let host, let port):
                guard let ip = place.ip, place.port == port else { return false }
                if host == .loopback { return ip.isLoopback || ip.isUnspecified }
                guard case .address(let target) = host else { return false }
                return target == ip || target.isLoopback && ip.isUnspecified
            default: return false
            }
        case .program, .socks, .http: return false
        }
    }

    /// Whether the client says where to go.
    var isProxy: Bool { self == .socks || self == .http }

    /// Whether it is a program.
    var isProgram: Bool { if case .program = self { true } else { false } }

    /// Whether it carries datagrams.
    var carriesDatagrams: Bool { if case .datagrams = self { true } else { false } }

    /// What a listener on a public address needs a guard for: it runs something, or forwards to anywhere.
    var needsGuard: Bool {
        switch self {
        case .program, .socks, .http: true
        case .stream, .datagrams: false
        }
    }
}

extension RelayTarget: CustomStringConvertible {
    /// As it is written.
    var description: String {
        switch self {
        case .stream(let endpoint), .datagrams(let endpoint): "\(endpoint)"
        case .program(let words): "exec:\(words.map(Self.quoted).joined(separator: " "))"
        case .socks: "socks"
        case .http: "http"
        }
    }

    private static func quoted(_ word: String) -> String {
        word.isEmpty || word.contains(" ") ? "'\(word.legible)'" : word.legible
    }
}
