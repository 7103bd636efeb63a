// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage
import TestSupport
import Testing

/// A-023: a wrong name is a typed error that says what was asked.
@Suite(.blocking) struct ResolverErrorTests {
    @Test func `a name that nobody has is told in one line`() {
        let error = #expect(throws: ResolverError.self) {
            try Resolver.resolve("nosuch.invalid", port: 80, flags: .numericHost)
        }
        #expect(error?.reason == .nameNotFound)
        #expect(error?.question == "nosuch.invalid:80")
        #expect(error?.description == "resolve nosuch.invalid:80: name not found")
    }

    @Test(arguments: [
        ("a\0b", "a control byte in the name"), ("a\nb", "a control byte in the name"),
        (String(repeating: "a", count: 254), "a name of 254 bytes; 253 are the most"),
    ])
    func `a name that can be none is refused before anybody is asked`(name: String, why: String) {
        #expect(throws: ResolverError.self) { try Resolver.resolve(name, port: 80) }
        #expect(throws: ResolverError.self) { try Resolver.host(named: name) }
        #expect(throws: ResolverError.self) { try Resolver.resolve("127.0.0.1", service: name) }
        #expect(throws: ResolverError.self) { try ServiceNames.port(of: name) }
        #expect(throws: ResolverError.self) { try ServiceNames.port(of: "http", over: name) }
        let error = #expect(throws: ResolverError.self) { try ServiceNames.protocolNumber(of: name) }
        #expect(error?.reason == .invalid(why))
    }

    @Test func `what is printed of a name is short and harmless`() {
        let error = #expect(throws: ResolverError.self) {
            try Resolver.resolve("\u{1B}[2J" + String(repeating: "x", count: 300), port: 80)
        }
        #expect(error?.question.count == 120)
        #expect(error?.question.hasPrefix(#"\u{1B}[2Jxxx"#) == true)
    }

    @Test func `wrong questions have reasons of their own`() {
        #expect(Self.reason { _ = try Resolver.resolve(nil, service: nil) } == .nameNotFound)
        #expect(Self.reason { _ = try Resolver.resolve("127.0.0.1", service: "nosuch") } == .service)
        #expect(Self.reason { _ = try Resolver.resolve("::1", port: 1, family: .ipv4) } == .noData)
        #expect(Self.reason { _ = try Resolver.resolve("127.0.0.1", port: 1, family: .init(rawValue: 77)) } == .family)
        #expect(Self.reason { _ = try Resolver.resolve("127.0.0.1", port: 1, kind: .init(rawValue: 77)) } == .kind)
        #expect(Self.reason { _ = try Resolver.resolve("::1", port: 1, flags: .init(rawValue: 1 << 20)) } == .badFlags)
        #expect(Self.reason { _ = try Resolver.name(of: .unix(UnixAddress(path: "/tmp/x"))) } == .family)
        #expect(Self.reason { _ = try Resolver.host(named: "localhost", family: .unix) } == .family)
        #expect(Self.reason { _ = try ServiceNames.service(at: 1, over: "nosuch") } == .service)
        #expect(Self.reason { _ = try ServiceNames.protocolNumber(of: "nosuch") } == .protocolNotFound)
        #expect(Self.reason { _ = try ServiceNames.name(of: .init(rawValue: -5)) } == .protocolNotFound)
    }

    #if DEBUG
        @Test(
            "B-SOCO-06: each code of getaddrinfo is a reason",
            arguments: [
                (-1, ResolverError.Reason.badFlags), (-2, .nameNotFound), (-3, .tryAgain), (-4, .failed), (-5, .noData),
                (-6, .family), (-7, .kind), (-8, .service), (-9, .noData), (-10, .memory), (-105, .notInternational),
                (-12, .other(-12)), (-1000, .other(-1000)), (24, .system(.tooManyOpenFiles)), (110, .system(.timedOut)),
            ] as [(CInt, ResolverError.Reason)])
        func reasons(code: CInt, reason: ResolverError.Reason) {
            for call in [SystemCall.getaddrinfo, .getnameinfo] {
                withFaults(.failing(call, with: Errno(rawValue: code))) {
                    #expect(
                        Self.reason {
                            if call == .getaddrinfo {
                                _ = try Resolver.resolve("localhost", port: 80)
                            } else {
                                _ = try Resolver.name(of: .loopback(80))
                            }
                        } == reason)
                }
            }
        }

        @Test func `a signal does not end a question`() throws {
            let plan = FaultPlan.failing(.getaddrinfo, with: .interrupted, times: 3)
            try withFaults(plan) {
                let found = try Resolver.addresses(of: "127.0.0.1", port: 80)
                #expect(found == [.loopback(80)])
            }
            #expect(plan.count(of: .getaddrinfo) == 4)
        }

        @Test(arguments: [SystemCall.gethostbyname, .gethostbyaddr, .getservent, .getprotoent, .gethostname])
        func `a table that can't be read is told as the system tells it`(call: SystemCall) {
            withFaults(.failing(call, with: .tooManyOpenFilesInSystem)) {
                let reason = Self.reason {
                    switch call {
                    case .gethostbyname: _ = try Resolver.host(named: "localhost")
                    case .gethostbyaddr: _ = try Resolver.host(at: .v4(.loopback))
                    case .getservent: _ = try ServiceNames.port(of: "http")
                    case .getprotoent: _ = try ServiceNames.protocolNumber(of: "tcp")
                    default: _ = try Resolver.hostName
                    }
                }
                #expect(reason == .system(.tooManyOpenFilesInSystem))
            }
        }
    #endif

    static func reason(_ body: () throws -> Void) -> ResolverError.Reason? {
        do { try body() } catch let error as ResolverError { return error.reason } catch {}
        return nil
    }
}
