// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// The names that a host of a ``SimulatedNetwork`` knows: those of all hosts that it can reach, and `localhost`. Nobody
/// else is asked.
struct SimulatedNames: NameService {
    let fabric: Fabric
    let asker: Node

    nonisolated(nonsending) func addresses(
        of question: NameQuestion, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> [Resolver.Answer] {
        if Task.isCancelled { throw ResolverError(.resolve, Self.text(question), .cancelled) }
        do throws(ResolverError.Reason) {
            try await wait(until: deadline, on: loop)
            return try answers(to: question)
        } catch {
            throw ResolverError(.resolve, Self.text(question), error)
        }
    }

    /// Takes as long as the host's resolver does, and fails as it does.
    private nonisolated(nonsending) func wait(
        until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError.Reason) {
        if asker.nameDelay > .zero {
            let left = loop.timeNow.duration(to: deadline)
            do throws(SocketError) { try await loop.sleep(for: min(asker.nameDelay, left)) } catch {
                throw error.reason == .timedOut ? .timedOut : .cancelled
            }
            if left < asker.nameDelay { throw .timedOut }
        }
        if let failure = asker.nameFailure { throw failure }
    }

    private func answers(to question: NameQuestion) throws(ResolverError.Reason) -> [Resolver.Answer] {
        let port = try Self.port(question.service)
        let (name, all) = try host(question)
        let addresses = all.filter {
            SocketAddress($0, port).family == question.family || question.family == .unspecified
        }
        if addresses.isEmpty { throw .noData }
        let kinds: [(SocketKind, ProtocolNumber)] = [(.stream, .tcp), (.datagram, .udp), (.raw, .automatic)]
        let wanted = kinds.filter { kind, number in
            (question.kind ?? kind) == kind
                && (question.protocolNumber == .automatic || question.protocolNumber == number)
        }
        if wanted.isEmpty { throw .kind }
        var canonicalName = question.flags.contains(.canonicalName) ? name : nil
        var answers: [Resolver.Answer] = []
        for address in addresses.map({ SocketAddress($0, port) }) {
            for (kind, number) in wanted {
                answers.append(
                    Resolver.Answer(
                        address: address, family: address.family, kind: kind, protocolNumber: number,
                        canonicalName: canonicalName.take()))
            }
        }
        return answers
    }

    /// What a host is called, and all its addresses.
    private func host(_ question: NameQuestion) throws(ResolverError.Reason) -> (String, [IPAddress]) {
        guard let host = question.host else {
            let isPassive = question.flags.contains(.passive)
            return ("localhost", isPassive ? [.v4(.any), .v6(.any)] : Self.loopback)
        }
        if let address = try? IPAddress(host) { return (host, [address]) }
        if question.flags.contains(.numericHost) { throw .nameNotFound }
        let name = Self.normal(host)
        // RFC 6761 §6.3
        if name == "localhost" || name.hasSuffix(".localhost") { return ("localhost", Self.loopback) }
        let known = fabric.nodes.first { Self.normal($0.name) == name && realms.contains($0.gateway?.number) }
        guard let known else { throw .nameNotFound }
        return (known.name, known.addresses)
    }

    /// The NATs behind which the hosts are that the asker can reach; nil stands for none. Nobody outside knows those
    /// behind a NAT.
    private var realms: [Int?] {
        var realms: [Int?] = []
        var next: Node? = asker
        while let node = next {
            realms.append(node.gateway?.number)
            next = node.gateway
        }
        return realms
    }

    nonisolated(nonsending) func name(
        of address: SocketAddress, flags: NameLookupFlags, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> (host: String, service: String) {
        if Task.isCancelled { throw ResolverError(.nameOf, "\(address)", .cancelled) }
        do throws(ResolverError.Reason) { try await wait(until: deadline, on: loop) } catch {
            throw ResolverError(.nameOf, "\(address)", error)
        }
        guard let ip = address.ip, let port = address.port else {
            throw ResolverError(.nameOf, "\(address)", .family)
        }
        let known = ip.isLoopback ? "localhost" : node(at: ip)?.name
        if let known, !flags.contains(.numericHost) { return (known, "\(port)") }
        if flags.contains(.nameRequired) { throw ResolverError(.nameOf, "\(address)", .nameNotFound) }
        return ("\(ip)", "\(port)")
    }

    private func node(at ip: IPAddress) -> Node? {
        var next: Node? = asker
        while let node = next {
            if let found = fabric.node(at: ip, behind: node.gateway) { return found }
            next = node.gateway
        }
        return nil
    }

    private static let loopback: [IPAddress] = [.v4(.loopback), .v6(.loopback)]

    /// There are no names of services: those of the system are the system's.
    private static func port(_ service: String?) throws(ResolverError.Reason) -> Port {
        guard let service else { return .any }
        do throws(AddressError) { return try Port(service) } catch { throw .service }
    }

    /// As DNS compares names: without regard to case, and to a dot at the end.
    private static func normal(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    private static func text(_ question: NameQuestion) -> String {
        (question.host ?? "") + (question.service.map { ":\($0)" } ?? "")
    }
}
