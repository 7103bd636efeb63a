// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct IPv4AddressTests {
    @Test(
        "B-SOCF-10: what inet_pton refuses is refused with its reason",
        arguments: [
            ("", AddressError.Reason.empty, "\"\" is no IPv4 address: it is empty"),
            ("300.1.1.1", .octetTooLarge("300"), "\"300.1.1.1\" is no IPv4 address: 300 is over 255"),
            ("1.2.3.256", .octetTooLarge("256"), "\"1.2.3.256\" is no IPv4 address: 256 is over 255"),
            ("1.2.3.99999999999999999999", .octetTooLarge("99999999999999999999"), nil),
            ("01.2.3.4", .octetWithLeadingZero("01"), nil),
            ("1.2.3.00", .octetWithLeadingZero("00"), nil),
            ("1.2.3", .wrongOctetCount(3), "\"1.2.3\" is no IPv4 address: it has 3 numbers, not 4"),
            ("1", .wrongOctetCount(1), nil),
            ("1.2.3.4.5", .wrongOctetCount(5), nil),
            ("1..2.3", .octetMissing, nil),
            (".1.2.3", .octetMissing, nil),
            ("1.2.3.", .octetMissing, nil),
            ("1.2.3.4 ", .unexpectedCharacter(" "), nil),
            ("1.2.3.-4", .unexpectedCharacter("-"), nil),
            ("1.2.3.٤", .unexpectedCharacter("٤"), nil),
            ("1.2.3.4\0", .unexpectedCharacter("\\0"), "\"1.2.3.4\\0\" is no IPv4 address: '\\0' can't stand there"),
            ("0x7f.0.0.1", .unexpectedCharacter("x"), nil),
        ] as [(String, AddressError.Reason, String?)])
    func refusal(text: String, reason: AddressError.Reason, line: String?) {
        let error = #expect(throws: AddressError.self) { try IPv4Address(text) }
        #expect(error?.reason == reason)
        #expect(error?.subject == .ipv4Address)
        if let line { #expect(error?.description == line) }
    }

    @Test func `an address is read, printed, packed and compared by its 32 bits`() throws {
        let address = try IPv4Address("192.0.2.1")
        #expect(address == IPv4Address(192, 0, 2, 1))
        #expect(address.rawValue == 0xC000_0201)
        #expect(address.bytes == [192, 0, 2, 1])
        #expect(try IPv4Address(bytes: [192, 0, 2, 1]) == address)
        #expect("\(address)" == "192.0.2.1")
        #expect(address.reversePointer == "1.2.0.192.in-addr.arpa")
        #expect(try IPv4Address("9.0.0.0") < IPv4Address("10.0.0.0"))
        #expect(try IPv4Address("xx192.0.2.1".dropFirst(2)) == address)
        #expect(throws: AddressError.self) { try IPv4Address(bytes: [1, 2, 3]) }
    }

    @Test func `adding beyond either end gives nil`() {
        #expect(IPv4Address.loopback.advanced(by: 1) == IPv4Address(127, 0, 0, 2))
        #expect(IPv4Address.any.advanced(by: -1) == nil)
        #expect(IPv4Address.broadcast.advanced(by: 1) == nil)
        #expect(IPv4Address.broadcast.advanced(by: .max) == nil)
        #expect(IPv4Address.any.advanced(by: .min) == nil)
        #expect(IPv4Address.any.advanced(by: 0xFFFF_FFFF) == .broadcast)
        #expect(IPAddress.v4(.any).advanced(by: .max) == nil)
    }

    @Test(
        "A-090: classes A to E change where the books say",
        arguments: [
            (0, .a), (127, .a), (128, .b), (191, .b), (192, .c), (223, .c), (224, .d), (239, .d), (240, .e), (255, .e),
        ] as [(UInt8, IPv4Address.Class)])
    func classes(first: UInt8, expected: IPv4Address.Class) {
        #expect(IPv4Address(first, 0, 0, 0).addressClass == expected)
        #expect(IPv4Address(first, 255, 255, 255).addressClass == expected)
    }

    @Test(
        "A-091: private ranges end where RFC 1918 says",
        arguments: [
            ("9.255.255.255", false), ("10.0.0.0", true), ("10.255.255.255", true), ("11.0.0.0", false),
            ("172.15.255.255", false), ("172.16.0.0", true), ("172.31.255.255", true), ("172.32.0.0", false),
            ("192.167.255.255", false), ("192.168.0.0", true), ("192.168.255.255", true), ("192.169.0.0", false),
            ("100.64.0.1", false), ("127.0.0.1", false),
        ])
    func privateRanges(text: String, isPrivate: Bool) throws {
        #expect(try IPv4Address(text).isPrivate == isPrivate)
        #expect(try IPAddress("::ffff:\(text)").isPrivate == isPrivate)
    }

    @Test(
        "A-092, A-093: loopback, unspecified, broadcast, and how a packet is delivered",
        arguments: [
            ("127.0.0.1", .unicast), ("127.255.255.254", .unicast), ("0.0.0.0", .unspecified), ("0.0.0.1", .unicast),
            ("255.255.255.255", .broadcast), ("255.255.255.254", .unicast), ("224.0.0.1", .multicast),
            ("239.255.255.255", .multicast), ("223.255.255.255", .unicast), ("::", .unspecified), ("::1", .unicast),
            ("ff02::1", .multicast), ("::ffff:255.255.255.255", .broadcast), ("::ffff:224.0.0.1", .multicast),
        ] as [(String, Delivery)])
    func delivery(text: String, expected: Delivery) throws {
        let address = try IPAddress(text)
        #expect(address.delivery == expected)
        #expect(address.isLoopback == (text.hasPrefix("127.") || text == "::1"))
        #expect(address.isUnspecified == (expected == .unspecified))
        #expect(address.isBroadcast == (expected == .broadcast))
        #expect(address.isMulticast == (expected == .multicast))
    }

    @Test func `the legacy reading fills the last part and knows octal and hexadecimal`() throws {
        #expect(try IPv4Address(legacy: "127.1") == .loopback)
        #expect(try IPv4Address(legacy: "0177.0.0.01") == .loopback)
        #expect(try IPv4Address(legacy: "0x7F000001") == .loopback)
        #expect(try IPv4Address(legacy: "10.1.258") == IPv4Address(10, 1, 1, 2))
        for text in ["", "1.2.3.4.5", "256.1", "1.16777216", "4294967296", "09", "0x", "1.", "1.2.3.4 x", "-1", "١"] {
            #expect(throws: AddressError.self, "\(text)") { try IPv4Address(legacy: text) }
        }
    }
}
