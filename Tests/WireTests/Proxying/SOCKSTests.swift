// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

@Suite(.blocking) struct SOCKSServerTests {
    struct Sample: Sendable, CustomStringConvertible {
        let description: String
        let stream: [UInt8]
        var needsCredentials = false
        let events: [String]
        /// In hexadecimal, without blanks.
        let answer: String
        var error: String?
    }

    /// Answers credentials `u:p` with yes, and every request with success.
    private func step(_ sample: Sample) -> Exchange.Step {
        var socks = SOCKSServer(needsCredentials: sample.needsCredentials, nameLimit: 9)
        return { input, output throws(FramingError) in
            guard let event = try socks.next(in: &input, answer: &output) else { return nil }
            switch event {
            case .credentials(let credentials):
                let isRight = credentials == ProxyCredentials(user: "u".utf8, password: "p".utf8)
                socks.allow(isRight, into: &output)
                return "credentials \(isRight)"
            case .request(let request):
                socks.reply(.succeeded, bound: .init(.v4(0x7F00_0001), 80), into: &output)
                let user = String(decoding: request.user, as: UTF8.self)
                return "\(request.version) \(request.command) \(request.target) \(user)"
            }
        }
    }

    static let samples = [
        Sample(
            description: "5 by name", stream: .init(hex: "05 01 00  05 01 00 03 04 68 6f 73 74 00 50  6869"),
            events: ["v5 connect host:80 "], answer: "0500" + "05000001" + "7f000001" + "0050"),
        Sample(
            description: "5 by IPv4", stream: .init(hex: "05 02 02 00  05 01 00 01 c0 00 02 01 00 50  6869"),
            events: ["v5 connect 192.0.2.1:80 "], answer: "0500" + "05000001" + "7f000001" + "0050"),
        Sample(
            description: "5 by IPv6",
            stream: .init(hex: "05 01 00  05 02 00 04" + String(repeating: "00", count: 15) + "01 0050  6869"),
            events: ["v5 bind [0:0:0:0:0:0:0:1]:80 "], answer: "0500" + "05000001" + "7f000001" + "0050"),
        Sample(
            description: "5 with credentials",
            stream: .init(hex: "05 02 00 02  01 01 75 01 70  05 03 00 01 00000000 0000  6869"), needsCredentials: true,
            events: ["credentials true", "v5 associate 0.0.0.0:0 "],
            answer: "0502" + "0100" + "05000001" + "7f000001" + "0050"),
        Sample(
            description: "4", stream: .init(hex: "04 01 00 50 c0 00 02 01 6d 65 00  6869"),
            events: ["v4 connect 192.0.2.1:80 me"], answer: "005a" + "0050" + "7f000001"),
        Sample(
            description: "4a", stream: .init(hex: "04 01 00 50 00 00 00 01 00 68 6f 73 74 00  6869"),
            events: ["v4 connect host:80 "], answer: "005a" + "0050" + "7f000001"),
        Sample(
            description: "4 to nobody", stream: .init(hex: "04 01 00 50 00 00 00 00 00  6869"),
            events: ["v4 connect 0.0.0.0:80 "], answer: "005a" + "0050" + "7f000001"),
        Sample(
            description: "an address written as a name",
            stream: .init(hex: "05 01 00  05 01 00 03 03 3a 3a 31 00 50  6869"),
            events: ["v5 connect [0:0:0:0:0:0:0:1]:80 "], answer: "0500" + "05000001" + "7f000001" + "0050"),
    ]

