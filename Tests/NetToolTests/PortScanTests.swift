// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool
@testable import Sockets

struct PortScanTests {
    @Test func `of many ports those that are open are told, in order`() throws {
        let servers = try (0..<3).map { _ in try SharedSocket(Socket.listening(on: "127.0.0.1:0")) }
        let ports = try servers.compactMap { try $0.socket.localAddress.port }.sorted()
        let (first, last) = (ports[0], ports[2])
        let run = ToolRun("check", "127.0.0.1", "--ports", "\(first)-\(last)")
        #expect(run.status == .success)
        let lines = run.output.split(separator: "\n")
        for port in ports { #expect(lines.contains { $0.hasPrefix("127.0.0.1:\(port)   open") }) }
        #expect(run.errors.hasPrefix("\(Int(last.rawValue) - Int(first.rawValue) + 1) ports tried: "))
    }

    @Test func `where none is open it is exit code 69, and the events say so`() throws {
        let socket = try Socket()
        try socket.bind(to: .loopback(.any))
        let port = try #require(try socket.localAddress.port)
        let run = ToolRun("check", "127.0.0.1", "--ports", "\(port)", "--json")
        #expect(run.status == .unavailable)
        #expect(try run.events().last?["refused"] as? Int == 1)
        try socket.close()
    }

    @Test(arguments: ["8.8.8.8", "2001:4860:4860::8888"])
    func `other people's hosts are refused`(host: String) {
        let run = ToolRun("check", host, "--ports", "1-1024")
        #expect(run.status == .usage && run.errors.contains("for hosts of your own"))
    }

    @Test(arguments: ["127.0.0.1:80", "a b", ""])
    func `with ports a host stands by itself`(host: String) {
        #expect(ToolRun("check", host, "--ports", "1").status == .usage)
    }
}
