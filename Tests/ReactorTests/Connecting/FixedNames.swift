// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A name service that knows one name, at once: for connections over the real network to a name with chosen addresses.
struct FixedNames: NameService {
    let addresses: [SocketAddress]

    nonisolated(nonsending) func addresses(
        of question: NameQuestion, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> [Resolver.Answer] {
        let found = addresses.filter { $0.family == question.family || question.family == .unspecified }
        if question.host != "example.test" || found.isEmpty {
            throw ResolverError(.resolve, question.host ?? "", .nameNotFound)
        }
        return found.map { Resolver.Answer(address: $0, family: $0.family, kind: .stream, protocolNumber: .tcp) }
    }

    nonisolated(nonsending) func name(
        of address: SocketAddress, flags: NameLookupFlags, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> (host: String, service: String) {
        throw ResolverError(.nameOf, "\(address)", .nameNotFound)
    }
}
