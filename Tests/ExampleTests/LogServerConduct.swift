// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// What every log server does, however it is written.
extension Programs {
    /// Four telnets at once, each of them heard twice, in turn and back: nobody has to leave for another to be heard.
    func expectSeveralTelnetsServed(by author: Author, _ name: String) throws {
        let (server, address) = try server(author, name)
        let telnets = try (0..<4).map { _ in try telnet(to: address) }
        for _ in telnets { try server.line(containing: "Got connection from") }
        for (number, telnet) in (telnets.enumerated() + telnets.enumerated().reversed()) {
            try telnet.write("telnet \(number)\n")
            try server.line(containing: "telnet \(number)")
        }
    }

    /// - Parameter end: what the server needs behind a message.
    func expectDepartureNamed(by author: Author, _ name: String, end: String = "") throws {
        let (server, address) = try server(author, name)
        let staying = try Socket.patient(to: address)
        let leaving = try Socket.patient(to: address)
        let port = try #require(try leaving.localAddress.port)
        for _ in 0..<2 { try server.line(containing: "Got connection from") }
        try leaving.close()
        #expect(try server.line(containing: "disconnected").contains("\(port)"))
        try staying.sendAll("still here\(end)".utf8)
        try server.line(containing: "still here")
    }

    /// The same for one that leaves by a reset.
    func expectResetNamed(by author: Author, _ name: String, end: String = "") throws {
        let (server, address) = try server(author, name)
        let staying = try Socket.patient(to: address)
        let resetting = try Socket.patient(to: address)
        let own = try resetting.localAddress
        for _ in 0..<2 { try server.line(containing: "Got connection from") }
        try resetting.reset()
        let line = try server.line(containing: "disconnected")
        #expect(line.contains("\(try #require(own.port))"))
        if author == .us { #expect(line == "\(own) disconnected: connection broken: connection reset by peer") }
        try staying.sendAll("still here\(end)".utf8)
        try server.line(containing: "still here")
    }
}
