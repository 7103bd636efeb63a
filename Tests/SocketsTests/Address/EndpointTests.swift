// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct EndpointTests {
    /// What is written, and how it is written back.
    private static let written: [(String, String)] = [
        ("localhost:80", "localhost:80"),
        ("LocalHost:80", "localhost:80"),
        ("tcp://192.0.2.1:80", "192.0.2.1:80"),
        ("TCP://[2001:DB8::1]:80", "[2001:db8::1]:80"),
        ("[fe80::1%3]:80", "[fe80::1%3]:80"),
        (":80", ":80"),
        (":0", ":0"),
        ("*:80", "*:80"),
        ("0.0.0.0:80", "0.0.0.0:80"),
        ("udp://239.1.1.1:5000?iface=eth0&ttl=4", "udp://239.1.1.1:5000?iface=eth0&ttl=4"),
        ("udp://:5000", "udp://:5000"),
        ("tls://example.test:443", "tls://example.test:443"),
        ("host:80?a&b=&c=%26%3D%25%20%C3%A9", "host:80?a&b=&c=%26%3D%25%20é"),
        ("ws://host/chat?room=1", "ws://host/chat?room=1"),
        ("wss://host:443", "wss://host"),
        ("http://host:8080/a%20b/", "http://host:8080/a%20b/"),
        ("https://host", "https://host"),
        ("unix:/run/x.sock", "unix:/run/x.sock"),
        ("unix:relative", "unix:relative"),
        ("unix:/tmp/a b", "unix:/tmp/a b"),
        ("unix:/tmp/%0A%3f%25%FF", "unix:/tmp/%0A%3F%25%FF"),
        ("unix:%40file", "unix:%40file"),
        ("unix:@hidden", "unix:@hidden"),
        ("unix:@a%00b", "unix:@a%00b"),
        ("unix-dgram:/run/log?mode=600", "unix-dgram:/run/log?mode=600"),
        ("unix-seqpacket:@q", "unix-seqpacket:@q"),
        ("exec:cat", "exec:cat"),
        ("exec:  grep  -i 'two words' \"a 'b'\" c\\ d ''", "exec:grep -i 'two words' 'a '\\''b'\\''' 'c d' ''"),
        ("exec:sh -c 'echo $HOME?'", "exec:sh -c 'echo $HOME?'"),
        ("exec:a 'b\nc' \"\\u{1B}\\u{zz}\\\"\"", "exec:a \"b\\u{A}c\" \"\\u{1B}\\\\u{zz}\\\"\""),
        ("-", "-"),
        ("fd:3", "fd:3"),
        ("systemd:web", "systemd:web"),
        ("under_score.test.:7", "under_score.test.:7"),
    ]

    @Test(
        "A-096, A-016: an endpoint is read, and written in its canonical form, which reads as the same",
        arguments: written)
    func roundTrip(text: String, canonical: String) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.description == canonical)
        #expect(try Endpoint(canonical) == endpoint)
    }

    /// What is refused, and the end of the line that says why.
    private static let refused: [(String, String)] = [
        ("", "it is empty"),
        ("localhost", "the port is missing (host:port, or :port for this machine only)"),
        ("localhost:", "the port is missing (host:port, or :port for this machine only)"),
        ("localhost:http", "'http' is not a decimal number"),
        ("localhost:99999", "99999 is over 65535"),
        ("localhost:-1", "'-1' is not a decimal number"),
        ("localhost:080", "'080' is not a decimal number"),
        ("localhost: 80", "' 80' is not a decimal number"),
        ("300.1.1.1:80", "its last label is a number, but 300 is over 255"),
        ("127.1:80", "its last label is a number, but it has 2 numbers, not 4"),
        ("0x7f000001:80", "its last label is a number, but 'x' can't stand there"),
        ("::1:80", "an IPv6 address needs brackets, as in [::1]:80"),
        ("[::1]80", "the brackets are not closed, or no port follows them"),
        ("[::1:80", "the brackets are not closed, or no port follows them"),
        ("[::1]", "the port is missing (host:port, or :port for this machine only)"),
        ("[127.0.0.1]:80", "'.' can't stand there"),
        ("[::1%nosuchcard]:80", "no interface here is called 'nosuchcard'"),
        ("a b:80", "' ' can't stand there"),
        ("a\u{1B}[31m:80", "'\\u{1B}' can't stand there"),
        ("bücher.test:80", "'bücher.test' is not ASCII; write the name in its xn-- form"),
        ("a..b:80", "a label of the host name is empty"),
        (".:80", "a label of the host name is empty"),
        ("-a:80", "the label '-a' starts or ends with a hyphen"),
        ("\(String(repeating: "a", count: 64)):80", "' has more than 63 characters"),
        (
            "\(Array(repeating: "abcdefghi", count: 26).joined(separator: ".")):80",
            "it has 259 bytes, at most 253 are allowed"
        ),
        ("ftp://host:21", "the scheme 'ftp' is unknown"),
        ("tcp://host:80/path", "this scheme takes no path ('/path')"),
        ("tcp://u:p@host:80", "this scheme takes no user and password"),
        ("http://host/#part", "a fragment ('#') can't stand here"),
        ("http://host/a b", "' ' can't stand there"),
        ("host:80?a=%zz", "'%zz' is no percent escape of UTF-8"),
        ("host:80?a=%FF", "'%FF' is no percent escape of UTF-8"),
        ("unix:/a\0b", "it contains a NUL byte"),
        ("unix:/a%00b", "it contains a NUL byte"),
        ("unix:@", "it is empty"),
        ("unix:/\(String(repeating: "x", count: 107))", "it has 108 bytes, at most 107 are allowed"),
        ("exec:", "the command is missing"),
        ("exec:''", "the command is missing"),
        ("exec:a 'b", "a quote is not closed"),
        ("exec:a\\", "a quote is not closed"),
        ("fd:-1", "'-1' is no descriptor number"),
        ("fd:x", "'x' is no descriptor number"),
        ("fd:03", "'03' is no descriptor number"),
        ("fd:4294967296", "'4294967296' is no descriptor number"),
        ("systemd:", "it is empty"),
        ("systemd:a:b", "':' can't stand there"),
    ]

    @Test("A-047: what is no endpoint is refused with a line that quotes it and says why", arguments: refused)
    func refusal(text: String, why: String) {
        do {
            let endpoint = try Endpoint(text)
            Issue.record("\(text) was read as \(endpoint)")
        } catch {
            #expect(error.description.hasSuffix(why))
            #expect(error.description.contains("\" is no endpoint: "))
            #expect(error.text.count <= AddressError.maximumTextLength)
            #expect(!error.description.unicodeScalars.contains { $0.value < 32 })
        }
    }

    @Test func `credentials are read and never printed`() throws {
        let endpoint = try Endpoint("http://ann:s%40cret@host:81/x?y=1")
        #expect(endpoint.credentials?.user == "ann")
        #expect(endpoint.credentials?.password == "s@cret")
        #expect(endpoint.description == "http://***@host:81/x?y=1")
        var dumped = ""
        dump(endpoint.credentials, to: &dumped)
        #expect("\(endpoint) \(String(reflecting: endpoint))".contains("cret") == false)
    }

    @Test(arguments: [
        "http://ann:secret@:x", "http://ann:sec%zz@host", "ann:secret@host:80", "ftp://ann:secret@host",
        "http://ann:sec/ret@host", "http://ann:s@x:sec?ret@host", "tcp://ann:80/sec@h", "http://ann:secret@\u{301}host",
    ])
    func `credentials are masked in errors`(text: String) {
        do {
            _ = try Endpoint(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(!error.description.contains("sec"))
            #expect(error.text.contains("***"))
        }
    }

    // A-017: Python's empty host is every interface; here that has to be said, and an empty host is this machine only.
    @Test func `an empty host is this machine, a star every interface`() throws {
        #expect(try Endpoint(":80") == .loopback(80))
        #expect(try Endpoint("*:80") == .public(80))
        #expect(Endpoint.public(80).host == .everyInterface)
        #expect(Endpoint.loopback(80).host == .loopback)
        #expect(try Endpoint("0.0.0.0:80").host == .address(.v4(.any)))
    }

    @Test func `texts, endpoints, socket addresses and .public are all convertible`() throws {
        func read(_ value: some EndpointConvertible) throws(AddressError) -> Endpoint { try value.endpoint() }
        let variable = "localhost:" + "80"
        #expect(try read("localhost:80") == read(variable))
        #expect(try read(.public(80)).description == "*:80")
        #expect(try read(SocketAddress.loopback(80)).description == "127.0.0.1:80")
        #expect(try read(Endpoint.loopback(80)) == .loopback(80))
        #expect(try read(SocketAddress.unix(UnixAddress(path: "/x"))).description == "unix:/x")
        #expect(throws: AddressError.self) { try read(SocketAddress.other(family: 17, bytes: [1])) }
    }

    @Test func `an error quotes at most 120 characters, whatever they are made of`() {
        let endless = ["x", "\u{1B}", "\"", "a\u{301}", "\u{301}"].map { String(repeating: $0, count: 100_000) }
        for text in endless {
            let error = #expect(throws: AddressError.self) { try Endpoint(text) }
            #expect(error?.text.unicodeScalars.count == AddressError.maximumTextLength)
            #expect(error?.text.hasSuffix("…") == true)
            #expect((error?.description.unicodeScalars.count ?? .max) < 300)
        }
    }

    @Test func `options keep their order, repeats and emptiness`() throws {
        let endpoint = try Endpoint("udp://h:1?a=1&b&a=2&c=")
        #expect(endpoint.options == [.init("a", "1"), .init("b"), .init("a", "2"), .init("c", "")])
        #expect(endpoint.option("a") == "1")
        #expect(endpoint.option("b") == nil)
        #expect(endpoint.option("c")?.isEmpty == true)
    }

    @Test func `a numeric endpoint has a socket address, a name has none`() throws {
        #expect(try Endpoint("[::1]:80").socketAddress == .ipv6(.loopback, 80, flowInfo: 0))
        #expect(try Endpoint("unix:/x").socketAddress == .unix(UnixAddress(path: "/x")))
        #expect(try Endpoint("localhost:80").socketAddress == nil)
    }
}
