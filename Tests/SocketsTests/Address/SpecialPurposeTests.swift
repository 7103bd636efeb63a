// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct SpecialPurposeTests {
    @Test(
        "an address knows the smallest block that it is in, and its RFC",
        arguments: [
            ("192.168.1.1", "Private-Use (RFC 1918 192.168.0.0/16)"),
            ("192.0.0.9", "Port Control Protocol Anycast (RFC 7723 192.0.0.9/32)"),
            ("192.0.0.7", "IPv4 Service Continuity Prefix (RFC 7335 192.0.0.0/29)"),
            ("192.0.0.11", "IETF Protocol Assignments (RFC 6890 192.0.0.0/24)"),
            ("0.0.0.0", "This host on this network (RFC 1122 0.0.0.0/32)"),
            ("255.255.255.255", "Limited Broadcast (RFC 919 255.255.255.255/32)"),
            ("2001:db8::1", "Documentation (RFC 3849 2001:db8::/32)"),
            ("3fff:fff:ffff::1", "Documentation (RFC 9637 3fff::/20)"),
            ("2001::1", "TEREDO (RFC 4380 2001::/32)"),
            ("2001:5::1", "IETF Protocol Assignments (RFC 2928 2001::/23)"),
            ("100:0:0:1::1", "Dummy IPv6 Prefix (RFC 9780 100:0:0:1::/64)"),
            ("fe80::1%1", "Link-Local Unicast (RFC 4291 fe80::/10)"),
            ("::ffff:10.0.0.1", "IPv4-mapped Address (RFC 4291 ::ffff:0.0.0.0/96)"),
            ("fd00::1", "Unique-Local (RFC 4193 fc00::/7)"),
        ])
    func blocks(text: String, description: String) throws {
        #expect(try IPAddress(text).specialPurpose?.description == description)
    }

    @Test(arguments: ["8.8.8.8", "193.0.0.1", "224.0.0.1", "2606:4700::1111", "3fff:1000::", "ff02::1"])
    func `an ordinary address is in no block`(text: String) throws {
        #expect(try IPAddress(text).specialPurpose == nil)
    }

    @Test func `the registry's blocks are whole, sorted and different`() {
        let blocks = SpecialPurpose.all
        #expect(blocks.filter { $0.network.address.ipv4 != nil }.count == 26)
        #expect(blocks.filter { $0.network.address.ipv6 != nil }.count == 25)
        #expect(Set(blocks.map(\.network)).count == blocks.count)
        #expect(blocks.map(\.network) == blocks.map(\.network).sorted())
    }

    @Test(
        "what is reachable from everywhere and what is not",
        arguments: [
            ("8.8.8.8", true), ("192.31.196.1", true), ("100.64.0.1", false), ("198.18.0.1", false),
            ("203.0.113.9", false),
            ("240.0.0.1", false), ("224.0.0.1", false), ("192.88.99.1", false), ("2620:4f:8000::1", true),
            ("64:ff9b::1", true), ("64:ff9b:1::1", false), ("2002::1", false), ("2001:20::1", true), ("5f00::1", false),
            ("ff0e::1", false), ("fec0::1", false),
        ])
    func reach(text: String, isGlobal: Bool) throws {
        #expect(try IPAddress(text).isGlobal == isGlobal)
    }

    @Test(arguments: [
        "192.0.2.1", "198.51.100.255", "203.0.113.0", "2001:db8:ffff::", "3fff:fff::", "::ffff:192.0.2.1",
    ])
    func `documentation addresses are told`(text: String) throws {
        #expect(try IPAddress(text).isDocumentation)
        #expect(
            try !(IPAddress(text).advanced(by: 1 << 40) ?? .v4(.loopback)).isDocumentation || text.contains("db8")
                || text.hasPrefix("3fff"))
    }
}
