// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct IPv6AddressTests {
    @Test(
        "A-089: every form is read, and printed as RFC 5952 has it",
        arguments: [
            ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:DB8::ABCD", "2001:db8::abcd"),
            ("0:0:0:0:0:0:0:0", "::"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("1:0:0:0:0:0:0:8", "1::8"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
            ("::FFFF:c000:201", "::ffff:192.0.2.1"),
            ("::192.0.2.1", "::c000:201"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("fe80::1%7", "fe80::1%7"),
            ("fe80::1%4294967295", "fe80::1%4294967295"),
            ("fe80::1%0", "fe80::1"),
        ])
    func canonicalText(text: String, canonical: String) throws {
        let address = try IPv6Address(text)
        #expect(address.description == canonical)
        #expect(try IPv6Address(canonical) == address)
        #expect(try IPv6Address(address.exploded) == address)
    }

    @Test(
        "what RFC 4291 has no form for is refused with its reason",
        arguments: [
            ("", .empty), (":", .strayColon), (":::", .secondCompression), ("1", .wrongGroupCount(1)),
            ("1:2:3:4:5:6:7", .wrongGroupCount(7)), ("1:2:3:4:5:6:7:8:9", .wrongGroupCount(9)),
            ("1:2:3:4:5:6:7::8", .wrongGroupCount(9)), ("::1::", .secondCompression), ("1::2::3", .secondCompression),
            (":1:2:3:4:5:6:7", .strayColon), ("1:2:3:4:5:6:7:", .strayColon), ("1::2:", .strayColon),
            ("12345::", .groupTooLong("12345")), ("::g", .unexpectedCharacter("g")),
            ("::1 ", .unexpectedCharacter(" ")),
            ("1.2.3.4", .unexpectedCharacter(".")), ("::1.2.3", .wrongOctetCount(3)),
            ("::1.2.3.256", .octetTooLarge("256")), ("::01.2.3.4", .octetWithLeadingZero("01")),
            ("::.1.2.3", .unexpectedCharacter(".")), ("1:2:3:4:5:6:7:1.2.3.4", .wrongGroupCount(9)),
            ("::1.2.3.4:5", .unexpectedCharacter(":")), ("::1%", .scopeMissing), ("%1", .empty),
            ("::1%no such card", .unknownScope("no such card")), ("::1%lo\0", .unknownScope("lo\\0")),
            ("::1%4294967296", .unknownScope("4294967296")), ("[::1]", .unexpectedCharacter("[")),
        ] as [(String, AddressError.Reason)])
    func refusal(text: String, reason: AddressError.Reason) {
        #expect(throws: AddressError(text, .ipv6Address, reason)) { try IPv6Address(text) }
    }

    @Test func `a scope's name becomes the interface's index`() throws {
        let address = try IPv6Address("fe80::1%lo")
        #expect(address.scopeID == interfaceIndex(named: Array("lo".utf8)))
        #expect(address.scopeID > 0)
        #expect(address.scopeName == "lo")
        #expect(address.scoped(to: 0).scopeName == nil)
        #expect(address != address.scoped(to: 0))
        #expect(address.scoped(to: 0) < address)
        #expect(address.advanced(by: 1)?.scopeID == address.scopeID)
        #expect(interfaceName(at: .max) == nil)
    }

    @Test func `an address is packed, and taken apart`() throws {
        let address = try IPv6Address("2001:db8::ff00:42:8329")
        #expect(address.bytes == [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0x42, 0x83, 0x29])
        #expect(try IPv6Address(bytes: address.bytes) == address)
        #expect(address.exploded == "2001:0db8:0000:0000:0000:ff00:0042:8329")
        #expect(try IPv6Address("2002:c000:204::").sixToFour == IPv4Address(192, 0, 2, 4))
        let teredo = try IPv6Address("2001:0:4136:e378:8000:63bf:3fff:fdd2").teredo
        #expect(teredo?.server == IPv4Address(65, 54, 227, 120))
        #expect(teredo?.client == IPv4Address(192, 0, 2, 45))
        #expect(IPv6Address(mapping: .loopback).ipv4Mapped == .loopback)
        #expect(IPAddress.v6(IPv6Address(mapping: .loopback)).unmapped == .v4(.loopback))
        #expect(throws: AddressError.self) { try IPAddress(bytes: [UInt8](repeating: 0, count: 15)) }
    }

    @Test func `adding beyond either end gives nil`() {
        #expect(IPv6Address.any.advanced(by: -1) == nil)
        #expect(IPv6Address.any.advanced(by: .min) == nil)
        #expect(IPv6Address(rawValue: .max).advanced(by: 1) == nil)
        #expect(IPv6Address.loopback.advanced(by: -1) == .any)
    }

    @Test func `a mapped loopback address is loopback, private and global as the address inside`() throws {
        #expect(try IPAddress("::ffff:127.0.0.1").isLoopback)
        #expect(try IPAddress("::ffff:169.254.1.1").isLinkLocal)
        #expect(try IPAddress("::ffff:8.8.8.8").isGlobal)
        #expect(try IPAddress("::ffff:10.0.0.1").isGlobal == false)
    }
}
