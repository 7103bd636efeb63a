// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// What all programs of `Examples/` have in common.
@Suite(.blocking) struct EveryProgramTests {
    private let programs = Programs()

    static let servers = [
        "timestamp-server", "bank-queue-server", "serve-many-server", "download-server", "greeting-server",
        "select-log-server", "poll-log-server", "twisted-log-server", "line-log-server", "async-log-server",
        "one-shot-server", "tcp-reply-once",
    ]

    //
    @Test(arguments: servers, [SIGINT, SIGTERM])
    func `a signal ends a server that waits for a client, and its port is free`(name: String, signal: CInt) throws {
        let (server, address) = try programs.server(.us, name)
        server.send(signal: signal)
        #expect(try server.exit() == .status(0))
        _ = try Socket.listening(on: address)
    }

    // the close path runs, it is not only that the process is gone.
    @Test(arguments: servers.dropLast(2).filter { $0 != "download-server" })
    func `ctrl-C during a conversation closes the client, then the listener`(name: String) throws {
        let (server, address) = try programs.server(.us, name)
        let client = try Socket.patient(to: address)
        try server.line(containing: "\(client.localAddress)")
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(0))
        #expect(server.output.hasSuffix("closed\n"))
        // Read to the end: an end, not a reset.
        _ = try SocketFile(client).readToEnd(maximumLength: 1000)
        #expect(throws: SocketError.self) { _ = try Socket.patient(to: address) }
    }

    //
    @Test(arguments: ["udp-send-loop", "udp-send-bound"])
    func `ctrl-C at a prompt closes the socket`(name: String) throws {
        let program = try programs.ours(name, "127.0.0.1:0")
        try program.text(upTo: "want to send:")
        program.send(signal: SIGINT)
        #expect(try program.exit() == .status(0))
        #expect(program.output.hasSuffix("closed\n"))
    }

    @Test func `a second ctrl-C ends a program that waits for something else`() throws {
        let served = try programs.directory()
        try served.write([UInt8](repeating: 0, count: 8_000_000), to: "long")
        let (server, address) = try programs.server(.us, "download-server", in: served.path)
        let client = try Socket.patient(to: address)
        try client.sendAll("long".utf8)
        #expect(try client.receive(upTo: 1) == [0])  // and no more: the server waits in the middle of its file
        server.send(signal: SIGINT)
        // Handled means put back to its default: only then is the next one deadly.
        // Bit 1 of the mask is SIGINT.
        try wait { try #require(UInt64(server.status("SigCgt"), radix: 16)) & 2 == 0 }
        server.send(signal: SIGINT)
        #expect(try server.exit() == .signal(SIGINT))
    }

    // What is printed must not be sent, wherever the socket would get the number of standard output.
    @Test func `a program without a standard output sends what is typed, and nothing else`() throws {
        let listener = try Socket.patientListener()
        let program = try programs.shell(
            "printf 'typed\\n' | \"$0\" \"$1\" >&-", "tcp-send", "\(listener.localAddress)")
        var client = try listener.accept()
        try client.setTimeLimit(.seconds(20))
        #expect(try SocketFile(client).readToEnd(maximumLength: 1000) == Array("typed".utf8))
        #expect(try program.exit() == .status(0))
    }

    @Test func `a server without standard streams serves`() throws {
        let folder = try programs.directory()
        _ = try programs.shell("exec \"$0\" \"$1\" <&- >&-", "timestamp-server", "unix:\(folder.path)/socket")
        // The file is there from bind on, and refuses until listen.
        let address = SocketAddress.unix(try UnixAddress(path: folder.file("socket")))
        try wait { (try? Socket.connecting(to: address)) != nil }
        let client = SocketFile(try Socket.patient(to: address))
        try client.write("hello")
        try client.flush()
        #expect(try client.read(exactly: 24 + 5).suffix(5) == Array("hello".utf8))
    }

    //
    @Test(arguments: [
        ("timestamp-server", "127.0.0.1:9999"), ("timestamp-client", "127.0.0.1:9999"),
        ("one-shot-server", "localhost:6789"), ("one-shot-client", "localhost:6789"),
        ("send-loop", "127.0.0.1:8080"), ("udp-send", "127.0.0.1:8080"), ("udp-send-loop", "127.0.0.1:8080"),
        ("udp-send-bound", "127.0.0.1:8080"), ("udp-receive", "127.0.0.1:8080"), ("udp-duplex", "127.0.0.1:8080"),
        ("tcp-send", "127.0.0.1:8080"), ("tcp-reply-once", "127.0.0.1:8080"), ("bank-queue-server", "127.0.0.1:8080"),
        ("serve-many-server", "127.0.0.1:8080"), ("download-server", "127.0.0.1:8080"),
        ("greeting-server", "127.0.0.1:1234"), ("greeting-client", "127.0.0.1:1234"),
        ("select-log-server", "127.0.0.1:1234"), ("poll-log-server", "127.0.0.1:1234"),
        ("twisted-log-server", "127.0.0.1:1234"), ("line-log-server", "127.0.0.1:1234"),
        ("async-log-server", "127.0.0.1:1234"),
    ])
    func `the help shows the seed's own port, on this machine only`(name: String, address: String) throws {
        let program = try programs.ours(name, "--help")
        #expect(try program.exit() == .status(0))
        #expect(program.output.hasPrefix("usage: \(name) ["))
        #expect(program.output.contains("is \(address) if it is not given"))
    }

    //
    @Test(
        .enabled(if: Installed.has("ss"), "NOT tested: ss (iproute2) is not installed"),
        arguments: [("timestamp-server", 5), ("greeting-server", 5), ("bank-queue-server", 128)])
    func `the backlog is the seed's`(name: String, backlog: Int) throws {
        let (_, address) = try programs.server(.us, name)
        let sockets = try ForeignProgram("ss", ["-Hltn", "sport = :\(try #require(address.port))"])
        try sockets.exit()
        let columns = sockets.output.split(separator: " ")
        #expect(columns.count > 3 && columns[2] == "\(backlog)", "\(sockets.output)")
    }

    @Test(arguments: [
        (["timestamp-server", "127.0.0.1:99999"], "listen: \"127.0.0.1:99999\" is no endpoint: 99999 is over 65535"),
        (["timestamp-client", "127.0.0.1:abc"], "'abc' is not a decimal number"),
        (["greeting-client", "unix:/nowhere/at/all"], "connect unix:/nowhere/at/all: no such file or directory"),
        (["select-log-server", "127.0.0.1:0", "1001"], "\"1001\" is no number from 1 to 1000"),
        (["poll-log-server", "127.0.0.1:0", "many"], "\"many\" is no number from 1 to 100000"),
        (["send-loop", "127.0.0.1:1", "text", "0"], "\"0\" is no number from 1 to 1000000"),
    ])
    func `an argument that makes no sense is quoted, and nothing traps`(words: [String], complaint: String) throws {
        let program = try programs.ours(words[0], Array(words.dropFirst()))
        #expect(try program.exit() == .status(1))
        #expect(program.errors.hasPrefix("\(words[0]): "))
        #expect(program.errors.contains(complaint), "\(program.errors)")
    }

    @Test(arguments: [["--port"], ["127.0.0.1:0", "surplus"]])
    func `arguments that nobody asked for are answered with the usage`(arguments: [String]) throws {
        let program = try programs.ours("timestamp-server", arguments)
        #expect(try program.exit() == .status(64))
        #expect(program.errors.hasPrefix("usage: timestamp-server [ADDRESS]\n"))
    }

    //
    @Test func `a port in use is told, with its holder`() throws {
        let (_, address) = try programs.server(.us, "timestamp-server")
        let second = try programs.ours("timestamp-server", "\(address)")
        #expect(try second.exit() == .status(1))
        #expect(second.errors.hasPrefix("timestamp-server: listen \(address): address already in use"))
    }

    //
    @Test func `the same programs run over a UNIX socket by another address`() throws {
        let folder = try programs.directory()
        let address = "unix:\(folder.path)/socket"
        let server = try programs.ours("greeting-server", address)
        try server.line(containing: "listening on \(address)")
        let client = try programs.ours("greeting-client", address)
        try client.line(containing: "Thank for connecting")
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(0))
        #expect(folder.names == [], "the path goes with the server")
    }
}
