// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool
@testable import Sockets

struct ExplainTests {
    private func explain(_ text: String) -> String { ToolRun("explain", text).output }

    private func headline(_ text: String) -> Substring { explain(text).prefix { $0 != "\n" } }

    // A-089 A-090 A-091 A-093
    @Test func `an address is told with its class, its block, its network and the way to it`() {
        #expect(
            explain("192.168.1.1") == """
                192.168.1.1   IPv4, class C, private (RFC 1918 192.168.0.0/16), unicast
                  in 192.168.1.0/24: network .0, hosts .1-.254, broadcast .255     reverse 1.1.168.192.in-addr.arpa
                  on this machine: reachable through eth0 (192.168.1.20/24)

                """)
    }

    // A-090
    @Test(arguments: [
        ("0.0.0.0", "A"), ("127.255.255.255", "A"), ("128.0.0.0", "B"), ("191.255.255.255", "B"), ("192.0.0.0", "C"),
        ("223.255.255.255", "C"), ("224.0.0.0", "D"), ("239.255.255.255", "D"), ("240.0.0.0", "E"),
        ("255.255.255.255", "E"),
    ])
    func `the classes A to E begin and end where RFC 791 says`(address: String, expected: String) {
        #expect(headline(address).contains("IPv4, class \(expected), "))
    }

    // A-091 A-092 A-093
    @Test(arguments: [
        ("10.0.0.1", "private (RFC 1918 10.0.0.0/8), unicast"),
        ("172.31.255.255", "private (RFC 1918 172.16.0.0/12), unicast"),
        ("172.32.0.0", "global, unicast"),
        ("127.0.0.1", "loopback (RFC 1122 127.0.0.0/8), unicast"),
        ("0.0.0.0", "unspecified (RFC 1122 0.0.0.0/32)"),
        ("255.255.255.255", "broadcast (RFC 919 255.255.255.255/32)"),
        ("169.254.1.1", "link-local (RFC 3927 169.254.0.0/16), unicast"),
        ("100.64.0.1", "Shared Address Space (RFC 6598 100.64.0.0/10), unicast"),
        ("203.0.113.9", "documentation (RFC 5737 203.0.113.0/24), unicast"),
        ("224.0.0.1", "group on this link only (RFC 5771 224.0.0.0/24)"),
        ("239.192.0.1", "group of organization scope (RFC 2365 239.192.0.0/14)"),
        ("::", "unspecified (RFC 4291 ::/128)"),
        ("::1", "loopback (RFC 4291 ::1/128), unicast"),
        ("fd00::1", "unique local (RFC 4193 fc00::/7), unicast"),
        ("fe80::1", "link-local (RFC 4291 fe80::/10), unicast"),
        ("2001:4860:4860::8888", "global, unicast"),
        ("ff02::1", "well-known group on this link only (RFC 4291 ff00::/8)"),
        ("ff15::1", "transient group of this site (RFC 4291 ff00::/8)"),
        ("::ffff:10.0.0.1", "private (RFC 1918 10.0.0.0/8), unicast"),
    ])
    func `an address is named by where it is good and whom it reaches`(address: String, expected: String) {
        #expect(headline(address).hasSuffix(", \(expected)"))
    }

    @Test func `an address of this machine, one behind a router and one without a route are told apart`() {
        #expect(explain("192.168.1.20").contains("on this machine: the address of eth0 (192.168.1.20/24)"))
        #expect(explain("8.8.8.8").contains("on this machine: reachable through a router, by eth0 (192.168.1.20/24)"))
        #expect(explain("2001:db8::1").contains("on this machine: no route leads there"))
        #expect(!explain("224.0.0.1").contains("on this machine"))
    }

    @Test func `a network that nobody wrote is called a guess`() {
        #expect(explain("8.8.8.8").contains("in 8.8.8.0/24, if it is a /24: network .0,"))
        #expect(explain("8.8.8.8/20").contains("in 8.8.0.0/20: network 8.8.0.0, hosts 8.8.0.1-8.8.15.254, "))
    }

    @Test func `a network is told with its hosts, masks and size`() {
        #expect(
            explain("10.0.0.0/9") == """
                10.0.0.0/9   IPv4 network, private (RFC 1918 10.0.0.0/8)
                  hosts 10.0.0.1-10.127.255.254, 8388606 addresses
                  network 10.0.0.0, broadcast 10.127.255.255
                  netmask 255.128.0.0, hostmask 0.127.255.255, 8388608 addresses in all

                """)
        #expect(explain("10.0.0.0/255.128.0.0") == explain("10.0.0.0/9"))
        #expect(explain("10.0.0.0/31").contains("no address is set aside"))
        #expect(explain("2001:db8::/32").contains("2^96-1 addresses"))
        #expect(explain("::/0").contains("2^128 addresses in all"))
        #expect(headline("0.0.0.0/0").contains("holds 0.0.0.0/8 (This network, RFC 791) and 25 more special blocks"))
    }

    // A-094 A-095
    @Test func `a port is told with its class, its service and the ephemeral range`() {
        #expect(
            explain(":3306") == """
                3306   registered port (1024-49151), mysql/tcp; ephemeral range here is 32768-60999; \
                the tutorial's "dynamic 1024-65535" is the pre-RFC 6335 split

                """)
        #expect(explain("mysql") == explain(":3306"))
        #expect(
            explain("53/udp").hasPrefix("53   system port (0-1023, also called well known), domain/tcp domain/udp; "))
        #expect(explain(":40000").contains("in the ephemeral range here (32768-60999)"))
    }

    // A-094
    @Test(arguments: [
        (0, "system"), (1023, "system"), (1024, "registered"), (49151, "registered"), (49152, "dynamic"),
        (65535, "dynamic"),
    ])
    func `the classes of ports begin and end where RFC 6335 says`(port: Int, expected: String) {
        #expect(headline(":\(port)").hasPrefix("\(port)   \(expected) port"))
    }

    @Test func `an error is told by name or by number, with its cause and what to do`() {
        let text = explain("ECONNREFUSED")
        #expect(text.hasPrefix("ECONNREFUSED   errno 111: connection refused\n  usually: nobody listens"))
        #expect(text.contains("\n  what to do: see that the server runs"))
        #expect(explain("econnrefused") == text)
        #expect(explain("EWOULDBLOCK").hasPrefix("EAGAIN   errno 11: "))
        #expect(explain("ELIBBAD") == "ELIBBAD   errno 80: accessing a corrupted shared library\n")
    }

    @Test func `a bare number is an error and a port`() {
        let lines = explain("111").split(separator: "\n")
        #expect(lines.first == "ECONNREFUSED   errno 111: connection refused")
        #expect(lines.last?.hasPrefix("111   system port") == true)
        #expect(explain("5432").hasPrefix("5432   registered port"))
    }

    // A-096
    @Test func `an endpoint is told with its address and its port`() {
        #expect(
            explain("192.168.1.1:80") == """
                192.168.1.1:80   TCP stream, port 80 of 192.168.1.1
                  192.168.1.1   IPv4, class C, private (RFC 1918 192.168.0.0/16), unicast
                    in 192.168.1.0/24: network .0, hosts .1-.254, broadcast .255     reverse 1.1.168.192.in-addr.arpa
                    on this machine: reachable through eth0 (192.168.1.20/24)
                  80   system port (0-1023, also called well known), http/tcp; ephemeral range here is 32768-60999

                """)
    }

    @Test(arguments: [
        ("unix:/run/x", "unix:/run/x   UNIX-domain stream, the socket file /run/x"),
        ("unix:@x", "unix:@x   UNIX-domain stream, the abstract name @x: no file, gone with its socket"),
        ("fd:3", "fd:3   a descriptor that the process inherits, number 3"),
        ("-", "-   standard input and output, of this process"),
        (
            "exec:grep -i 'a b'",
            #"exec:grep -i 'a b'   a program's standard input and output, without a shell, "grep" "-i" "a b""#
        ),
        ("db:5432", "db:5432   TCP stream, port 5432 of db, a name that is looked up when it is used"),
        ("*:80", "*:80   TCP stream, port 80 of every interface of this machine"),
    ])
    func `an endpoint of any scheme is told in words`(text: String, expected: String) {
        #expect(headline(text) == expected)
    }

    @Test func `a password is never written`() {
        for form in [[], ["--json"]] {
            let run = ToolRun(["explain", "https://ann:secret@host/path"] + form)
            #expect(run.status == .success && !run.output.contains("secret") && !run.output.contains("ann"))
        }
    }

    @Test func `families, kinds and protocols are told with their numbers and their Swift names`() {
        #expect(explain("AF_INET").hasPrefix("AF_INET   address family 2: IP version 4"))
        #expect(explain("pf_local").hasPrefix("AF_UNIX   address family 1: "))
        #expect(explain("SOCK_RDM").hasPrefix("SOCK_RDM   kind of socket 4: reliable messages without order"))
        #expect(
            explain("IPPROTO_TCP").contains("protocol 6: ") && explain("IPPROTO_TCP").contains("ProtocolNumber.tcp"))
    }

    @Test(arguments: [
        ("300.1.1.1", #""300.1.1.1" is no IP address: 300 is over 255"#),
        ("10.0.0.0/99", #""10.0.0.0/99" is no IP network: the prefix length 99 is not in 0 to 32"#),
        ("fe80::1::2", #""fe80::1::2" is no IP address: '::' may stand only once"#),
        ("::1/129", #""::1/129" is no IP network: the prefix length 129 is not in 0 to 128"#),
        (":99999", #""99999" is no port: 99999 is over 65535"#),
        ("99999", #""99999" is no port: 99999 is over 65535"#),
        ("1.2.3", #""1.2.3" is no IP address: it has 3 numbers, not 4; inet_aton(3) would read it as 1.2.0.3"#),
        ("EFOO", #""EFOO" is the name of no error of this system"#),
        ("db:port", #""db:port" is no endpoint: 'port' is not a decimal number"#),
        ("", #""" is no IP address: it is empty"#),
    ])
    func `what can't be explained is quoted, with what it was taken for`(text: String, expected: String) {
        let run = ToolRun("explain", text)
        #expect(run.status == .badData && run.output.isEmpty && run.errors == "nt: \(expected)\n")
    }

    @Test func `a terminal's controls are never passed on`() {
        for text in ["a\u{1B}[31m", "AF_\u{1B}", "x:\u{7}", "/\u{9B}"] {
            let run = ToolRun("explain", text)
            #expect(run.status == .badData)
            #expect(
                !(run.output + run.errors).unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{9B}" })
        }
    }

    @Test func `nothing that anybody writes ends the program`() {
        var generator = SeededText(seed: 7)
        var explained = 0
        for _ in 0..<5000 {
            if let readings = try? Explanation.readings(of: generator.next(), on: .example) {
                #expect(!readings.isEmpty)
                explained += 1
            }
        }
        #expect(explained > 100)
    }

    @Test func `the good ones are explained when one among them is not`() {
        let run = ToolRun("explain", ":80", "nonsense", "AF_INET")
        #expect(run.status == .badData)
        #expect(run.output.split(separator: "\n").count == 3)
        #expect(run.errors.hasPrefix("nt: \"nonsense\" is no address, network,"))
    }
}
