// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct IPNetworkTests {
    @Test(
        "B-IP-02: what is no network is refused, and host bits with what the network would be",
        arguments: [
            ("192.168.1.7/24", "\"192.168.1.7/24\" is no IP network: host bits are set; the network is 192.168.1.0/24"),
            ("2001:db8::1/32", "\"2001:db8::1/32\" is no IP network: host bits are set; the network is 2001:db8::/32"),
            ("10.0.0.0/33", "\"10.0.0.0/33\" is no IP network: the prefix length 33 is not in 0 to 32"),
            ("::/129", "\"::/129\" is no IP network: the prefix length 129 is not in 0 to 128"),
            ("10.0.0.0/", "\"10.0.0.0/\" is no IP network: '' is neither a prefix length nor a mask"),
            ("10.0.0.0/08", "\"10.0.0.0/08\" is no IP network: '08' is neither a prefix length nor a mask"),
            ("10.0.0.0/-1", "\"10.0.0.0/-1\" is no IP network: '-1' is neither a prefix length nor a mask"),
            ("10.0.0.0/8/8", "\"10.0.0.0/8/8\" is no IP network: '8/8' is neither a prefix length nor a mask"),
            (
                "10.0.0.0/255.0.255.0",
                "\"10.0.0.0/255.0.255.0\" is no IP network: '255.0.255.0' is neither a prefix length nor a mask"
            ),
            ("::/ffff::", "\"::/ffff::\" is no IP network: 'ffff::' is neither a prefix length nor a mask"),
            ("fe80::%1/64", "\"fe80::%1/64\" is no IP network: a scope ('%1') can't stand here"),
            ("/8", "\"/8\" is no IP network: it is empty"),
            ("10.0/8", "\"10.0/8\" is no IP network: it has 2 numbers, not 4"),
        ])
    func refusal(text: String, line: String) {
        let error = #expect(throws: AddressError.self) { try IPNetwork(text) }
        // The scope of fe80::%1 stands before the slash, so the text behind % is "1/64" to nobody.
        #expect(error?.description == line)
    }

    @Test func `the lenient reading takes the network that the address is in`() throws {
        #expect(try IPNetwork(containing: "192.168.1.7/24").description == "192.168.1.0/24")
        #expect(try IPNetwork(containing: "192.168.1.7/255.255.0.0").description == "192.168.0.0/16")
        #expect(try IPNetwork(containing: IPAddress("10.9.8.7"), prefixLength: 9).description == "10.0.0.0/9")
        #expect(throws: AddressError.self) { try IPNetwork(containing: IPAddress("10.9.8.7"), prefixLength: 33) }
        #expect(throws: AddressError.self) { try IPNetwork(IPAddress("10.9.8.7"), prefixLength: -1) }
        #expect(throws: AddressError.self) { try IPNetwork(IPAddress("10.9.8.7"), prefixLength: 8) }
    }

    @Test func `masks, ends and hosts of an ordinary network`() throws {
        let network = try IPNetwork("192.168.1.0/29")
        #expect(network.netmask == .v4(IPv4Address(255, 255, 255, 248)))
        #expect(network.hostmask == .v4(IPv4Address(0, 0, 0, 7)))
        #expect(network.broadcast == IPv4Address(192, 168, 1, 7))
        #expect(network.count == 8)
        #expect(network.hosts.map(\.description) == (1...6).map { "192.168.1.\($0)" })
        #expect(network.addresses.description == "192.168.1.0-192.168.1.7")
        #expect(network.textWithNetmask == "192.168.1.0/255.255.255.248")
        #expect(network.textWithHostmask == "192.168.1.0/0.0.0.7")
    }

    @Test func `networks of one and two addresses have no broadcast, and all their addresses are hosts`() throws {
        #expect(try IPNetwork("10.0.0.0/31").hosts.count == 2)
        #expect(try IPNetwork("10.0.0.0/32").hosts.count == 1)
        #expect(try IPNetwork("10.0.0.0/31").broadcast == nil)
        #expect(try IPNetwork("10.0.0.0/30").broadcast == IPv4Address(10, 0, 0, 3))
        #expect(try IPNetwork("::/127").hosts.count == 2)
        #expect(try IPNetwork("::/126").hosts.map(\.description) == ["::1", "::2", "::3"])
        #expect(try IPNetwork("::/64").broadcast == nil)
    }

    @Test func `the largest networks neither overflow nor list their addresses at once`() throws {
        let everything = try IPNetwork("::/0")
        #expect(everything.count == nil)
        #expect(everything.hosts.count == .max)
        #expect(everything.addresses.prefix(3).map(\.description) == ["::", "::1", "::2"])
        #expect(try Array(everything.subnets(prefixLength: 128).prefix(2)).map(\.description) == ["::/128", "::1/128"])
        #expect(try everything.subnets(prefixLength: 0).map { $0 } == [everything])
        #expect(everything.supernet == nil)
        #expect(everything.addresses.networks == [everything])
        #expect(everything.excluding(everything).isEmpty)
        #expect(try everything.excluding(IPNetwork("::/128")).count == 128)
        #expect(try IPNetwork("0.0.0.0/0").count == 1 << 32)
        let end = try IPNetwork("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127")
        #expect(end.addresses.map(\.description).last == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(try IPNetwork("255.255.255.254/31").subnets(prefixLength: 32).map(\.description).count == 2)
    }

    @Test func `subnets and supernets outside of the network's length are errors`() throws {
        let network = try IPNetwork("10.0.0.0/8")
        #expect(
            try network.subnets(prefixLength: 10).map(\.description)
                == ["10.0.0.0/10", "10.64.0.0/10", "10.128.0.0/10", "10.192.0.0/10"])
        #expect(try network.supernet(prefixLength: 5).description == "8.0.0.0/5")
        for length in [-1, 7, 33, .max, .min] {
            #expect(throws: AddressError.self) { try network.subnets(prefixLength: length) }
        }
        for length in [-1, 9] {
            #expect(throws: AddressError.self) { try network.supernet(prefixLength: length) }
        }
    }

    @Test func `families never contain or overlap each other`() throws {
        let (all4, all6) = (try IPNetwork("0.0.0.0/0"), try IPNetwork("::/0"))
        #expect(!all6.contains(.v4(.loopback)))
        #expect(!all4.overlaps(all6))
        #expect(all4.excluding(all6) == [all4])
        #expect(all4 < all6)
        #expect(IPNetwork.collapsing([all6, all4]) == [all4, all6])
        #expect(try all6.contains(IPAddress("fe80::1%1")))
    }

    @Test("B-IP-04: a range knows its networks") func ranges() throws {
        let range = try IPAddressRange(IPAddress("192.0.2.0"), IPAddress("192.0.2.130"))
        #expect(range.networks.map(\.description) == ["192.0.2.0/25", "192.0.2.128/31", "192.0.2.130/32"])
        #expect(range.count == 131)
        #expect(try range.contains(IPAddress("192.0.2.130")))
        #expect(try !range.contains(IPAddress("192.0.2.131")))
        #expect(throws: AddressError.self) { try IPAddressRange(.v4(.loopback), .v4(.any)) }
        #expect(throws: AddressError.self) { try IPAddressRange(.v4(.any), .v6(.any)) }
        #expect(throws: AddressError.self) { try IPAddressRange(IPAddress("::%1"), .v6(.loopback)) }
    }

    @Test("B-IP-03: an interface keeps its address beside its network") func interfaces() throws {
        let interface = try IPInterface("192.168.1.7/24")
        #expect(interface.network.description == "192.168.1.0/24")
        #expect(interface.description == "192.168.1.7/24")
        #expect(try IPInterface("fe80::1%1/64").description == "fe80::1%1/64")
        #expect(try IPInterface("fe80::1%1/64").network == IPNetwork("fe80::/64"))
        #expect(try IPInterface(IPAddress("10.0.0.1"), prefixLength: 8) < IPInterface("10.0.0.2/8"))
        #expect(throws: AddressError.self) { try IPInterface("10.0.0.1/33") }
        #expect(throws: AddressError.self) { try IPInterface(IPAddress("10.0.0.1"), prefixLength: 33) }
    }
}
