// SPDX-License-Identifier: Apache-2.0

/// Asks the system about names and addresses: `/etc/hosts`, DNS and whatever else it is set up for.
///
/// Every call blocks its thread until there is an answer, and none can be given up: many seconds, when a name server is
/// silent. Programs with an event loop ask through it instead.
/// ```swift
/// for found in try Resolver.resolve("localhost", port: 80, kind: .stream) { print(found.address) }
/// try Resolver.resolve("nosuch.invalid", port: 80)     // resolve nosuch.invalid:80: name not found
/// ```
/// A name is refused (`.invalid`) before anybody is asked if it is longer than 253 bytes or has a control byte.
///
/// C: `getaddrinfo(3)`, `getnameinfo(3)`, `gethostbyname(3)`.
public enum Resolver {
    /// One answer: everything that it takes to open a socket and connect or bind it.
    public struct Answer: Hashable, Sendable {
        /// The address, with the port that was asked for.
        public let address: SocketAddress
        /// The address's family.
        public let family: AddressFamily
        /// The kind of socket that it is good for.
        public let kind: SocketKind
        /// The protocol that it is good for.
        public let protocolNumber: ProtocolNumber
        /// The host's canonical name: in the first answer, if it was asked for.
        public let canonicalName: String?

        /// An answer, for who resolves names in another way or plays the resolver in a test.
        public init(
            address: SocketAddress, family: AddressFamily, kind: SocketKind, protocolNumber: ProtocolNumber,
            canonicalName: String? = nil
        ) {
            self.address = address
            self.family = family
            self.kind = kind
            self.protocolNumber = protocolNumber
            self.canonicalName = canonicalName
        }
    }

    /// The addresses of a host and a service, in the order in which to try them (RFC 6724). Never empty.
    ///
    /// - Parameters:
    ///   - host: a name, or an address in digits; nil is loopback or, with `.passive`, every interface.
    ///   - service: a service's name, or a port in digits; nil leaves the port 0.
    ///   - family: only this family; `.unspecified` for all.
    ///   - kind: only this kind of socket; nil for all, each address then coming once for each kind.
    ///   - protocolNumber: only this protocol.
    ///   - flags: how to look.
    /// - Throws: ``ResolverError``, with each of its reasons but `.protocolNotFound`; `.nameNotFound` also when both
    ///   host and service are nil.
    ///
    /// C: `getaddrinfo(3)`. RFC 3493 §6.1.
    public static func resolve(
        _ host: String?, service: String?, family: AddressFamily = .unspecified, kind: SocketKind? = nil,
        protocolNumber: ProtocolNumber = .automatic, flags: AddressLookupFlags = []
    ) throws(ResolverError) -> [Answer] {
        let question = (host ?? "") + (service.map { ":\($0)" } ?? "")
        do throws(ResolverError.Reason) {
            if let host { try check(host) }
            if let service { try check(service) }
            return try SystemCalls.addresses(
                of: host, service: service, family: family, kind: kind, protocolNumber: protocolNumber, flags: flags)
        } catch {
            throw ResolverError(.resolve, question, error)
        }
    }

    /// The addresses of a host, with a port.
    ///
    /// - Parameters:
    ///   - host: a name, or an address in digits; nil is loopback or, with `.passive`, every interface.
    ///   - port: goes into each answer.
    ///   - family: only this family; `.unspecified` for all.
    ///   - kind: only this kind of socket; nil for all, each address then coming once for each kind.
    ///   - protocolNumber: only this protocol.
    ///   - flags: how to look.
    /// - Throws: ``ResolverError``, with each of its reasons but `.protocolNotFound`.
    ///
    /// C: `getaddrinfo(3)`. RFC 3493 §6.1.
    public static func resolve(
        _ host: String?, port: Port, family: AddressFamily = .unspecified, kind: SocketKind? = nil,
        protocolNumber: ProtocolNumber = .automatic, flags: AddressLookupFlags = []
    ) throws(ResolverError) -> [Answer] {
        try resolve(
            host, service: "\(port)", family: family, kind: kind, protocolNumber: protocolNumber,
            flags: flags.union(.numericService))
    }

    /// The addresses of a host, each once, in the order in which to try them. Never empty.
    ///
    /// - Throws: ``ResolverError``, as ``resolve(_:port:family:kind:protocolNumber:flags:)`` does.
    ///
    /// C: `getaddrinfo(3)`.
    public static func addresses(
        of host: String, port: Port, family: AddressFamily = .unspecified, kind: SocketKind = .stream
    ) throws(ResolverError) -> [SocketAddress] {
        var seen: Set<SocketAddress> = []
        return try resolve(host, port: port, family: family, kind: kind).map(\.address).filter {
            seen.insert($0).inserted
        }
    }

    /// What an address and its port are called; digits where they have no name.
    ///
    /// - Throws: ``ResolverError`` with `.nameNotFound` when a name is required and there is none, `.family` for an
    ///   address that is no IP address, `.tryAgain`, `.failed`, `.badFlags`, `.memory`, `.system`.
    ///
    /// C: `getnameinfo(3)`. RFC 3493 §6.2.
    public static func name(
        of address: SocketAddress, flags: NameLookupFlags = []
    ) throws(ResolverError) -> (host: String, service: String) {
        do throws(ResolverError.Reason) {
            guard address.ip != nil else { throw .family }
            return try SystemCalls.name(of: address, flags: flags)
        } catch {
            throw ResolverError(.nameOf, "\(address)", error)
        }
    }

    /// Refuses what C would cut (a NUL), what no name server takes (over 253 bytes), and what no name has.
    static func check(_ name: String) throws(ResolverError.Reason) {
        let length = name.utf8.count
        if length > HostName.maximumLength {
            throw .invalid("a name of \(length) bytes; \(HostName.maximumLength) are the most")
        }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw .invalid("a control byte in the name") }
    }
}
