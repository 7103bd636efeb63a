// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing
import Wire

/// The PROXY protocol in front of connections, in both directions: promises 1.13.
@Suite(.blocking) struct TrustedProxiesTests {
    private static let header = "PROXY TCP4 192.0.2.7 192.0.2.8 4000 443\r\n"

    /// Runs a server that answers with what it knows of its client, and `body` beside it.
    private func serve(
        _ proxies: TrustedProxies, on ground: Ground,
        _ body: @escaping @Sendable (SocketAddress, @escaping @Sendable () -> [String]) async throws -> Void
    ) async throws {
        try await ground.run { loop in
            let failures = Mutex<[String]>([])
            let server = try await Server(
                on: "127.0.0.2:0", loop: loop,
                report: { event in
                    if case .handlerFailed(let error, _) = event { failures.withLock { $0.append("\(error)") } }
                },
                handler: proxies.receiving { connection in
                    let remote = connection.remoteAddress.map { "\($0)" } ?? "nobody"
                    try await connection.send("\(remote) by \(connection.proxyHeader?.version.rawValue ?? 0)\n")
                    try await connection.echo()
                })
            let running = start { try await server.run() }
            try await body(try #require(server.addresses.first)) { failures.withLock { $0 } }
            server.drain()
            try await running.value
        }
    }

    private static let loopback = TrustedProxies([(try? IPNetwork("127.0.0.0/8"))].compactMap(\.self))

    @Test(arguments: Ground.allCases)
    func `the client's address is what the proxy says, and what follows the header is the client's`(
        ground: Ground
    ) async throws {
        try await serve(Self.loopback, on: ground) { address, _ in
            try await withConnection(to: address) { client in
                try await client.send(Self.header + "hello")
                #expect(try await client.lines.next() == "192.0.2.7:4000 by 1")
                #expect(try await client.read(exactly: 5) == Array("hello".utf8))
            }
            try await withConnection(to: address) { client in
                let own = "\(client.localAddress.map { "\($0)" } ?? "")"
                try await client.send(ProxyHeader.local)
                #expect(try await client.lines.next() == "\(own) by 2")
            }
        }
    }

    @Test(arguments: Ground.loops)
    func `a header that comes byte by byte is read, and its limit counts from the beginning`(
        ground: Ground
    ) async throws {
        try await serve(Self.loopback, on: ground) { address, _ in
            try await withConnection(to: address) { client in
                for byte in Self.header.utf8 { try await client.send([byte]) }
                #expect(try await client.lines.next() == "192.0.2.7:4000 by 1")
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", #"PROXY header: no header begins with "G""#),
        ("PROXY TCP4 " + String(repeating: "1", count: 200), "PROXY header: longer than 107 bytes"),
        ("\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\u{2}\u{9}", "PROXY header: longer than 536 bytes"),
        ("PROXY TCP4 1.2.3.4", "PROXY header: the stream ended after 18 bytes, before the frame did"),
        ("", "PROXY header: the stream ended after 0 bytes, before the frame did"),
    ])
    func `whoever begins with anything else is let go of`(text: String, words: String) async throws {
        try await serve(Self.loopback, on: .epoll) { address, failures in
            try await withConnection(to: address) { client in
                try await client.send(text)
                try await client.shutdownSending()
                // A reset, where something of ours was unread.
                #expect((try? await client.receive(upTo: 100)) ?? nil == nil)
            }
            try await until { failures() == [words] }
        }
    }

    @Test func `whoever is no trusted proxy is let go of, header or not`() async throws {
        let others = TrustedProxies([try IPNetwork("10.0.0.0/8"), try IPNetwork("::1/128")])
        try await serve(others, on: .epoll) { address, failures in
            try await withConnection(to: address) { client in
                try? await client.send(Self.header)
                #expect((try? await client.receive(upTo: 100)) ?? nil == nil)
            }
            try await until { failures().count == 1 }
            #expect(failures()[0].hasSuffix(" is no trusted proxy"))
        }
    }

    @Test func `a header that is not whole in time ends the connection, however it is trickled`() async throws {
        let hasty = TrustedProxies([try IPNetwork("127.0.0.0/8")], timeLimit: .milliseconds(50))
        try await serve(hasty, on: .memory) { address, failures in
            try await withConnection(to: address) { client in
                let trickle = start {
                    for byte in "PROXY UNKNOWN and so on and on".utf8 {
                        try await client.send([byte])
                        try await client.loop.sleep(for: .milliseconds(10))
                    }
                }
                _ = try? await client.receive(upTo: 1)
                _ = try? await trickle.value
            }
            try await until { failures().count == 1 }
            #expect(failures()[0].contains("timed out"))
        }
    }

    @Test func `networks and UNIX paths are trusted as told`() throws {
        let proxies = TrustedProxies([try IPNetwork("192.0.2.0/24"), try IPNetwork("2001:db8::/32")])
        #expect(proxies.contains(try SocketAddress("192.0.2.200:1")))
        #expect(proxies.contains(try SocketAddress("[::ffff:192.0.2.200]:1")))
        #expect(proxies.contains(try SocketAddress("[2001:db8:1::]:1")))
        #expect(!proxies.contains(try SocketAddress("192.0.3.1:1")))
        #expect(!proxies.contains(.unix(.unnamed)) && !proxies.contains(nil))
        #expect(TrustedProxies([], includesUNIX: true).contains(.unix(.unnamed)))
    }

    @Test func `a header is made of what is known of a client`() async throws {
        try await withLoop(of: .epoll) { loop in
            let listener = try await Listener(on: "127.0.0.2:0", loop: loop)
            defer { listener.close() }
            try await withConnection(to: listener.localAddress) { client in
                let accepted = try await listener.accept()
                defer { accepted.close() }
                let header = ProxyHeader(.v2, of: accepted)
                #expect(header.source == client.localAddress && header.destination == listener.localAddress)
                try await client.send(ProxyHeader(.v1, of: client))
                let others = try #require(client.localAddress)
                try await Self.loopback.receiveHeader(on: accepted)
                #expect(accepted.remoteAddress == listener.localAddress && accepted.peer == others)
                // What was said is handed on.
                #expect(ProxyHeader(.v2, of: accepted).source == listener.localAddress)
            }
            let (one, other) = try await Connection.pair(on: loop)
            #expect(ProxyHeader(.v1, of: one).addresses == .unknown)
            #expect(ProxyHeader(.v2, of: one).source == .unix(.unnamed))
            one.close()
            other.close()
        }
    }
}

/// With haproxy on the other side.
@Suite(.blocking, .enabled(if: Haproxy.isInstalled, Comment(rawValue: Haproxy.absence))) struct HaproxyTests {
    @Test(arguments: ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
    func `what haproxy says of its clients is understood`(option: String) async throws {
        try await withLoop(of: .epoll) { loop in
            let proxies = TrustedProxies([try IPNetwork("127.0.0.0/8")])
            let server = try await Server(
                on: "127.0.0.2:0", loop: loop,
                handler: proxies.receiving { connection in
                    let remote = connection.remoteAddress.map { "\($0)" } ?? "nobody"
                    try await connection.send("\(remote) \(connection.proxyHeader?.version.rawValue ?? 0)\n")
                    try await connection.echo()
                })
            let running = start { try await server.run() }
            let haproxy = try Haproxy(from: "", to: "\(try #require(server.addresses.first)) \(option)")
            try await withConnection(to: haproxy.address) { client in
                let own = try #require(client.localAddress)
                #expect(try await client.lines.next() == "\(own) \(option == "send-proxy" ? 1 : 2)")
                try await client.send("hello")
                #expect(try await client.read(exactly: 5) == Array("hello".utf8))
            }
            server.drain()
            try await running.value
        }
    }

    @Test(arguments: ProxyHeader.Version.allCases)
    func `what we say of our clients haproxy understands`(version: ProxyHeader.Version) async throws {
        try await withLoop(of: .epoll) { loop in
            // It tells the next server in version 1 what it has understood of ours.
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                if let line = try await connection.read(until: Array("\r\n".utf8)) { try await connection.send(line) }
            }
            let running = start { try await server.run() }
            let haproxy = try Haproxy(from: "accept-proxy", to: "\(try #require(server.addresses.first)) send-proxy")
            for text in ["192.0.2.7:4000", "[2001:db8::7]:4000"] {
                try await withConnection(to: haproxy.address) { client in
                    let source = try SocketAddress(text)
                    let ip = try #require(source.ip)
                    let endpoint = InternetEndpoint(InternetAddress(ip), 4000)
                    try await client.send(ProxyHeader(version, .internet(source: endpoint, destination: endpoint)))
                    let said = try #require(try await client.lines.next())
                    #expect(said.hasPrefix("PROXY TCP\(ip.ipv4 == nil ? 6 : 4) \(ip) ") && said.contains(" 4000 "))
                }
            }
            server.drain()
            try await running.value
        }
    }
}
