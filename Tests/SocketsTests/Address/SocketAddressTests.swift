// SPDX-License-Identifier: Apache-2.0
import Glibc
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct SocketAddressTests {
    private func systemBytes(_ address: SocketAddress) -> [UInt8] { address.withSystemBytes { Array($0) } }

    private func read(_ bytes: [UInt8]) -> SocketAddress { bytes.withUnsafeBytes { SocketAddress(systemBytes: $0) } }

    @Test(
        "B-SOCA-01, B-SOCA-02, B-SOCA-03: the text of a socket address reads as the same address",
        arguments: [
            ("127.0.0.1:80", "127.0.0.1:80"), ("0.0.0.0:0", "0.0.0.0:0"), ("[::1]:65535", "[::1]:65535"),
            ("[FE80::1%3]:1", "[fe80::1%3]:1"), ("[::1]:80?flowinfo=7", "[::1]:80?flowinfo=7"), ("unix:/p", "unix:/p"),
            ("unix:@name", "unix:@name"), ("unix:", "unix:"), ("unix:/a%0a", "unix:/a%0A"), ("unix:%40x", "unix:%40x"),
            ("unix:/é", "unix:/é"), ("unix:/%E9", "unix:/%E9"), ("unix:/%E2%80%AE", "unix:/%E2%80%AE"),
        ])
    func roundTrip(text: String, canonical: String) throws {
        let address = try SocketAddress(text)
        #expect(address.description == canonical)
        #expect(try SocketAddress(canonical) == address)
        #expect(read(systemBytes(address)) == address)
    }

    @Test(arguments: [
        "", "127.0.0.1", "127.0.0.1:", "localhost:80", "::1:80", "[::1]", "[127.0.0.1]:80", "127.0.0.1:80:90", ":80",
        "[::1]:80?flowinfo=x", "127.0.0.1:80?flowinfo=1", "unix:/\0", "unix:@",
    ])
    func `what is no numeric address is refused`(text: String) {
        let error = #expect(throws: AddressError.self) { try SocketAddress(text) }
        #expect(error?.subject == .socketAddress)
    }

    @Test func `statics and parts`() {
        #expect(SocketAddress.loopback(80).description == "127.0.0.1:80")
        #expect(SocketAddress.any(80).ip == .v4(.any))
        #expect(SocketAddress(.v6(.loopback), 443).port == 443)
        #expect(SocketAddress.unix(.unnamed).port == nil)
        #expect(SocketAddress.unix(.unnamed).unix == .unnamed)
        #expect(SocketAddress.other(family: 17, bytes: [1, 0xAB]).description == "family 17: 01ab")
    }

    @Test("B-SOCA-01: the kernel's form is C's sockaddr_in") func ipv4Layout() throws {
        let bytes = systemBytes(try SocketAddress("192.0.2.1:258"))
        var expected = sockaddr_in()
        expected.sin_family = sa_family_t(AF_INET)
        expected.sin_port = in_port_t(258).bigEndian
        inet_pton(AF_INET, "192.0.2.1", &expected.sin_addr)
        #expect(bytes == withUnsafeBytes(of: expected) { Array($0) })
    }

    @Test("B-SOCA-02: the kernel's form is C's sockaddr_in6") func ipv6Layout() throws {
        let address = SocketAddress.ipv6(try IPv6Address("2001:db8::1%5"), 258, flowInfo: 0x12345)
        var expected = sockaddr_in6()
        expected.sin6_family = sa_family_t(AF_INET6)
        expected.sin6_port = in_port_t(258).bigEndian
        expected.sin6_flowinfo = UInt32(0x12345).bigEndian
        expected.sin6_scope_id = 5
        inet_pton(AF_INET6, "2001:db8::1", &expected.sin6_addr)
        #expect(systemBytes(address) == withUnsafeBytes(of: expected) { Array($0) })
    }

    @Test("B-SOCA-03: paths, abstract names and their limit of 108 bytes") func unixLimits() throws {
        let longest = String(repeating: "x", count: 107)
        for address in [try UnixAddress(path: longest), try UnixAddress(abstract: longest)] {
            #expect(systemBytes(.unix(address)).count == 110)
            #expect(read(systemBytes(.unix(address))) == .unix(address))
        }
        for count in [108, 109, 5000] {
            let name = [UInt8](repeating: 65, count: count)
            let path = #expect(throws: AddressError.self) { try UnixAddress(path: name) }
            #expect(path?.reason == .nameTooLong(count, maximum: 107))
            let abstract = #expect(throws: AddressError.self) { try UnixAddress(abstract: name) }
            #expect(abstract?.reason == .nameTooLong(count, maximum: 107))
        }
        #expect(throws: AddressError.self) { try UnixAddress(path: "") }
        #expect(throws: AddressError.self) { try UnixAddress(path: "/a\0b") }
        #expect(try UnixAddress(abstract: "a\0b").description == "unix:@a%00b")
        #expect(try UnixAddress(path: "/x").path == "/x")
        #expect(systemBytes(.unix(.unnamed)).count == 2)
    }

    @Test func `a path that fills all 108 bytes without a NUL is kept as it is`() {
        let bytes = [UInt8(AF_UNIX), 0] + [UInt8](repeating: 65, count: 108)
        #expect(read(bytes) == .other(family: AF_UNIX, bytes: Array(bytes.dropFirst(2))))
        #expect(systemBytes(read(bytes)) == bytes)
    }

    @Test func `any bytes from the kernel are read without a trap, at every length`() throws {
        var random = SeededGenerator(seed: 7)
        let families: [Int32] = [AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_PACKET, 0xFFFF]
        for family in families {
            for count in 0...130 {
                let header = withUnsafeBytes(of: UInt16(truncatingIfNeeded: family)) { Array($0) }
                let tail = (0..<130).map { _ in UInt8.random(in: 0...255, using: &random) }
                let bytes = Array((header + tail).prefix(count))
                let address = read(bytes)
                // An IP address ends where its structure does, a path at its NUL; all else is kept to the byte.
                if case .other = address { #expect(systemBytes(address).suffix(count) == bytes[...]) }
                #expect(read(systemBytes(address)) == address)
            }
        }
        #expect(read([2, 0, 0, 80, 127, 0, 0]) == .other(family: AF_INET, bytes: [0, 80, 127, 0, 0]))
        #expect(read([]) == .other(family: AF_UNSPEC, bytes: []))
    }

    @Test func `an error of the body passes through, with its type`() {
        struct Refused: Error, Equatable {}
        func fail() throws(Refused) {
            try SocketAddress.loopback(1).withSystemBytes { _ throws(Refused) in throw Refused() }
        }
        #expect(throws: Refused()) { try fail() }
    }
}
