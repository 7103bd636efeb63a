// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// ``Resolver``, without holding a loop: asks the ``NameService`` of the loop's world, and can be given up.
///
/// ```swift
/// let resolver = AsyncResolver()
/// for address in try await resolver.addresses(of: "example.test", port: 80) { print(address) }
/// print(try await resolver.name(of: .loopback(80)).host)
/// ```
/// Addresses in digits are answered at once. Each call ends with `.timedOut` at its limit or the task's own deadline,
/// and with `.cancelled` when the task is cancelled; a question that was not asked by then never is.
public struct AsyncResolver: Sendable {
    private let loop: EventLoop?

    /// A resolver.
    ///
    /// - Parameter loop: where to wait; the task's own loop, else one of the process's.
    public init(on loop: EventLoop? = nil) { self.loop = loop }

    /// Answers as ``Resolver/resolve(_:service:family:kind:protocolNumber:flags:)`` does. Python's `loop.getaddrinfo`.
    ///
    /// - Parameter limit: how long it may take at most.
    /// - Throws: ``ResolverError``, besides the reasons of the blocking call `.timedOut`, `.cancelled`,
    ///   `.tooManyQuestions`.
    ///
    /// C: `getaddrinfo(3)`.
    public nonisolated(nonsending) func resolve(
        _ question: NameQuestion, within limit: Duration = .seconds(30)
    ) async throws(ResolverError) -> [Resolver.Answer] {
        if let known = Self.known(question) { return known }
        return try await onLoop(.resolve, question.text) { (loop) async throws(ResolverError) in
            let deadline = Deadline.earliest(loop.world.now().advanced(by: limit))
            return try await loop.world.names.addresses(of: question, until: deadline, on: loop)
        }
    }

    /// The addresses of a host, each once, in the order in which to try them. Never empty.
    ///
    /// - Parameter limit: how long it may take at most.
    /// - Throws: as ``resolve(_:within:)``.
    ///
    /// C: `getaddrinfo(3)`.
    public nonisolated(nonsending) func addresses(
        of host: String, port: Port, family: AddressFamily = .unspecified, kind: SocketKind = .stream,
        within limit: Duration = .seconds(30)
    ) async throws(ResolverError) -> [SocketAddress] {
        try await resolve(NameQuestion(host, port, family: family, kind: kind), within: limit).distinctAddresses
    }

    /// What an address and its port are called; digits where they have no name. Python's `loop.getnameinfo`.
    ///
    /// - Parameter limit: how long it may take at most.
    /// - Throws: as ``Resolver/name(of:flags:)``, and `.timedOut`, `.cancelled`, `.tooManyQuestions`.
    ///
    /// C: `getnameinfo(3)`.
    public nonisolated(nonsending) func name(
        of address: SocketAddress, flags: NameLookupFlags = [], within limit: Duration = .seconds(30)
    ) async throws(ResolverError) -> (host: String, service: String) {
        let digits: NameLookupFlags = [.numericHost, .numericService]
        if address.ip == nil || flags.isSuperset(of: digits) { return try Resolver.name(of: address, flags: flags) }
        return try await onLoop(.nameOf, "\(address)") { (loop) async throws(ResolverError) in
            let deadline = Deadline.earliest(loop.world.now().advanced(by: limit))
            return try await loop.world.names.name(of: address, flags: flags, until: deadline, on: loop)
        }
    }

    private func forCaller(
        _ operation: ResolverError.Operation, _ question: String
    ) throws(ResolverError) -> EventLoop {
        do throws(SocketError) { return try EventLoop.forCaller(loop, .run) } catch {
            guard case .invalid(let text) = error.reason else { throw ResolverError(operation, question, .failed) }
            throw ResolverError(operation, question, .invalid(text))
        }
    }

    private nonisolated(nonsending) func onLoop<Answer: Sendable>(
        _ operation: ResolverError.Operation, _ question: String,
        _ body: nonisolated(nonsending) @Sendable (EventLoop) async throws(ResolverError) -> Answer
    ) async throws(ResolverError) -> Answer {
        let loop = try forCaller(operation, question)
        if loop.isCurrent { return try await body(loop) }
        return try await Self.hop(to: loop, body)
    }

    @concurrent private static func hop<Answer: Sendable>(
        to loop: EventLoop, _ body: nonisolated(nonsending) @Sendable (EventLoop) async throws(ResolverError) -> Answer
    ) async throws(ResolverError) -> Answer {
        try await withTaskExecutorPreference(loop) { () async throws(ResolverError) in try await body(loop) }
    }

    /// The answers to a question that is none: an address in digits, and a port in digits.
    private static func known(_ question: NameQuestion) -> [Resolver.Answer]? {
        guard question.flags.isSubset(of: [.numericHost, .numericService, .passive, .addressConfigured]),
            question.protocolNumber == .automatic, let host = question.host, let ip = try? IPAddress(host),
            let port = question.service.map({ try? Port($0) }) ?? Port.any
        else { return nil }
        let address = SocketAddress(ip, port)
        guard question.family == .unspecified || question.family == address.family else { return nil }
        let kinds: [(SocketKind, ProtocolNumber)] = [
            (.stream, .tcp), (.datagram, .udp), (.raw, .automatic),
        ]
        let answers = kinds.filter { question.kind == nil || question.kind == $0.0 }.map { kind, number in
            Resolver.Answer(address: address, family: address.family, kind: kind, protocolNumber: number)
        }
        // Another kind: the system knows what it thinks of that.
        return answers.isEmpty ? nil : answers
    }
}

extension [Resolver.Answer] {
    /// The addresses, each once.
    var distinctAddresses: [SocketAddress] {
        var seen: Set<SocketAddress> = []
        return map(\.address).filter { seen.insert($0).inserted }
    }
}
