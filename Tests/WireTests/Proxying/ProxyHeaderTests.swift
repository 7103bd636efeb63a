// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

/// The PROXY protocol: promises 1.13 (536 bytes), and one framing for every way to cut it.
@Suite(.blocking) struct ProxyHeaderTests {
    struct Sample: Sendable, CustomStringConvertible {
        let description: String
        let stream: [UInt8]
        var header: ProxyHeader?
        var error: FramingError.Reason?

        init(_ name: String, _ stream: [UInt8], _ header: ProxyHeader) {
            (description, self.stream, self.header) = (name, stream, header)
        }

        init(_ name: String, _ stream: [UInt8], _ error: FramingError.Reason) {
            (description, self.stream, self.error) = (name, stream, error)
        }

        init(_ name: String, _ stream: [UInt8], malformed words: String) {
            self.init(name, stream, .malformed(words))
        }
    }

    private static func v4(_ bits: UInt32, _ port: UInt16) -> InternetEndpoint { .init(.v4(bits), port) }
    private static func v6(_ bits: UInt128, _ port: UInt16) -> InternetEndpoint { .init(.v6(bits), port) }
    private static let signature = "0d0a0d0a000d0a515549540a"
    private static func binary(_ rest: String) -> [UInt8] { [UInt8](hex: signature + rest) }
    private static let pair = "c0000201 c0000202 0fa0 0050"
    private static let clients = ProxyHeader.Addresses.internet(
        source: v4(0xC000_0201, 4000), destination: v4(0xC000_0202, 80))

    static let good = [
        Sample("TCP4", [UInt8]("PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\n"), ProxyHeader(.v1, clients)),
        Sample(
            "TCP6", [UInt8]("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 65535 0\r\n"),
            ProxyHeader(
                .v1,
                .internet(
                    source: v6(0x2001_0DB8_0000_0000_0000_0000_0000_0001, 65_535),
                    destination: v6(0xFFFF_C000_0202, 0)))),
        Sample("the longest line", [UInt8](longest), ProxyHeader(.v1, allOnes)),
        Sample("UNKNOWN", [UInt8]("PROXY UNKNOWN\r\n"), ProxyHeader(.v1, .unknown)),
        Sample("UNKNOWN and more", [UInt8]("PROXY UNKNOWN some thing else\r\n"), ProxyHeader(.v1, .unknown)),
        Sample("binary over TCP", binary("21 11 000c" + pair), ProxyHeader(.v2, clients)),
        Sample("binary over UDP", binary("21 12 000c" + pair), ProxyHeader(.v2, clients, carrier: .datagram)),
        Sample(
            "binary IPv6", binary("21 21 0024" + String(repeating: "00", count: 15) + "01" + pair6 + "0001 0002"),
            ProxyHeader(.v2, .internet(source: v6(1, 1), destination: v6(0xFE80 << 112, 2)))),
        Sample(
            "binary UNIX", binary("21 31 00d8" + unix("2f61") + unix("0062")),
            ProxyHeader(.v2, .unix(source: [0x2F, 0x61], destination: [0, 0x62]))),
        Sample("a proxy's own", binary("20 00 0000"), .local),
        Sample("a proxy's own, with what is skipped", binary("20 11 0003 ffffff"), .local),
        Sample("no family", binary("21 00 0002 ffff"), ProxyHeader(.v2, .unknown)),
        Sample(
            "more than addresses", binary("21 11 0014" + pair + "02 0002 6162 04 0000"),
            ProxyHeader(.v2, clients, extras: [.init(type: 2, value: [0x61, 0x62]), .init(type: 4, value: [])])),
    ]

    private static let longest = "PROXY TCP6 " + full + " " + full + " 65535 65535\r\n"
    private static let full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    private static let allOnes = ProxyHeader.Addresses.internet(
        source: v6(.max, 65_535), destination: v6(.max, 65_535))
    private static let pair6 = "fe80" + String(repeating: "00", count: 14)
    private static func unix(_ name: String) -> String { name + String(repeating: "00", count: 108 - name.count / 2) }

