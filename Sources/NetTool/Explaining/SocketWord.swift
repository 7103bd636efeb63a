// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A word of socket programs: a family (`AF_INET`), a kind (`SOCK_STREAM`) or a protocol (`IPPROTO_TCP`).
struct SocketWord: Hashable, Sendable {
    /// What a word names, and how it begins.
    enum Group: String, Hashable, Sendable, CaseIterable {
        case family = "AF_"
        case kind = "SOCK_"
        case `protocol` = "IPPROTO_"
    }

    let group: Group
    let name: String
    /// The system's number.
    let number: Int32
    /// How this package says it.
    let swiftName: String
    /// Where to read on.
    let source: String
    let meaning: String

    /// The word with this text, in either case; nil for a text that does not look like one.
    ///
    /// - Throws: for a text that looks like one and is none, which ones there are.
    init?(reading text: String) throws(Inexplicable) {
        var name = text.uppercased()
        // PF_ and AF_ have been the same numbers since BSD, and POSIX says UNIX where BSD said LOCAL.
        if name.hasPrefix("PF_") { name = "AF_" + name.dropFirst(3) }
        if name == "AF_LOCAL" { name = "AF_UNIX" }
        guard let group = Group.allCases.first(where: { name.hasPrefix($0.rawValue) }) else { return nil }
        guard let found = Self.all.first(where: { $0.name == name }) else {
            let known = Self.all.filter { $0.group == group }.map(\.name).joined(separator: ", ")
            throw Inexplicable("\(text.quoted) is none of the words that nt explains: \(known)")
        }
        self = found
    }

    private init(_ family: AddressFamily, _ name: String, _ swiftName: String, _ source: String, _ meaning: String) {
        (group, self.name, number) = (.family, "AF_\(name)", family.rawValue)
        (self.swiftName, self.source, self.meaning) = ("AddressFamily.\(swiftName)", source, meaning)
    }

    private init(_ kind: SocketKind, _ name: String, _ swiftName: String, _ source: String, _ meaning: String) {
        (group, self.name, number) = (.kind, "SOCK_\(name)", kind.rawValue)
        (self.swiftName, self.source, self.meaning) = ("SocketKind.\(swiftName)", source, meaning)
    }

    private init(_ number: ProtocolNumber, _ name: String, _ swiftName: String, _ source: String, _ meaning: String) {
        (group, self.name, self.number) = (.protocol, "IPPROTO_\(name)", number.rawValue)
        (self.swiftName, self.source, self.meaning) = ("ProtocolNumber.\(swiftName)", source, meaning)
    }

    static let all = families + kinds + protocols

    private static let families: [SocketWord] = [
        .init(.unspecified, "UNSPEC", "unspecified", "getaddrinfo(3)", "no family yet: whichever a name has"),
        .init(
            .unix, "UNIX", "unix", "unix(7)", "programs of one machine, by a path or an abstract name; also AF_LOCAL"),
        .init(.ipv4, "INET", "ipv4", "ip(7)", "IP version 4: an address of 32 bits and a port"),
        .init(
            AddressFamily.ipv6, "INET6", "ipv6", "ipv6(7)",
            "IP version 6: an address of 128 bits, a port and, on a link, its interface"),
        .init(
            .netlink, "NETLINK", "netlink", "netlink(7)", "messages between kernel and programs: routes, links, audit"),
        .init(.packet, "PACKET", "packet", "packet(7)", "whole frames of an interface; needs CAP_NET_RAW"),
        .init(.vsock, "VSOCK", "vsock", "vsock(7)", "a virtual machine and its host"),
    ]

    private static let kinds: [SocketWord] = [
        .init(
            .stream, "STREAM", "stream", "socket(2)",
            "an ordered stream of bytes over a connection, no borders between messages: TCP, UNIX"),
        .init(
            .datagram, "DGRAM", "datagram", "socket(2)",
            "separate messages, no connection; UDP may lose, double and reorder them, UNIX does not"),
        .init(
            SocketKind.raw, "RAW", "raw", "raw(7)",
            "the network layer itself, for ICMP or protocols of one's own; needs CAP_NET_RAW"),
        .init(
            .reliableDatagram, "RDM", "reliableDatagram", "socket(2)",
            "reliable messages without order: only TIPC has it on Linux, elsewhere opening one fails"),
        .init(
            .sequencedPacket, "SEQPACKET", "sequencedPacket", "unix(7)",
            "ordered, reliable messages over a connection: UNIX, and SCTP where it is loaded"),
    ]

    private static let protocols: [SocketWord] = [
        .init(
            .automatic, "IP", "automatic", "ip(7)", "whichever fits family and kind; as a level, the options of IPv4"),
        .init(.icmp, "ICMP", "icmp", "icmp(7)", "error messages and ping of IPv4"),
        .init(.igmp, "IGMP", "igmp", "RFC 9776", "who has joined which IPv4 group"),
        .init(.tcp, "TCP", "tcp", "tcp(7)", "the protocol of streams; as a level, its options"),
        .init(.udp, "UDP", "udp", "udp(7)", "the protocol of datagrams; as a level, its options"),
        .init(ProtocolNumber.ipv6, "IPV6", "ipv6", "ipv6(7)", "IPv6 inside IPv4; as a level, the options of IPv6"),
        .init(.icmpv6, "ICMPV6", "icmpv6", "RFC 4443", "error messages, ping and neighbor discovery of IPv6"),
        .init(.sctp, "SCTP", "sctp", "sctp(7)", "messages in several streams of one association"),
        .init(.udpLite, "UDPLITE", "udpLite", "udplite(7)", "UDP with a checksum over a part of the message"),
        .init(ProtocolNumber.raw, "RAW", "raw", "raw(7)", "whole IP packets, header included; sends only"),
        .init(.mptcp, "MPTCP", "mptcp", "RFC 8684", "TCP over several paths at a time"),
    ]
}

extension Explanation {
    /// A word of socket programs.
    init(_ word: SocketWord) {
        let (kind, noun): (Kind, String) =
            switch word.group {
            case .family: (.family, "address family")
            case .kind: (.kind, "kind of socket")
            case .protocol: (.protocol, "protocol")
            }
        self.init(
            subject: word.name, kind: kind, summary: "\(noun) \(word.number): \(word.meaning)",
            details: ["in Netwright \(word.swiftName)     see \(word.source)"],
            facts: [
                .init("number", JSONValue(word.number)), .init("meaning", .string(word.meaning)),
                .init("swift", .string(word.swiftName)), .init("source", .string(word.source)),
            ])
    }
}
