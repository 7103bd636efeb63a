// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

/// B-SOCF-06 and B-SOCF-07: what `getaddrinfo` and its kin answer, against Python and known names. Nobody is asked over
/// a network: digits, `localhost`, this machine's table, and `.invalid` (RFC 6761), which never exists.
@Suite(.blocking) struct ResolverTests {
    @Test func `digits need no answer from anybody`() throws {
        let found = try Resolver.resolve("127.0.0.1", port: 80, kind: .stream, flags: .numericHost)
        #expect(found.map(\.address) == [.ipv4(.loopback, 80)])
        #expect(found.first?.family == .ipv4)
        #expect(found.first?.kind == .stream)
        #expect(found.first?.protocolNumber == .tcp)
        #expect(found.first?.canonicalName == nil)
        #expect(try Resolver.addresses(of: "::1", port: 80) == [.ipv6(.loopback, 80, flowInfo: 0)])
    }

    @Test func `a scope in digits is kept`() throws {
        let found = try Resolver.addresses(of: "fe80::1%lo", port: 1)
        #expect(found.first?.ip?.ipv6?.scopeID == 1)
    }

    @Test func `without a kind each address comes once for each kind, and once in the short form`() throws {
        let found = try Resolver.resolve("127.0.0.1", port: 80)
        #expect(found.map(\.kind) == [.stream, .datagram, .raw])
        #expect(try Resolver.addresses(of: "127.0.0.1", port: 80).count == 1)
    }

    @Test func `no host is loopback for a client and every interface for a server`() throws {
        let client = try Resolver.resolve(nil, port: 80, family: .ipv4, kind: .stream)
        let server = try Resolver.resolve(nil, port: 80, family: .ipv4, kind: .stream, flags: .passive)
        #expect(client.map(\.address) == [.loopback(80)])
        #expect(server.map(\.address) == [.any(80)])
    }

    @Test func `a service's name becomes its port`() throws {  // A-095
        #expect(try Resolver.resolve("127.0.0.1", service: "http", kind: .stream).map(\.address) == [.loopback(80)])
    }

    @Test func `the canonical name comes with the first answer, when it is asked for`() throws {
        let found = try Resolver.resolve("localhost", port: 80, family: .ipv4, kind: .stream, flags: .canonicalName)
        #expect(found.first?.canonicalName == "localhost")
    }

    @Test func `IPv4 is mapped into IPv6 on request`() throws {
        let found = try Resolver.resolve("127.0.0.1", port: 80, family: .ipv6, kind: .stream, flags: .v4Mapped)
        #expect(found.first?.address.ip?.ipv6?.ipv4Mapped == .loopback)
    }

