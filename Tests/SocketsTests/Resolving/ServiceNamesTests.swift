// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// A-095, B-SOCF-08: the system's tables of services and protocols.
@Suite(.blocking) struct ServiceNamesTests {
    @Test func `a service has a port`() throws {
        #expect(try ServiceNames.port(of: "http") == 80)
        #expect(try ServiceNames.port(of: "ftp") == 21)
        #expect(try ServiceNames.port(of: "www", over: "tcp") == 80)
        #expect(try ServiceNames.port(of: "domain", over: "udp") == 53)
    }

    @Test func `a port has a service`() throws {
        let found = try ServiceNames.service(at: 22)
        #expect(found.name == "ssh")
        #expect(found.port == 22)
        #expect(found.protocolName == "tcp")
        #expect(try ServiceNames.service(named: "http").aliases.contains("www"))
        #expect(try ServiceNames.service(at: 68, over: "udp").name == "bootpc")
    }

    @Test func `a protocol has a number`() throws {
        #expect(try ServiceNames.protocolNumber(of: "tcp") == .tcp)
        #expect(try ServiceNames.protocolNumber(of: "udp") == .udp)
        #expect(try ServiceNames.protocolNumber(of: "ipv6-icmp") == .icmpv6)
        #expect(try ServiceNames.name(of: .icmp) == "icmp")
    }

    @Test func `an unknown name is told with the protocol that was asked for`() {
        let error = #expect(throws: ResolverError.self) { try ServiceNames.port(of: "nosuch", over: "tcp") }
        #expect(error?.description == "service nosuch/tcp: unknown service")
        #expect(error?.operation == .service)
    }
}
