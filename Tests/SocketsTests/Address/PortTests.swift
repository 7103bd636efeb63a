// SPDX-License-Identifier: Apache-2.0
// Scoped, because Foundation has a class Port of its own.
import class Foundation.FileManager
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct PortTests {
    @Test(
        "A-047: what is no port is refused with a clear line",
        arguments: [
            ("99999", "\"99999\" is no port: 99999 is over 65535"),
            ("65536", "\"65536\" is no port: 65536 is over 65535"),
            ("99999999999999999999", "\"99999999999999999999\" is no port: 99999999999999999999 is over 65535"),
            ("abc", "\"abc\" is no port: 'abc' is not a decimal number"),
            ("-1", "\"-1\" is no port: '-1' is not a decimal number"),
            ("+1", "\"+1\" is no port: '+1' is not a decimal number"),
            (" 1", "\" 1\" is no port: ' 1' is not a decimal number"),
            ("080", "\"080\" is no port: '080' is not a decimal number"),
            ("٣", "\"٣\" is no port: '٣' is not a decimal number"),
            ("", "\"\" is no port: it is empty"),
        ])
    func refusal(text: String, line: String) {
        let error = #expect(throws: AddressError.self) { try Port(text) }
        #expect(error?.description == line)
    }

    @Test func `a port is read, printed and made from numbers`() throws {
        #expect(try Port("0") == .any)
        #expect(try Port("65535") == 65535)
        #expect(try "\(Port("8080"))" == "8080")
        #expect(Port(exactly: 70_000) == nil)
        #expect(Port(exactly: -1) == nil)
        #expect(Port(exactly: 443) == 443)
        #expect(Port(80) < 443)
    }

    @Test(
        "A-094, A2-05: RFC 6335's three ranges, and the two of older books",
        arguments: [
            (0, .system, .wellKnown), (1023, .system, .wellKnown), (1024, .registered, .dynamic),
            (49151, .registered, .dynamic), (49152, .dynamic, .dynamic), (65535, .dynamic, .dynamic),
        ] as [(Port, Port.Class, Port.OlderClass)])
    func classes(port: Port, expected: Port.Class, older: Port.OlderClass) {
        #expect(port.portClass == expected)
        #expect(port.olderClass == older)
    }

    @Test("A2-05: the ephemeral range is the system's own") func ephemeralRange() throws {
        let file = "/proc/sys/net/ipv4/ip_local_port_range"
        let contents = try #require(FileManager.default.contents(atPath: file))
        let numbers = String(decoding: contents, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let range = try Port.ephemeralRange
        #expect(["\(range.lowerBound)", "\(range.upperBound)"] == numbers.map { String($0) })
    }

    @Test func `a range that the system does not tell is an error that names the file`() {
        let missing = #expect(throws: AddressError.self) { try Port.ephemeralRange(from: "/proc/no-such-range") }
        #expect(missing?.reason == .unreadable(.noSuchFileOrDirectory))
        #expect(missing?.text == "/proc/no-such-range")
        let nonsense = #expect(throws: AddressError.self) { try Port.ephemeralRange(from: "/proc/version") }
        #expect(nonsense?.reason == .notARange)
    }
}