    static let bad = [
        Sample("another protocol", [UInt8]("GET / HTTP/1.1\r\n"), malformed: #"no header begins with "G""#),
        Sample("TLS", [0x16, 3, 1], malformed: #"no header begins with "\x16""#),
        Sample("nearly", [UInt8]("PROXX TCP4"), malformed: #"no header begins with "PROXX""#),
        Sample(
            "nearly binary", [0x0D, 0x0A, 0x0D, 0x0A, 1], malformed: #"no header begins with "\x0d\x0a\x0d\x0a\x01""#),
        Sample("a line without end", [UInt8]("PROXY TCP4 " + String(repeating: "1", count: 99)), .tooLong(limit: 107)),
        Sample(
            "a line over by one", [UInt8]("PROXY UNKNOWN" + String(repeating: " ", count: 93) + "\r\n"),
            .tooLong(limit: 107)),
        Sample("LF alone", [UInt8]("PROXY UNKNOWN\n"), malformed: "its line does not end in CR LF"),
        Sample(
            "another family", [UInt8]("PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n"),
            malformed: #""UDP4" is none of TCP4, TCP6 and UNKNOWN"#),
        Sample(
            "too few words", [UInt8]("PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n"),
            malformed: "3 words in place of 4 behind the family"),
        Sample(
            "two blanks", [UInt8]("PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n"),
            malformed: "5 words in place of 4 behind the family"),
        Sample("no address", [UInt8]("PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n"), malformed: #""1.1.1" is no IPv4 address"#),
        Sample("octal", [UInt8]("PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n"), malformed: #""1.1.1.01" is no IPv4 address"#),
        Sample(
            "the other family", [UInt8]("PROXY TCP6 1.1.1.1 ::1 1 1\r\n"), malformed: #""1.1.1.1" is no IPv6 address"#),
        Sample("a port over", [UInt8]("PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n"), malformed: #""65536" is no port"#),
        Sample("a signed port", [UInt8]("PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n"), malformed: #""+1" is no port"#),
        Sample(
            "a control", [UInt8]("PROXY TCP4 1.1.1.1\u{1B} 1.1.1.1 1 1\r\n"),
            malformed: #""1.1.1.1\x1b" is no IPv4 address"#),
        Sample("version 1 in binary", binary("11"), malformed: "0x11 is neither LOCAL nor PROXY of version 2"),
        Sample("no command", binary("22"), malformed: "0x22 is neither LOCAL nor PROXY of version 2"),
        Sample("no family that there is", binary("21 41"), malformed: "0x41 is no family with a carrier"),
        Sample("a family without carrier", binary("21 10"), malformed: "0x10 is no family with a carrier"),
        Sample("over the limit", binary("21 11 0209"), .tooLong(limit: 536)),
        Sample("too short", binary("21 11 000b" + pair), malformed: "it is too short for the addresses of its family"),
        Sample(
            "UNIX too short", binary("21 31 000c" + pair),
            malformed: "it is too short for the addresses of its family"),
        Sample("half a piece", binary("21 11 000e" + pair + "0200"), malformed: "a piece at its end is not whole"),
        Sample(
            "a piece too long", binary("21 11 000f" + pair + "020001"), malformed: "a piece at its end is not whole"),
        Sample("a bad checksum", binary("21 11 0013" + pair + "03 0004 00000000"), malformed: "its checksum is wrong"),
        Sample("an odd checksum", binary("21 11 0010" + pair + "03 0001 00"), malformed: "a checksum of 1 bytes"),
    ]

    private func step(_ framer: ProxyHeaderFramer = ProxyHeaderFramer()) -> Exchange.Step {
        var framer = framer
        var hasRead = false
        return { input, _ throws(FramingError) in
            if hasRead { return nil }
            let header = try framer.next(in: &input)
            hasRead = header != nil
            return header.map { "\($0)" }
        }
    }

    @Test(arguments: good)
    func `a header is read however it is cut, and nothing behind it`(_ sample: Sample) {
        let exchange = Exchange.thorough(sample.stream + [UInt8]("PROXY and more")) { step() }
        #expect(exchange.events == [sample.header.map { "\($0)" } ?? ""])
        #expect(exchange.rest == [UInt8]("PROXY and more"))
    }

    @Test(arguments: bad)
    func `what is no header is refused as soon as that is certain`(_ sample: Sample) {
        let exchange = Exchange.thorough(sample.stream) { step() }
        #expect(exchange.error == sample.error.map { FramingError("PROXY header", $0) })
        #expect(exchange.events.isEmpty)
        // A byte less is no violation yet, or not a whole header.
        let before = Exchange([sample.stream.dropLast()], step())
        #expect(before.events.isEmpty)
    }

    @Test(arguments: good)
    func `what is written is read again`(_ sample: Sample) throws {
        let header = try #require(sample.header)
        var buffer = ByteBuffer()
        try ProxyHeaderFramer().encode(header, into: &buffer)
        var framer = ProxyHeaderFramer()
        #expect(try framer.next(in: &buffer) == header)
        #expect(try framer.finish(in: &buffer) == nil)
    }

    @Test func `a stream has one header, and one that ends within it is cut off`() throws {
        var framer = ProxyHeaderFramer()
        var buffer = ByteBuffer("PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n".utf8)
        #expect(try framer.next(in: &buffer) != nil)
        #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
        for (text, length) in [("PROXY UNK", nil), ("\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{C}ab", 28)]
            as [(String, Int?)]
        {
            var framer = ProxyHeaderFramer()
            var buffer = ByteBuffer(text.utf8)
            let error = FramingError("PROXY header", .truncated(have: text.utf8.count, of: length))
            #expect(throws: error) { try framer.finish(in: &buffer) }
        }
    }

    @Test func `a checksum is made, and guards every byte`() throws {
        let header = ProxyHeader(.v2, Self.clients, extras: [.init(type: 3, value: [0, 0, 0, 0])])
        var buffer = ByteBuffer()
        try ProxyHeaderFramer().encode(header, into: &buffer)
        let bytes = buffer.take(buffer.count)
        var framer = ProxyHeaderFramer()
        var whole = ByteBuffer(bytes)
        #expect(try framer.next(in: &whole)?.addresses == Self.clients)
        for index in 16..<bytes.count where !(28...30).contains(index) {
            var changed = bytes
            changed[index] ^= 1
            var framer = ProxyHeaderFramer()
            var buffer = ByteBuffer(changed)
            #expect(throws: FramingError("PROXY header", .malformed("its checksum is wrong"))) {
                try framer.next(in: &buffer)
            }
        }
    }

    @Test func `what a version can't say is refused and leaves nothing behind`() {
        let mixed = ProxyHeader.Addresses.internet(source: .init(.v4(1), 1), destination: .init(.v6(1), 1))
        let long = ProxyHeader.Addresses.unix(source: [UInt8](repeating: 1, count: 109), destination: [])
        let headers = [
            .local, ProxyHeader(.v1, mixed), ProxyHeader(.v2, mixed), ProxyHeader(.v2, long),
            ProxyHeader(.v1, .unix(source: [], destination: [])), ProxyHeader(.v1, Self.clients, carrier: .datagram),
            ProxyHeader(.v1, Self.clients, extras: [.init(type: 1, value: [])]),
            ProxyHeader(.v2, .unknown, extras: [.init(type: 1, value: [])]),
            ProxyHeader(.v2, Self.clients, extras: [.init(type: 1, value: [UInt8](repeating: 0, count: 520))]),
        ]
        var buffer = ByteBuffer()
        for header in headers.dropFirst() {
            #expect(throws: FramingError.self) { try ProxyHeaderFramer().encode(header, into: &buffer) }
        }
        #expect(buffer.count == 0)
    }

    // P2
    @Test func `mutated headers never trap, and how they are cut makes no difference`() {
        var generator = SeededGenerator(seed: 13)
        let count = repetitions(3000, soak: 1_000_000)
        for _ in 0..<count {
            guard var stream = (Self.good + Self.bad).randomElement(using: &generator)?.stream else { continue }
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                guard let index = stream.indices.randomElement(using: &generator) else { continue }
                stream[index] = UInt8.random(in: 0...255, using: &generator)
            }
            let whole = Exchange([stream], step())
            #expect(Exchange(Chunking.random(stream, largest: 7, &generator), step()) == whole)
        }
    }

    @Test func `behind its header there is none, and what comes there is not for it`() throws {
        var framer = ProxyHeaderFramer()
        var buffer = ByteBuffer("PROXY UNKNOWN\r\n".utf8)
        #expect(try framer.next(in: &buffer) != nil)
        #expect(try framer.next(in: &buffer) == nil && framer.finish(in: &buffer) == nil)
        buffer.append(contentsOf: "x".utf8)
        #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
    }
}
