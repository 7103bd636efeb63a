// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Who answers questions about names for the loops of a ``World``: the system's resolver in the real one
/// (``ResolverPool``), something else in a test or a simulation.
///
/// Both are called on the loop, and must not hold it. A wait for an answer ends at the deadline with `.timedOut` and by
/// cancellation with `.cancelled`. Numbers never get here: ``AsyncResolver`` and ``Connector`` know them by themselves.
public protocol NameService: Sendable {
    /// The addresses of a name, in the order in which to try them; never empty.
    ///
    /// - Throws: ``ResolverError``.
    nonisolated(nonsending) func addresses(
        of question: NameQuestion, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> [Resolver.Answer]

    /// The name of an address and of its port.
    ///
    /// - Throws: ``ResolverError``.
    nonisolated(nonsending) func name(
        of address: SocketAddress, flags: NameLookupFlags, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> (host: String, service: String)
}

/// What is asked about a name.
///
/// C: the arguments of `getaddrinfo(3)`.
public struct NameQuestion: Hashable, Sendable {
    /// A name, or an address in digits; nil is loopback or, with `.passive`, every interface.
    public var host: String?
    /// A service's name, or a port in digits; nil leaves the port 0.
    public var service: String?
    /// Only this family; `.unspecified` for all.
    public var family: AddressFamily
    /// Only this kind of socket; nil for all.
    public var kind: SocketKind?
    /// Only this protocol.
    public var protocolNumber: ProtocolNumber
    /// How to look.
    public var flags: AddressLookupFlags

    /// A question.
    public init(
        host: String?, service: String?, family: AddressFamily = .unspecified, kind: SocketKind? = nil,
        protocolNumber: ProtocolNumber = .automatic, flags: AddressLookupFlags = []
    ) {
        self.host = host
        self.service = service
        self.family = family
        self.kind = kind
        self.protocolNumber = protocolNumber
        self.flags = flags
    }

    /// The addresses that a stream to a host and a port can have.
    init(_ host: String, _ port: Port, family: AddressFamily, kind: SocketKind = .stream) {
        self.init(host: host, service: "\(port)", family: family, kind: kind, flags: .numericService)
    }

    /// What errors quote.
    var text: String { (host ?? "") + (service.map { ":\($0)" } ?? "") }
}
