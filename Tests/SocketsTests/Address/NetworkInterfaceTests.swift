// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct NetworkInterfaceTests {
    @Test("A-097: the interfaces, their addresses, masks, MTU, hardware address and flags equal `ip -j addr`")
    func equalsIP() throws {
        let ours = try NetworkInterface.all()
        let theirs = try Self.links(Command.run(["ip", "-j", "addr"]))
        #expect(ours.map(\.name) == theirs.map(\.ifname))
        for (ours, theirs) in zip(ours, theirs) { Self.compare(ours, theirs) }
    }

    @Test("A-098: loopback is told from a card")
    func loopback() throws {
        let loopback = try NetworkInterface.named("lo")
        #expect(loopback.isLoopback)
        #expect(loopback.isUp)
        #expect(loopback.addresses.contains { $0.ip == .v4(.loopback) && $0.network.prefixLength == 8 })
        #expect(loopback.addresses.first?.description == "127.0.0.1/8")
        #expect(try loopback.addresses.first?.network == IPNetwork("127.0.0.0/8"))
        #expect(try NetworkInterface.all().filter(\.isLoopback).map(\.name) == ["lo"])
        #expect(loopback.description.hasPrefix("lo (1): up loopback running"))
    }

    @Test("B-SOCF-11: names and numbers lead to each other")
    func names() throws {
        let names = try NetworkInterface.names()
        #expect(names.contains { $0 == (1, "lo") })
        for (index, name) in names {
            #expect(try NetworkInterface.index(of: name) == index)
            #expect(try NetworkInterface.name(of: index) == name)
        }
        #expect(try names.map(\.index).sorted() == NetworkInterface.all().map(\.index))
    }

    @Test(arguments: ["", "sixteen-bytes-ab", "eth0\0x", "a b", "a/b", "eth0:1", "lo\n"])
    func `what can be no name is refused, not cut`(name: String) {
        let error = #expect(throws: InterfaceError.self) { try NetworkInterface.named(name) }
        #expect(error?.reason == .invalidName)
        let other = #expect(throws: InterfaceError.self) { try NetworkInterface.index(of: name) }
        #expect(other?.reason == .invalidName)
    }

    @Test func `an interface that is not there is told by name or number`() {
        let byName = #expect(throws: InterfaceError.self) { try NetworkInterface.named("nosuch0") }
        #expect(byName?.description == "find interface nosuch0: no such interface")
        #expect(throws: InterfaceError.self) { try NetworkInterface.index(of: "nosuch0") }
        let byIndex = #expect(throws: InterfaceError.self) { try NetworkInterface.name(of: 999_999) }
        #expect(byIndex?.description == "find interface 999999: no such interface")
        #expect(throws: InterfaceError.self) { try NetworkInterface.name(of: 0) }
    }

    @Test("A-099: an interface is brought up and down", .enabled(if: IsolatedNetwork.isAvailable))
    func upAndDown() throws {
        let seen = try IsolatedNetwork().run {
            var seen = [try NetworkInterface.named("lo")]
            for isUp in [true, true, false, false] {
                try seen[0].setUp(isUp)
                seen.append(try NetworkInterface.named("lo"))
            }
            return seen
        }
        #expect(seen.map(\.isUp) == [false, true, true, false, false])
        #expect(seen[1].addresses.contains { $0.ip == .v6(.loopback) })
        #expect(seen[0].addresses.isEmpty)
        #expect(try NetworkInterface.named("lo").isUp, "the machine's own was touched")
    }

    @Test(
        "A-097: labels, peers and broadcast addresses are read as `ip` reads them",
        .enabled(if: IsolatedNetwork.isAvailable))
    func unusualAddresses() throws {
        let (ours, theirs) = try IsolatedNetwork().run {
            for words in [
                "tuntap add tap0 mode tap", "link set lo up",
                "addr add 10.9.8.7/20 broadcast + label tap0:first dev tap0",
                "addr add 10.1.1.1 peer 10.1.1.2/32 dev lo",
                "addr add 10.2.2.2/31 dev tap0", "addr add 10.4.4.4 peer 10.4.4.9/24 dev tap0",
                "addr add 10.5.5.5 peer 10.5.5.9/32 dev tap0", "addr add 10.6.6.6/24 broadcast 10.6.6.0 dev tap0",
                "link set tap0 address 02:00:5e:10:00:01", "link set tap0 mtu 1234", "link set tap0 promisc on",
                "addr add 2001:db8::7/60 dev tap0", "tuntap add tun0 mode tun",
                "addr add 10.3.3.3 peer 10.3.3.4/32 dev tun0",
            ] {
                // What this kernel has no module for is missing on both sides.
                _ = try? Command.run(["sh", "-c", "ip " + words])
            }
            return (try NetworkInterface.all(), try Self.links(Command.run(["ip", "-j", "addr"])))
        }
        #expect(ours.map(\.name) == theirs.map(\.ifname))
        for (ours, theirs) in zip(ours, theirs) { Self.compare(ours, theirs) }
        let loopback = try #require(ours.first)
        #expect(loopback.addresses.contains { $0.ip.description == "10.1.1.1" && $0.peer?.description == "10.1.1.2" })
    }

    #if DEBUG
        @Test func `without the right to do so the refusal says which interface`() throws {
            let loopback = try NetworkInterface.named("lo")
            withFaults(.failing(.ioctl, with: .notPermitted)) {
                let error = #expect(throws: InterfaceError.self) { try loopback.setUp(false) }
                #expect(error?.isPermissionDenied == true)
                #expect(error?.description == "set down lo: operation not permitted")
            }
        }

        @Test func `an interface that goes away meanwhile is left out, or not found`() throws {
            let loopback = try NetworkInterface.named("lo")
            try withFaults(.failing(.ioctl, with: .operationNotSupportedByDevice)) {
                let all = try NetworkInterface.all()
                #expect(all.isEmpty)
                let error = #expect(throws: InterfaceError.self) { try loopback.setUp(true) }
                #expect(error?.reason == .notFound)
            }
        }

        @Test func `a system without descriptors is told as such`() {
            for call in [SystemCall.getifaddrs, .socket] {
                withFaults(.failing(call, with: .tooManyOpenFiles)) {
                    let error = #expect(throws: InterfaceError.self) { try NetworkInterface.all() }
                    #expect(error?.description == "list interfaces: too many open files")
                }
            }
        }
    #endif

    /// What `ip -j addr` writes.
    struct Link: Decodable, Sendable {
        let ifindex: UInt32
        let ifname: String
        let flags: [String]
        let mtu: Int
        let kind: String
        let address: String?
        let addresses: [Entry]

        enum CodingKeys: String, CodingKey {
            case ifindex, ifname, flags, mtu, address
            case kind = "link_type"
            case addresses = "addr_info"
        }

        struct Entry: Decodable, Sendable {
            let family: String
            let local: String
            let prefixlen: Int
            let broadcast: String?
            let address: String?
        }
    }

    static func links(_ json: String) throws -> [Link] {
        try JSONDecoder().decode([Link].self, from: Data(json.utf8))
    }

    static func compare(_ ours: NetworkInterface, _ theirs: Link) {
        #expect(ours.name == theirs.ifname)
        #expect(ours.index == theirs.ifindex)
        #expect(ours.mtu == theirs.mtu)
        if theirs.kind == "ether" || theirs.kind == "loopback" {
            #expect(ours.hardwareAddress?.description == theirs.address)
        }
        let flags: [(InterfaceFlags, String)] = [
            (.up, "UP"), (.broadcast, "BROADCAST"), (.loopback, "LOOPBACK"), (.pointToPoint, "POINTOPOINT"),
            (.noARP, "NOARP"), (.promiscuous, "PROMISC"), (.multicast, "MULTICAST"), (.lowerUp, "LOWER_UP"),
        ]
        for (flag, name) in flags {
            #expect(ours.flags.contains(flag) == theirs.flags.contains(name), "\(ours) \(name)")
        }
        let isStuck = ours.isUp && !ours.flags.contains(.running)
        #expect(isStuck == theirs.flags.contains("NO-CARRIER"))
        #expect(ours.addresses.map { Self.line($0) } == theirs.addresses.map { Self.line($0) })
    }

    static func line(_ address: NetworkInterface.Address) -> String {
        let ip = address.ip.description.prefix { $0 != "%" }
        let others = [address.broadcast?.description, address.peer?.description].map { $0 ?? "" }
        return "\(ip)/\(address.network.prefixLength) \(others.joined(separator: " "))"
    }

    static func line(_ entry: Link.Entry) -> String {
        "\(entry.local)/\(entry.prefixlen) \(entry.broadcast ?? "") \(entry.address ?? "")"
    }
}

