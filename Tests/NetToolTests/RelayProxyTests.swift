// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// `nt relay` as a proxy, with other people's clients: promises 1.19.
@Suite(.blocking) struct RelayProxyTests {
    /// A web server with one page, and its address.
    private func webServer(in directory: TemporaryDirectory) throws -> (ForeignProgram, port: String) {
        try "the page\n".write(toFile: directory.file("page"), atomically: true, encoding: .utf8)
        let server = try ForeignProgram(
            Python.executable, ["-um", "http.server", "--bind", "127.0.0.1", "--directory", directory.path, "0"])
        let words = try server.line(containing: "Serving HTTP").split(separator: " ")
        let index = try #require(words.firstIndex(of: "port"))
        return (server, String(words[index + 1]))
    }

    private func curl(_ words: String...) throws -> ForeignProgram {
        try ForeignProgram("curl", ["-sS", "--noproxy", "", "--max-time", "20"] + words)
    }

    @Test(arguments: ["--socks4", "--socks4a", "--socks5", "--socks5-hostname"])
    func `curl gets a page through socks`(flag: String) throws {
        let directory = try TemporaryDirectory()
        let (server, port) = try webServer(in: directory)
        let relay = try ForeignProgram.relay("socks", "--allow-private", "-v")
        let name = flag == "--socks4a" || flag == "--socks5-hostname" ? "localhost" : "127.0.0.1"
        let curl = try curl(flag, try relay.address(), "http://\(name):\(port)/page")
        #expect(try curl.exit() == .status(0), "\(curl.errors)")
        #expect(curl.output == "the page\n")
        try relay.errorLine(containing: " to \(name):\(port)")
        withExtendedLifetime(server) {}
    }

    @Test func `curl gets a page through a tunnel of http, and is told when it asks for more`() throws {
        let directory = try TemporaryDirectory()
        let (server, port) = try webServer(in: directory)
        let relay = try ForeignProgram.relay("http", "--allow-target", "127.0.0.0/8")
        let address = "http://\(try relay.address())"
        let tunnel = try curl("--proxy", address, "--proxytunnel", "http://127.0.0.1:\(port)/page")
        #expect(try tunnel.exit() == .status(0), "\(tunnel.errors)")
        #expect(tunnel.output == "the page\n")
        let plain = try curl("-i", "--proxy", address, "http://127.0.0.1:\(port)/page")
        #expect(try plain.exit() == .status(0))
        #expect(plain.output.hasPrefix("HTTP/1.1 405 ") && plain.output.contains("--proxytunnel"))
        withExtendedLifetime(server) {}
    }

