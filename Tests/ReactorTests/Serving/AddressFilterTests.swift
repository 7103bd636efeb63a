// SPDX-License-Identifier: Apache-2.0
import Logging
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

@Suite struct AddressFilterTests {
    @Test func `without rules everybody comes`() throws {
        #expect(AddressFilter.everybody.admits(try IPAddress("203.0.113.9")))
        #expect(AddressFilter.everybody.admits(nil as SocketAddress?))
    }

    @Test(arguments: [
        ("10.1.2.3", true), ("10.66.0.1", false), ("11.0.0.1", false), ("192.0.2.7", true), ("192.0.2.8", false),
        ("2001:db8::1", true), ("2001:db9::1", false), ("::1", false),
        // The other family's words for the same addresses
        ("::ffff:10.1.2.3", true), ("::ffff:10.66.0.1", false), ("::ffff:11.0.0.1", false),
    ])
    func `denied beats allowed, and what is not allowed is denied`(text: String, isAdmitted: Bool) throws {
        let filter = try AddressFilter(
            allowing: ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"], denying: ["10.66.0.0/16"])
        #expect(filter.admits(try IPAddress(text)) == isAdmitted)
        #expect(filter.admits(try SocketAddress(text.contains(":") ? "[\(text)]:80" : "\(text):80")) == isAdmitted)
    }

    @Test func `rules in words of IPv6 for addresses of IPv4 mean these`() throws {
        let filter = try AddressFilter(allowing: [], denying: ["::ffff:10.0.0.0/104"])
        #expect(!filter.admits(try IPAddress("10.9.8.7")))
        #expect(!filter.admits(try IPAddress("::ffff:10.9.8.7")))
        #expect(filter.admits(try IPAddress("11.0.0.1")))
        // A shorter one is about addresses of IPv6 besides, and stays what it is.
        let wide = try AddressFilter(allowing: [], denying: ["::/0"])
        #expect(!wide.admits(try IPAddress("2001:db8::1")))
        #expect(wide.admits(try IPAddress("10.9.8.7")))
    }

    @Test func `a scope gets nobody past a rule`() throws {
        let filter = try AddressFilter(allowing: [], denying: ["fe80::/10"])
        #expect(!filter.admits(SocketAddress.ipv6(try IPv6Address("fe80::1%3"), 80, flowInfo: 0)))
    }

    @Test func `UNIX peers pass, and peers without an address only where nobody has to be named`() throws {
        let filter = try AddressFilter(allowing: ["10.0.0.0/8"])
        #expect(filter.admits(SocketAddress.unix(.unnamed)))
        #expect(!filter.admits(nil as SocketAddress?))
        #expect(try AddressFilter(allowing: [], denying: ["10.0.0.0/8"]).admits(nil as SocketAddress?))
    }

    @Test func `a text that is no network is refused`() {
        #expect(throws: AddressError.self) { try AddressFilter(allowing: ["10.0.0.0/33"]) }
        #expect(throws: AddressError.self) { try AddressFilter(allowing: [], denying: ["everybody"]) }
    }

    @Test(arguments: Ground.allCases)
    func `a server closes whom it does not admit, tells it, and goes on`(ground: Ground) async throws {
        try await ground.run { loop in
            var limits = Server.Limits()
            limits.addresses = try AddressFilter(allowing: [], denying: ["127.0.0.3"])
            let denied = Mutex<[SocketAddress?]>([])
            let log = KeptLog(.info)
            let metrics = TestedMetrics()
            let server = try await Server(
                on: "127.0.0.2:0", limits: limits, loop: loop, logger: log.logger, metrics: metrics.server,
                report: { event in if case .denied(let peer) = event { denied.withLock { $0.append(peer) } } },
                handler: { try await $0.echo() })
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            let source = try SocketAddress("127.0.0.3:0")
            #expect(try await withConnection(to: address, from: source) { try await $0.receive(upTo: 1) } == nil)
            try await withConnection(to: address) { client in
                try await client.send("x")
                #expect(try await client.receive(upTo: 1) == [0x78])
            }
            server.drain()
            try await running.value
            #expect(denied.withLock { $0 }.map { $0?.ip } == [try IPAddress("127.0.0.3")])
            #expect(log.lines("connection denied").count == 1)
            #expect(metrics.total("denied_total") == 1 && metrics.total("accepted_total") == 1)
        }
    }
}