    static let violations = [
        Sample(
            description: "HTTP", stream: .init("G"), events: [], answer: "", error: "0x47 is no version of SOCKS"),
        Sample(
            description: "no method", stream: .init(hex: "05 00"), events: [], answer: "",
            error: "a greeting without a method"),
        Sample(
            description: "no password where one is needed", stream: .init(hex: "05 01 00"), needsCredentials: true,
            events: [], answer: "05ff", error: "the client offers no method of authentication that is accepted here"),
        Sample(
            description: "a password where none is asked for", stream: .init(hex: "05 01 02"), events: [],
            answer: "05ff",
            error: "the client offers no method of authentication that is accepted here"),
        Sample(
            description: "version 4 where a password is needed", stream: .init(hex: "04"), needsCredentials: true,
            events: [], answer: "005b000000000000", error: "version 4 has no passwords"),
        Sample(
            description: "credentials of another version", stream: .init(hex: "05 01 02 02"), needsCredentials: true,
            events: [], answer: "05020101", error: "credentials of version 2"),
        Sample(
            description: "an unknown command", stream: .init(hex: "05 01 00 05 04"), events: [],
            answer: "0500" + "05070001" + "000000000000", error: "4 is no command"),
        Sample(
            description: "an unknown address", stream: .init(hex: "05 01 00 05 01 00 02 00"), events: [],
            answer: "0500" + "05080001" + "000000000000", error: "an address of type 2"),
        Sample(
            description: "a reserved byte", stream: .init(hex: "05 01 00 05 01 01"), events: [],
            answer: "0500" + "05010001" + "000000000000", error: "a reserved byte of 1"),
        Sample(
            description: "another version in the request", stream: .init(hex: "05 01 00 04"), events: [],
            answer: "0500" + "05010001" + "000000000000", error: "a request of version 4"),
        Sample(
            description: "a name with a control", stream: .init(hex: "05 01 00 05 01 00 03 02 61 0a 0050"), events: [],
            answer: "0500" + "05010001" + "000000000000", error: #""a\x0a" is neither a host's name nor its address"#),
        Sample(
            description: "an ambiguous number", stream: .init(hex: "05 01 00 05 01 00 03 05 31 32 37 2e 31 0050"),
            events: [], answer: "0500" + "05010001" + "000000000000",
            error: #""127.1" is neither a host's name nor its address"#),
        Sample(
            description: "an empty name", stream: .init(hex: "05 01 00 05 01 00 03 00 0050"),
            events: [], answer: "0500" + "05010001" + "000000000000",
            error: #""" is neither a host's name nor its address"#),
        Sample(
            description: "datagrams of version 4", stream: .init(hex: "04 03"), events: [], answer: "005b000000000000",
            error: "3 is no command of version 4"),
        Sample(
            description: "a user over the limit", stream: .init(hex: "04 01 0050 c0000201 61616161616161616161"),
            events: [],
            answer: "005b000000000000", error: "a name of more than 9 bytes"),
        Sample(
            description: "a host over the limit", stream: .init(hex: "04 01 0050 00000001 00 61616161616161616161"),
            events: [], answer: "005b000000000000", error: "a name of more than 9 bytes"),
    ]

    @Test(arguments: samples)
    func `a request is read however it is cut, and nothing behind it`(_ sample: Sample) {
        let exchange = Exchange.thorough(sample.stream) { step(sample) }
        #expect(exchange.error == nil)
        #expect(exchange.events == sample.events)
        #expect(exchange.answer == [UInt8](hex: sample.answer))
        #expect(exchange.rest == [UInt8]("hi"))
    }

    @Test(arguments: violations)
    func `a violation is answered where there is an answer, and the side stays dead`(_ sample: Sample) {
        let exchange = Exchange.thorough(sample.stream) { step(sample) }
        #expect(exchange.error == sample.error.map { FramingError("SOCKS", .malformed($0)) })
        #expect(exchange.events == sample.events)
        #expect(exchange.answer == [UInt8](hex: sample.answer))
        #expect(Exchange([sample.stream.dropLast()], step(sample)).error == nil)
    }

    // P2
    @Test func `mutated requests never trap, and how they are cut makes no difference`() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<repetitions(3000, soak: 1_000_000) {
            guard var sample = (Self.samples + Self.violations).randomElement(using: &generator) else { continue }
            var stream = sample.stream
            guard let index = stream.indices.randomElement(using: &generator) else { continue }
            stream[index] = UInt8.random(in: 0...255, using: &generator)
            sample.needsCredentials = Bool.random(using: &generator)
            let whole = Exchange([stream], step(sample))
            #expect(Exchange(Chunking.random(stream, largest: 4, &generator), step(sample)) == whole)
        }
    }
}

@Suite(.blocking) struct SOCKSClientTests {
    private static let name = ProxyTarget(host: "host".utf8, port: 80) ?? ProxyTarget(.v4(1), 1)
    private static let credentials = ProxyCredentials(user: "u".utf8, password: "p".utf8)

    @Test(arguments: [SOCKSRequest.Version.v4, .v5], [true, false])
    func `our client and our server understand each other`(version: SOCKSRequest.Version, isKnown: Bool) throws {
        for target in [Self.name, ProxyTarget(.v4(0xC000_0201), 443)] {
            let known = isKnown ? Self.credentials : nil
            var client = try SOCKSClient(to: target, version: version, credentials: known)
            var server = SOCKSServer(needsCredentials: isKnown && version == .v5)
            var toServer = ByteBuffer()
            var toClient = ByteBuffer()
            client.begin(into: &toServer)
            var outcome: SOCKSClient.Outcome?
            for _ in 0..<9 where outcome == nil {
                while let event = try server.next(in: &toServer, answer: &toClient) {
                    switch event {
                    case .credentials(let given): server.allow(given == Self.credentials, into: &toClient)
                    case .request(let request):
                        #expect(request.target == target && request.version == version)
                        server.reply(.succeeded, bound: .init(.v4(1), 2), into: &toClient)
                    }
                }
                outcome = try client.next(in: &toClient, answer: &toServer)
            }
            #expect(outcome == .connected(bound: ProxyTarget(.v4(1), 2)))
        }
    }

    private func step(_ version: SOCKSRequest.Version, _ isKnown: Bool) -> Exchange.Step {
        var client = try? SOCKSClient(to: Self.name, version: version, credentials: isKnown ? Self.credentials : nil)
        var start = ByteBuffer()
        client?.begin(into: &start)
        return { input, output throws(FramingError) in try client?.next(in: &input, answer: &output).map { "\($0)" } }
    }

    @Test(
        arguments: [
            (.v5, false, "0500 05000001 00000000 0000 6869", nil),
            (.v5, false, "0500 05050001 00000000 0000", nil),
            (.v5, false, "05ff", nil),
            (.v5, false, "0502", "the proxy chose method 2, which was not offered"),
            (.v5, true, "0502 0100 05000003 0161 0000 6869", nil),
            (.v5, true, "0502 0101", nil),
            (.v5, true, "04", "an answer of version 4"),
            (.v5, true, "0502 05", "a verdict of version 5"),
            (.v5, true, "0500 05000002 00", "an address of type 2"),
            (.v5, true, "0500 050001", "a reserved byte of 1"),
            (.v4, false, "005a0050c0000201 6869", nil),
            (.v4, false, "005b000000000000", nil),
            (.v4, false, "04", "a reply of version 4"),
            (.v4, false, "0059", "89 is no reply"),
        ] as [(SOCKSRequest.Version, Bool, String, String?)])
    func `an answer is read however it is cut`(
        version: SOCKSRequest.Version, isKnown: Bool, stream: String, error: String?
    ) {
        let exchange = Exchange.thorough(.init(hex: stream)) { step(version, isKnown) }
        #expect(exchange.error == error.map { FramingError("SOCKS", .malformed($0)) })
        #expect(exchange.events.count == (error == nil ? 1 : 0))
        if stream.hasSuffix("6869") { #expect(exchange.rest == [UInt8]("hi")) }
    }

    @Test func `what a version can't say is refused before anything is sent`() {
        let six = ProxyTarget(.v6(1), 1)
        #expect(throws: FramingError.self) { try SOCKSClient(to: six, version: .v4) }
        #expect(throws: FramingError.self) { try SOCKSClient(to: ProxyTarget(.v4(7), 1), version: .v4) }
        let long = ProxyCredentials(user: [UInt8](repeating: 1, count: 256), password: [])
        #expect(throws: FramingError("SOCKS", .tooLong(limit: 255))) {
            try SOCKSClient(to: six, credentials: long)
        }
        #expect("\(long)" == "***" && long.debugDescription == "***")
    }
}