@Suite(.blocking) struct HardwareAddressTests {
    @Test(arguments: ["02:fc:00:00:00:01", "00:00:00:00:00:00", "ff", "01:23:45:67:89:ab:cd:ef"])
    func `a hardware address is read and printed`(text: String) throws {
        let address = try #require(HardwareAddress(text))
        #expect(address.description == text)
        #expect(HardwareAddress(text.uppercased().replacingOccurrences(of: ":", with: "-")) == address)
        #expect(HardwareAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", "0", "00:", ":00", "00:0", "00:0g", "00:00-00", "00::00", "0 :00", "00:00:", "00 00", "+1", "é",
    ])
    func `anything else is none`(text: String) {
        #expect(HardwareAddress(text) == nil)
    }

    @Test func `no bytes, or more than Linux keeps, are none`() {
        #expect(HardwareAddress(bytes: []) == nil)
        #expect(HardwareAddress(bytes: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test func `groups and hand-made addresses are told by their first byte`() throws {
        #expect(HardwareAddress("01:00:5e:00:00:fb")?.isMulticast == true)
        #expect(HardwareAddress("02:fc:00:00:00:01")?.isMulticast == false)
        #expect(HardwareAddress("02:fc:00:00:00:01")?.isLocallyAdministered == true)
        #expect(HardwareAddress("00:1b:21:00:00:01")?.isLocallyAdministered == false)
    }
}
