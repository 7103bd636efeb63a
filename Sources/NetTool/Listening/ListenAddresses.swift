// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Where `nt listen` listens, and what it says about it.
struct ListenAddresses {
    /// Every address to listen at, in the order in which they were written.
    let addresses: [SocketAddress]

    /// Looks up what has to be looked up.
    ///
    /// - Parameter isPublic: `:PORT` means every interface.
    init(_ words: ArraySlice<String>, isPublic: Bool) throws(ToolFailure) {
        var addresses: [SocketAddress] = []
        var widened = 0
        for word in words {
            // No address is a bare word: this one was meant for a handler.
            if word != words.first, word.allSatisfy(\.isLetter) {
                let handlers = ListenHandler.names.joined(separator: ", ")
                throw ToolFailure(.usage, "\(word.quoted) is neither an address nor a handler: there are \(handlers)")
            }
            let endpoint = try StreamEndpoint.read(word, for: "listen")
            if case .host(.loopback, let port) = endpoint.target {
                widened += isPublic ? 1 : 0
                addresses += try Self.addresses(of: isPublic ? .public(port) : endpoint, port)
            } else {
                addresses += try Self.addresses(of: endpoint).prefix(1)
            }
        }
        if isPublic && widened == 0 {
            throw ToolFailure(.usage, "--public is about addresses written :PORT, and there is none")
        }
        self.addresses = addresses
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