    @Test func `credentials are asked for, and wrong ones are refused`() throws {
        let directory = try TemporaryDirectory()
        let (server, port) = try webServer(in: directory)
        let page = "http://127.0.0.1:\(port)/page"
        try "user:secret\n".write(toFile: directory.file("auth"), atomically: true, encoding: .utf8)
        let socks = try ForeignProgram.relay("socks", "--allow-private", "--auth", "user:secret")
        let http = try ForeignProgram.relay("http", "--allow-private", "--auth-file", directory.file("auth"))
        for (known, isRight) in [("user:secret@", true), ("user:wrong@", false), ("", false)] {
            let first = try curl("--proxy", "socks5://\(known)\(try socks.address())", page)
            #expect((try first.exit() == .status(0)) == isRight, "\(first.errors)")
            let second = try curl("--proxytunnel", "--proxy", "http://\(known)\(try http.address())", page)
            #expect((try second.exit() == .status(0)) == isRight, "\(second.errors)")
            if !isRight { #expect(second.errors.contains("407")) }
        }
        let old = try curl("--socks4", try socks.address(), page)
        #expect(try old.exit() != .status(0))
        for relay in [socks, http] {
            #expect(try relay.terminate() == .status(0))
            #expect(!relay.errors.contains("secret") && !relay.errors.contains("wrong@"))
        }
        withExtendedLifetime(server) {}
    }

    // Closed by default, whatever the address is dressed up as.
    @Test(arguments: [
        "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.0.0.1", "192.168.1.1",
        "172.16.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[64:ff9b::a00:1]", "[::127.0.0.1]",
    ])
    func `a proxy refuses what is private, this machine's or nobody's`(host: String) throws {
        let relay = try ForeignProgram.relay("http")
        let client = try SocketFile.connected(to: try relay.address())
        try client.say("CONNECT \(host):80 HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(try client.hear() == "HTTP/1.1 403 Forbidden")
        #expect(try client.rest().contains("is no public address of others"))
        try relay.errorLine(containing: "is no public address of others, and --allow-private is not given")
    }

    @Test func `a public address of this machine's own is refused like a private one`() throws {
        let own = try IPAddress("8.8.4.4")
        func rules(_ allowsPrivate: Bool, _ targets: [IPNetwork] = []) -> AccessRules {
            AccessRules(
                clients: AddressFilter(), credentials: nil, allowsPrivate: allowsPrivate, targets: targets,
                isOwn: { $0 == own })
        }
        #expect(!rules(false).allows(SocketAddress(own, 6379)))
        #expect(!rules(false).allows(try SocketAddress("[::ffff:8.8.4.4]:6379")))
        #expect(rules(false).allows(try SocketAddress("8.8.8.8:53")))
        #expect(!rules(false).allows(try SocketAddress("[::ffff:0:8.8.8.8]:53")))
        #expect(rules(true).allows(SocketAddress(own, 6379)))
        #expect(rules(false, [try IPNetwork("8.8.4.0/24")]).allows(SocketAddress(own, 6379)))
        #expect(LocalMachine.this.sourceAddress(.v4(.loopback)) == .v4(.loopback))
    }

    @Test func `socks tells the reason by its number`() throws {
        let relay = try ForeignProgram.relay("socks")
        let open = try ForeignProgram.relay("socks", "--allow-private")
        let taken = try Socket.listening(on: "127.0.0.1:0")
        let port = try #require(try taken.localAddress.port).rawValue
        try taken.close()
        func answer(_ relay: ForeignProgram, command: UInt8 = 1) throws -> [UInt8] {
            let client = try SocketFile.connected(to: try relay.address())
            let request: [UInt8] = [5, 1, 0, 5, command, 0, 1, 127, 0, 0, 1]
            try client.write(request + [UInt8(port >> 8), UInt8(port & 255)])
            try client.flush()
            return try client.readToEnd(maximumLength: 100)
        }
        #expect(try answer(relay).prefix(4) == [5, 0, 5, 2])
        #expect(try answer(open).prefix(4) == [5, 0, 5, 5])
        #expect(try answer(open, command: 2).prefix(4) == [5, 0, 5, 7])
        #expect(try answer(open, command: 9).prefix(4) == [5, 0, 5, 7])
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "405 Method Not Allowed"),
        ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "400 Bad Request"),
        ("CONNECT a:1 HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000), "431 Request Header Fields Too Large"),
        ("CONNECT nosuch.invalid:1 HTTP/1.1\r\nHost: a\r\n\r\n", "502 Bad Gateway"),
    ])
    func `what can't be done is told, and read by who still sends`(head: String, status: String) throws {
        let relay = try ForeignProgram.relay("http")
        let client = try SocketFile.connected(to: try relay.address())
        try client.say(head)
        #expect(try client.hear() == "HTTP/1.1 \(status)")
    }

    @Test func `a client that is too slow to ask is told so, and one whose target is too slow is told that`() {
        let late = SocketError(.receive, .timedOut, subject: "a client")
        #expect(ConnectAnswer(FrameError.connection(late)).text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        let silent = SocketError(.connect, .timedOut, subject: "a target")
        #expect(ConnectAnswer(silent).text.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
    }

