// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Where a verb listens, and what it says about it.
struct ListenAddresses {
    /// Every address to listen at for streams, in the order in which they were written.
    private(set) var addresses: [SocketAddress] = []
    /// Listeners that somebody else has opened: `fd:3`, `systemd:name`.
    private(set) var inherited: [Endpoint] = []
    /// Where datagrams come.
    private(set) var datagrams: [Endpoint] = []
    /// Whether standard input and output are a client: `-`.
    private(set) var hasStandardIO = false
    private let verb: String

    /// Looks up what has to be looked up.
    ///
    /// - Parameter isPublic: `:PORT` means every interface.
    init(_ words: ArraySlice<String>, isPublic: Bool, for verb: String = "listen") throws(ToolFailure) {
        self.verb = verb
        var widened = 0
        for word in words {
            // No address is a bare word: this one was meant for a handler.
            if word != words.first, word.allSatisfy(\.isLetter) {
                let handlers = ListenHandler.names.joined(separator: ", ")
                throw ToolFailure(.usage, "\(word.quoted) is neither an address nor a handler: there are \(handlers)")
            }
            let endpoint: Endpoint
            do throws(AddressError) { endpoint = try Endpoint(word) } catch { throw ToolFailure(.usage, "\(error)") }
            if case .host(.loopback, _) = endpoint.target { widened += isPublic ? 1 : 0 }
            try add(endpoint, isPublic: isPublic)
        }
        if isPublic && widened == 0 {
            throw ToolFailure(.usage, "--public is about addresses written :PORT, and there is none")
        }
    }

    private mutating func add(_ endpoint: Endpoint, isPublic: Bool) throws(ToolFailure) {
        switch endpoint.scheme {
        case .tcp, .unix: addresses += try Self.addresses(of: endpoint, isPublic: isPublic)
        case .descriptor, .systemd: inherited.append(endpoint)
        case .stdio: hasStandardIO = true
        case .unixDatagram: datagrams.append(endpoint)
        case .udp:
            if case .host(.address(let ip), _) = endpoint.target, ip.isMulticast { return datagrams.append(endpoint) }
            for address in try Self.addresses(of: endpoint, isPublic: isPublic) {
                if let ip = address.ip, let port = address.port {
                    datagrams.append(Endpoint(.address(ip), port, scheme: .udp, options: endpoint.options))
                }
            }
        default:
            let name = endpoint.scheme.rawValue
            throw ToolFailure(.usage, "\(endpoint): nt \(verb) speaks no \(name), only the plain stream below it")
        }
    }

    /// The addresses of an endpoint: of a bare port by both families, else the first one.
    private static func addresses(of endpoint: Endpoint, isPublic: Bool) throws(ToolFailure) -> [SocketAddress] {
        guard case .host(.loopback, let port) = endpoint.target else {
            return Array(try addresses(of: endpoint).prefix(1))
        }
        return try addresses(of: isPublic ? .public(port) : .loopback(port), port)
    }

    /// The addresses of a bare port: by both families, as far as this machine has them. Where the system picks the
    /// port, it would be another one for the second family.
    private static func addresses(of endpoint: Endpoint, _ port: Port) throws(ToolFailure) -> [SocketAddress] {
        let all = try addresses(of: endpoint)
        return port == .any ? Array(all.prefix(1)) : all.filter { $0.family != .ipv6 || canBind($0) }
    }

    private static func addresses(of endpoint: Endpoint) throws(ToolFailure) -> [SocketAddress] {
        do throws(SocketError) { return try SocketAddress.listening(on: endpoint) } catch { throw ToolFailure(error) }
    }

    /// Whether the machine has the address at all.
    private static func canBind(_ address: SocketAddress) -> Bool {
        guard let ip = address.ip, let probe = try? Socket(address.family, .datagram) else { return false }
        return (try? probe.bind(to: SocketAddress(ip, .any))) != nil
    }

    /// How many places to listen there are.
    var count: Int { addresses.count + inherited.count + datagrams.count + (hasStandardIO ? 1 : 0) }

    /// Whether nothing but datagrams comes.
    var isDatagramsOnly: Bool { !datagrams.isEmpty && datagrams.count == count }

    // MARK: Who can come

    /// The first address at which other machines can come; nil where only this one can.
    var publicAddress: String? {
        if let address = addresses.first(where: { $0.ip?.isLoopback == false }) { return "\(address)" }
        for endpoint in datagrams {
            if case .host(.address(let ip), _) = endpoint.target, !ip.isLoopback { return "\(endpoint)" }
        }
        return nil
    }

    /// Refuses to let just anybody do what can do harm.
    ///
    /// - Throws: a failure that says how to allow it.
    func check(_ handler: ListenHandler, isFiltered: Bool) throws(ToolFailure) {
        guard let hazard = handler.hazard, let address = publicAddress, !isFiltered else { return }
        throw ToolFailure(
            .usage,
            "\(address) is open to whoever can reach this machine, and the handler \(hazard): say who may, as in "
                + "--allow 192.168.1.0/24")
    }
}

extension ListenAddresses {
    /// Turns the failure to listen into the line that helps: who has the port, and which one is free.
    static func failure(_ error: SocketError) -> ToolFailure {
        guard error.isAddressInUse, let subject = error.subject, let taken = try? Endpoint(subject).socketAddress,
            let ip = taken.ip, let port = taken.port?.rawValue,
            let free = (port..<(.max)).prefix(32).map({ Port(rawValue: $0 + 1) }).first(where: { isFree(ip, $0) })
        else { return ToolFailure(error) }
        return ToolFailure(ExitStatus(error), "\(error); port \(free) is free")
    }

    private static func isFree(_ ip: IPAddress, _ port: Port) -> Bool {
        (try? Socket.listening(on: SocketAddress(ip, port))) != nil
    }

    /// The addresses by which other machines reach a listener: those of every interface for one that has them all.
    static func reachable(_ address: SocketAddress, on machine: LocalMachine) -> [SocketAddress] {
        guard let ip = address.ip, let port = address.port, ip.isUnspecified else { return [] }
        let cards = (try? machine.cards()) ?? []
        return cards.flatMap { $0.interface.addresses.map(\.ip) }
            .filter { !$0.isLoopback && !$0.isLinkLocal && (ip.ipv4 == nil || $0.ipv4 != nil) }
            .map { SocketAddress($0, port) }
    }
}
