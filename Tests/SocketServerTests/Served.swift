// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import SocketServer
import Sockets
import TestSupport
import Testing

/// The four servers.
enum TransportKind: String, CaseIterable, Sendable {
    case tcp, unix, udp
    case unixDatagram = "unix-dgram"

    var isStream: Bool { self == .tcp || self == .unix }

    static let streams: [TransportKind] = [.tcp, .unix]
    static let datagrams: [TransportKind] = [.udp, .unixDatagram]
}

/// The ways to handle several requests.
enum PolicyKind: String, CaseIterable, Sendable { case sequential, threads, processes, tasks }

/// How handlers are written.
enum Style: String, CaseIterable, Sendable { case blocking, async }

/// A case of the table: each server by each policy in each style.
struct Combination: CustomTestStringConvertible, Sendable {
    let transport: TransportKind
    let policy: PolicyKind
    let style: Style

    var testDescription: String { "\(transport.rawValue) \(policy) \(style)" }

    static let all = TransportKind.allCases.flatMap { transport in
        PolicyKind.allCases.flatMap { policy in
            Style.allCases.map { Combination(transport: transport, policy: policy, style: $0) }
        }
    }

    static let streams = all.filter(\.transport.isStream)
    static let datagrams = all.filter { !$0.transport.isStream }
}

/// Not too many programs and sockets at a time.
let places = Places(8)

/// A server in a process of its own (`Tests/Programs/request-server`).
final class ServedProgram {
    let program: ForeignProgram
    let address: SocketAddress
    private let directory: TemporaryDirectory

    init(_ combination: Combination, _ settings: [String] = [], environment: [String: String] = [:]) throws {
        directory = try TemporaryDirectory()
        let endpoint = combination.transport.endpoint(in: directory)
        let words = [combination.transport.rawValue, combination.policy.rawValue, combination.style.rawValue, endpoint]
        program = try ForeignProgram(
            BuiltProgram.path("request-server"), words + settings, environment: environment)
        let line = try program.line(containing: "listening on ")
        address = try SocketAddress(line.dropFirst("listening on ".count))
    }

    convenience init(
        _ transport: TransportKind, _ policy: PolicyKind, _ style: Style = .blocking, _ settings: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        try self.init(
            Combination(transport: transport, policy: policy, style: style), settings, environment: environment)
    }

    /// Ends it in good order, and tells what it said of itself then: open descriptors, children.
    func end() throws -> String {
        try program.closeInput()
        let line = try program.line(containing: "served; ")
        #expect(try program.exit() == .status(0))
        return line
    }

    /// A path for a client's own socket, beside the server's.
    func clientPath(_ name: String) -> String { directory.file(name) }

    /// A client that talks in lines. No call on it waits for ever.
    func talk() throws -> SocketFile { SocketFile(try client()) }

    func client() throws -> Socket {
        var socket = try Socket.connecting(to: address)
        try socket.setTimeLimit(.seconds(20))
        return socket
    }

    /// A client that sends datagrams and may be answered.
    func datagramClient() throws -> Socket {
        var socket = try Socket(address.family, .datagram)
        if address.unix != nil {
            try socket.bind(
                to: SocketAddress.unix(try UnixAddress(path: clientPath("c\(UUID().uuidString.prefix(8))"))))
        }
        try socket.connect(to: address)
        try socket.setTimeLimit(.seconds(20))
        return socket
    }
}

extension TransportKind {
    func endpoint(in directory: TemporaryDirectory) -> String {
        switch self {
        case .tcp, .udp: "127.0.0.4:0"
        case .unix: "unix:\(directory.file("s"))"
        case .unixDatagram: "unix-dgram:\(directory.file("s"))"
        }
    }
}

extension SocketFile {
    /// Sends a line and waits for the answer.
    func ask(_ line: String) throws -> String? {
        try write("\(line)\n")
        try flush()
        return try readLine(as: .utf8)
    }
}

extension Socket {
    /// Sends a datagram and waits for the answer.
    func ask(_ text: String) throws -> String? {
        try sendAll(text.utf8)
        return try receive(upTo: 65_536).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A server in this process, on a thread of its own; by any policy but processes.
func withServing<Running: BaseServer>(
    _ server: Running, _ body: (Running) throws -> Void
) throws {
    let thread = BlockingThread { try server.serveForever() }
    defer { server.shutdown() }
    try body(server)
    server.shutdown()
    try thread.join()
    try server.close()
}