    @Test func `a client that is not among those of --allow is let go of`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        let closed = try ForeignProgram.relay(try server.address(), "--allow", "10.0.0.0/8")
        #expect((try? SocketFile.connected(to: try closed.address()).rest()) ?? "" == "")
        try closed.errorLine(containing: "  denied")
        let open = try ForeignProgram.relay(try server.address(), "--allow", "10.0.0.0/8", "--allow", "127.0.0.1")
        #expect(try SocketFile.connected(to: try open.address()).hear() == "hello")
    }

    @Test func `a client of --deny is let go of, and one behind a proxy by its own address`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        let closed = try ForeignProgram.relay(try server.address(), "--deny", "127.0.0.0/8")
        #expect((try? SocketFile.connected(to: try closed.address()).rest()) ?? "" == "")
        try closed.errorLine(containing: "! 127.0.0.1:")
        let behind = try ForeignProgram.relay(
            try server.address(), "--proxy-protocol", "127.0.0.1", "--deny", "192.0.2.0/24")
        let (bad, good) = try (
            SocketFile.connected(to: try behind.address()), SocketFile.connected(to: try behind.address())
        )
        try bad.say("PROXY TCP4 192.0.2.7 192.0.2.8 4000 443\r\n")
        #expect((try? bad.rest()) ?? "" == "")
        try behind.errorLine(containing: "! 192.0.2.7:4000  denied")
        try good.say("PROXY TCP4 203.0.113.7 192.0.2.8 4000 443\r\n")
        #expect(try good.hear() == "hello")
    }

    @Test func `ncat and socat get through`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        let place = try server.address().split(separator: ":")
        let port = String(place[1])
        let socks = try ForeignProgram.relay("socks", "--allow-private")
        let http = try ForeignProgram.relay("http", "--allow-private")
        let (socksPort, httpPort) = try (
            socks.address().split(separator: ":")[1], http.address().split(separator: ":")[1]
        )
        let clients = [
            ["ncat", "--recv-only", "--proxy-type", "socks4", "--proxy", "127.0.0.1:\(socksPort)", "127.0.0.1", port],
            ["ncat", "--recv-only", "--proxy-type", "socks5", "--proxy", "127.0.0.1:\(socksPort)", "127.0.0.1", port],
            ["ncat", "--recv-only", "--proxy-type", "http", "--proxy", "127.0.0.1:\(httpPort)", "127.0.0.1", port],
            ["socat", "-u", "SOCKS4A:127.0.0.1:localhost:\(port),socksport=\(socksPort)", "-"],
            ["socat", "-u", "PROXY:127.0.0.1:127.0.0.1:\(port),proxyport=\(httpPort)", "-"],
        ]
        for words in clients {
            #expect(try Command.run(words) == "hello\r\n", "\(words)")
        }
    }

    @Test func `a client by way of a PROXY header has its address in the lines, and in the next header`() throws {
        let server = try ForeignProgram.python(
            """
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            while True:
                said = server.accept()[0].recv(1000)
                if said: print(said)  # tests that look for open ports say nothing
            """)
        let target = "127.0.0.1:\(try server.line())"
        for version in ["v1", "v2"] {
            let inner = try ForeignProgram.relay(
                target, "--proxy-protocol", "127.0.0.0/8", "--send-proxy", version, "--allow", "192.0.2.0/24")
            let client = try SocketFile.connected(to: try inner.address())
            try client.say("PROXY TCP4 192.0.2.7 192.0.2.8 4000 443\r\n")
            try inner.errorLine(containing: "+ 192.0.2.7:4000")
            let said = try server.line()
            let header =
                version == "v1"
                ? #"b'PROXY TCP4 192.0.2.7 192.0.2.8 4000 443\r\n'"#
                : #"b'\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x08\x0f\xa0\x01\xbb'"#
            #expect(said == header)
            let stranger = try SocketFile.connected(to: try inner.address())
            try stranger.say("GET / HTTP/1.1\r\n\r\n")
            #expect((try? stranger.rest()) ?? "" == "")
            try inner.errorLine(containing: #"(PROXY header: no header begins with "G")"#)
        }
    }

    @Test func `a client's time begins before its PROXY header`() throws {
        let relay = try ForeignProgram.relay("127.0.0.1:1", "--proxy-protocol", "127.0.0.0/8", "--json")
        let listening = try #require(try Events.parse(try relay.line() + "\n").first)
        let before = try relay.use.descriptors
        let client = try SocketFile.connected(to: try #require(listening["address"] as? String))
        try wait(until: { try relay.use.descriptors > before })
        let begin = ContinuousClock.now
        try wait(until: { begin.duration(to: .now) > .milliseconds(100) })
        try client.say("no header\n")
        let event = try Events.parse(try relay.line(containing: "disconnected") + "\n").first
        #expect(try #require(event?["seconds"] as? Double) > 0.02)
    }

    @Test(.enabled(if: Haproxy.isInstalled, Comment(rawValue: Haproxy.absence)), arguments: ["v1", "v2"])
    func `haproxy says who a client is, and hears it`(version: String) throws {
        let server = try ForeignProgram.python(
            """
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            while True: print(server.accept()[0].recv(1000).decode(), end="")
            """)
        // A client, haproxy, a relay, haproxy again, and a server that reads version 1.
        let last = try Haproxy(from: "accept-proxy", to: "127.0.0.1:\(try server.line()) send-proxy")
        let relay = try ForeignProgram.relay(
            "\(last.address)", "--proxy-protocol", "127.0.0.0/8", "--send-proxy", version)
        let first = try Haproxy(from: "", to: "\(try relay.address()) send-proxy\(version == "v1" ? "" : "-v2")")
        let client = try SocketFile.connected(to: "\(first.address)")
        let own = try client.shared.socket.localAddress
        try relay.errorLine(containing: "+ \(own)")
        let port = try #require(own.port).rawValue
        #expect(try server.line(containing: "PROXY TCP4 ").contains(" \(port) "))
    }
}