    @Test func `an address has a name, or digits`() throws {
        #expect(try Resolver.name(of: .loopback(80)) == ("localhost", "http"))
        #expect(try Resolver.name(of: .loopback(80), flags: [.numericHost, .numericService]) == ("127.0.0.1", "80"))
        #expect(
            try Resolver.name(of: SocketAddress("[::1]:53"), flags: [.numericHost, .datagram]) == ("::1", "domain"))
        #expect(try Resolver.name(of: SocketAddress("[fe80::1%lo]:53"), flags: .numericHost).host == "fe80::1%lo")
    }

    @Test func `this machine has a name`() throws {  // A-019
        let kernel = try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)
        #expect(try Resolver.hostName == kernel.trimmingCharacters(in: .newlines))
    }

    @Test func `it can be bound to by that name, or the resolver says why not`() throws {  // A-019
        do {
            let addresses = try Resolver.addresses(of: Resolver.hostName, port: 0)
            #expect(!addresses.isEmpty)
        } catch {
            #expect(try error.question == Resolver.hostName)
        }
    }

    @Test("B-SOCF-07: the host's name can be set by whoever may")
    func setsHostName() throws {
        let error = #expect(throws: ResolverError.self) { try Resolver.setHostName(String(repeating: "a", count: 65)) }
        #expect(error?.reason == .invalid("a host name has 1 to 64 bytes"))
        #if DEBUG
            withFaults(.failing(.sethostname, with: .notPermitted)) {
                let error = #expect(throws: ResolverError.self) { try Resolver.setHostName("fresh") }
                #expect(error?.description == "set host name fresh: operation not permitted")
            }
        #endif
        guard let host = IsolatedNetwork.isAvailable ? IsolatedNetwork() : nil else { return }
        #expect(
            try host.run { () throws -> String in
                try Resolver.setHostName("fresh.example")
                return try Resolver.hostName
            } == "fresh.example")
        #expect(try Resolver.hostName != "fresh.example", "the name was set outside")
    }

    @Test("B-SOCF-06, B-SOCF-07: the same questions get the same answers as in Python")
    func matchesPython() throws {
        let machine = try Resolver.hostName
        // Names that nobody here knows go out to a name server, which may lose a question: few of them.
        let isOutside: Set = ["nosuch.invalid", "256.1.1.1"]
        var asked: [(question: String, ours: String)] = []
        for host in ["localhost", "127.0.0.1", "::1", machine, "::g", "127.1", "0x7f.1", "a b"] + isOutside {
            for (family, kind, flags) in isOutside.contains(host) ? Self.variants.prefix(1) : Self.variants[...] {
                let question =
                    "getaddrinfo\t'\(host)'\t'80'\t\(family.rawValue)\t\(kind?.rawValue ?? 0)\t0\t\(flags.rawValue)"
                let ours = Self.told {
                    try Resolver.resolve(host, service: "80", family: family, kind: kind, flags: flags)
                        .map(Self.line).joined(separator: " ")
                }
                asked.append((question, ours))
            }
            asked.append(("gethostbyname\t'\(host)'", Self.told { "\(try Resolver.ipv4Address(of: host))" }))
            if isOutside.contains(host) { continue }
            asked.append(("getfqdn\t'\(host)'", Self.told { try Resolver.fullyQualifiedName(of: host) }))
        }
        for host in ["localhost", machine, "127.0.0.1"] {
            asked.append(("gethostbyname_ex\t'\(host)'", Self.told { Self.line(try Resolver.host(named: host)) }))
        }
        for address in ["127.0.0.1", "::1"] {
            asked.append(
                (
                    "gethostbyaddr\t'\(address)'",
                    Self.told(asEntry: true) { Self.line(try Resolver.host(at: IPAddress(address))) }
                ))
            for flags in 0..<32 where address != "::1" || flags & 1 == 1 {
                asked.append(
                    (
                        "getnameinfo\t'\(address)'\t22\t\(flags)",
                        Self.told {
                            let name = try Resolver.name(
                                of: SocketAddress(IPAddress(address), 22), flags: NameLookupFlags(rawValue: CInt(flags))
                            )
                            return "\(name.host) \(name.service)"
                        }
                    ))
            }
        }
        asked.append(("getfqdn", Self.told { try Resolver.fullyQualifiedName() }))
        asked.append(("gethostname", machine))
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Oracles/resolve.py")
        let answers = try Python.run(script: script.standardized, input: asked.map(\.question).joined(separator: "\n"))
            .split(separator: "\n", omittingEmptySubsequences: false)
        try #require(answers.count == asked.count + 1)
        for (asked, python) in zip(asked, answers) { #expect(asked.ours == python, "\(asked.question)") }
    }

    static let variants: [(AddressFamily, SocketKind?, AddressLookupFlags)] = [
        (.unspecified, nil, []), (.ipv4, .stream, []), (.ipv6, .stream, []),
        (.unspecified, .datagram, [.canonicalName]),
        (.ipv4, .stream, [.numericHost]), (.ipv6, .stream, [.v4Mapped]), (.ipv6, .stream, [.v4Mapped, .all]),
        (.unspecified, .stream, [.passive, .numericService]), (.unspecified, SocketKind(rawValue: 77), []),
        (AddressFamily(rawValue: 77), .stream, []),
    ]

    /// Our answer as the oracle writes its own.
    static func told(asEntry isEntry: Bool = false, _ body: () throws -> String) -> String {
        do { return try body() } catch let error as ResolverError {
            let codes: [ResolverError.Reason: Int] = [
                .badFlags: -1, .nameNotFound: -2, .tryAgain: -3, .failed: -4, .family: -6, .kind: -7, .service: -8,
            ]
            if error.operation == .nameOf && error.reason == .nameNotFound && isEntry { return "herror 1" }
            return "error \(error.reason == .noData ? -9 : codes[error.reason] ?? 0)"
        } catch { return "\(error)" }
    }

    static func line(_ answer: Resolver.Answer) -> String {
        let ip = answer.address.ip.map { "\($0)" } ?? ""
        return "\(answer.family.rawValue),\(answer.kind.rawValue),\(answer.protocolNumber.rawValue),"
            + "\(answer.canonicalName ?? ""),\(ip),\(answer.address.port?.rawValue ?? 0)"
    }

    static func line(_ host: Resolver.Host) -> String {
        "\(host.name) \(host.aliases.joined(separator: ",")) \(host.addresses.map { "\($0)" }.joined(separator: ","))"
    }
}
