// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import SocketServer
import Sockets
import TestSupport
import Testing

/// Notes what a stream handler says of its connection.
private struct Configured: StreamRequestHandler {
    var timeLimit: Duration?
    var disablesNagle = false
    var readSize = 16_384
    var writeCapacity = 0
    let body: @Sendable (StreamRequest) throws -> Void

    func handle(_ request: StreamRequest) throws { try body(request) }
}

/// What handlers see of a connection, and what a peer can do to them.
@Suite(.blocking) struct HandlerTests {
    private func serve(
        _ handler: Configured, _ errors: Record = Record(), _ body: (SocketFile) throws -> Void
    ) throws {
        let server = try TCPServer(
            on: "127.0.0.4:0",
            report: { if case .handlerFailed(let error, _) = $0 { errors.note("\(error)") } },
            handler: { handler })
        try withServing(server) { server in try body(try talk(to: server)) }
    }

    // B-SRV-09
    @Test func `the time limit ends a silent client`() throws {
        let errors = Record()
        let handler = Configured(timeLimit: .milliseconds(50)) { _ = try $0.reader.readLine() }
        try serve(handler, errors) { client throws in #expect(try client.readLine() == nil) }
        #expect(errors.all.count == 1 && errors.all[0].contains("timed out"), "\(errors.all)")
    }

    // B-SRV-09
    @Test(arguments: [true, false])
    func `small writes leave at once if the handler says so`(disables: Bool) throws {
        let handler = Configured(disablesNagle: disables) { request in
            try request.writer.write("\(try request.socket[.noDelay])\n")
        }
        try serve(handler) { client throws in #expect(try client.readLine(as: .utf8) == "\(disables)") }
    }

    // B-SRV-09, A-132: Python's wbufsize is 0, so that a question is asked before its answer is waited for.
    @Test func `a write is sent at once, unless the writer collects`() throws {
        let asking = Configured { request in
            try request.writer.write("name? ")
            let name = try request.reader.readLine(as: .utf8) ?? ""
            try request.writer.write("hello \(name)\n")
        }
        try serve(asking) { client throws in
            #expect(try client.read(exactly: 6) == Array("name? ".utf8))
            #expect(try client.ask("swift") == "hello swift")
        }
        let collecting = Configured(writeCapacity: 4096) { request in
            try request.writer.write("collected\n")
            _ = try request.reader.readLine()
            if try request.reader.readLine() != nil { throw SocketError(.receive, .wouldBlock) }
        }
        try serve(collecting) { client throws in
            try client.write("\n")
            try client.flush()
            #expect(try client.shared.socket.bytesAvailable == 0)
            try client.finishWriting()
            #expect(try client.readLine(as: .utf8) == "collected")
        }
    }

    // B-SRV-09: rbufsize 0.
    @Test func `a reader that reads nothing ahead leaves the rest to the socket`() throws {
        let handler = Configured(readSize: 1) { request in
            let line = try request.reader.readLine(as: .utf8) ?? ""
            var rest: [UInt8] = []
            while rest.count < 4 { rest += try request.socket.receive(upTo: 4) ?? [0, 0, 0, 0] }
            try request.writer.write("\(line)|\(String(decoding: rest, as: UTF8.self))\n")
        }
        try serve(handler) { client throws in #expect(try client.ask("line\nrest") == "line|rest") }
    }

    // P13
    @Test func `a line without an end is refused at its limit`() throws {
        let errors = Record()
        let handler = Configured { request in
            while let line = try request.reader.readLine() { try request.writer.write("\(line.count)\n") }
        }
        try serve(handler, errors) { client throws in
            for end in ["\n", "\r\n"] {
                try client.write([UInt8](repeating: 0x61, count: 16_384) + Array(end.utf8))
                try client.flush()
                #expect(try client.readLine(as: .utf8) == "16384")
            }
            // The reset of a connection whose bytes are unread may overtake the end.
            let flood = [UInt8](repeating: 0x61, count: 1 << 16)
            for _ in 0..<1024 where (try? client.shared.socket.sendAll(flood)) == nil { break }
            try wait { !errors.all.isEmpty }
        }
        #expect(errors.all[0].contains("16384"), "\(errors.all)")
    }

    // A2-13: a reset ends its own request.
    @Test func `a client that resets harms nobody else`() throws {
        let errors = Record()
        let server = try TCPServer(
            on: "127.0.0.4:0", report: { if case .handlerFailed(let error, _) = $0 { errors.note("\(error)") } },
            handler: {
                Configured { request in
                    while let line = try request.reader.readLine() { try request.writer.write(line + [0x0A]) }
                }
            })
        try withServing(server) { server in
            for number in 1...repetitions(20, soak: 1000) {
                let client = try Socket.connecting(to: server.address)
                try client.sendAll("one\n".utf8)
                _ = try client.receive(upTo: 4)
                try client.set(.linger, to: Linger.reset)
                try client.close()
                try wait { errors.all.count == number }
            }
            #expect(try talk(to: server).ask("next") == "next")
        }
    }

    // A-133: the address is known after the client has gone.
    @Test func `the client's address is remembered`() throws {
        let record = Record()
        let handler = Configured { request in
            record.note("\(request.clientAddress?.ip?.description ?? "none")")
        }
        try serve(handler) { client throws in #expect(try client.readLine() == nil) }
        #expect(record.all == ["127.0.0.1"])
    }
}

/// Datagrams.
@Suite(.blocking) struct DatagramHandlerTests {
    // P24, B-SRV-03: Python cuts at 8,192 bytes and says nothing.
    @Test func `a datagram that is too long is cut, and says so`() throws {
        let record = Record()
        struct Measuring: DatagramRequestHandler {
            let record: Record
            func handle(_ request: DatagramRequest) throws {
                try request.writer.write("\(request.packet.count) \(request.isTruncated)")
            }
        }
        var configuration = ServerConfiguration()
        configuration.maximumPacketSize = 100
        for (configuration, answers) in [
            (configuration, ["100 false", "100 true", "0 false", "100 true"]),
            (ServerConfiguration(), ["100 false", "101 false", "0 false", "65507 false"]),
        ] {
            let server = try UDPServer(
                on: "127.0.0.4:0", configuration: configuration, handler: { Measuring(record: record) })
            try withServing(server) { server in
                let client = try datagramClient(of: server)
                for (length, answer) in zip([100, 101, 0, 65_507], answers) {
                    try client.sendAll([UInt8](repeating: 7, count: length))
                    #expect(try client.receive(upTo: 1000) == Array(answer.utf8))
                }
            }
        }
    }

    // B-SRV-10
    @Test func `the packet is read like a file, and the answer is one datagram`() throws {
        struct Lines: DatagramRequestHandler {
            func handle(_ request: DatagramRequest) throws {
                while let line = request.reader.readLine() { try request.writer.write("\(line.count);") }
                #expect(request.reader.read(upTo: 1) == nil)
            }
        }
        try withServing(try UDPServer(on: "127.0.0.4:0", handler: Lines.init)) { server in
            let client = try datagramClient(of: server)
            #expect(try client.ask("one\r\nfour\n\nend") == "3;4;0;3;")
        }
    }

    @Test func `an answer has the length of a datagram at most`() throws {
        let record = Record()
        struct Verbose: DatagramRequestHandler {
            let record: Record
            func handle(_ request: DatagramRequest) throws {
                for _ in 0..<10 {
                    do { try request.writer.write([UInt8](repeating: 1, count: 8000)) } catch {
                        record.note("\(error)")
                    }
                }
            }
        }
        try withServing(try UDPServer(on: "127.0.0.4:0", handler: { Verbose(record: record) })) { server in
            let client = try datagramClient(of: server)
            try client.sendAll([])
            #expect(try client.receive(upTo: 100_000)?.count == 64_000)
        }
        #expect(record.all.count == 2)
    }

    // P24: what became of an answer, or of its receiver, does not end the server.
    @Test(arguments: [RequestConcurrency.sequential, .threads(maximum: 4), .tasks(maximum: 4)])
    func `a client that has gone, or can't be answered, harms nobody`(_ policy: RequestConcurrency) throws {
        let directory = try TemporaryDirectory()
        let errors = Record()
        let path = try UnixAddress(path: directory.file("s"))
        let server = try UnixDatagramServer(
            on: SocketAddress.unix(path), concurrency: policy,
            report: { if case .handlerFailed(let error, _) = $0 { errors.note("\(error)") } }, handler: Echoing.init)
        try withServing(server) { server in
            var nameless = try Socket(.unix, .datagram)
            try nameless.connect(to: server.address)
            try nameless.sendAll("who".utf8)
            try wait { errors.all.count == 1 }
            let udp = try UDPServer(on: "127.0.0.4:0", concurrency: policy, handler: Echoing.init)
            try withServing(udp) { udp in
                for _ in 0..<20 {
                    let gone = try datagramClient(of: udp)
                    try gone.sendAll("gone".utf8)
                }
                #expect(try datagramClient(of: udp).ask("here") == "here")
            }
        }
        #expect(FileManager.default.fileExists(atPath: directory.file("s")) == false, "the path goes with the server")
    }

    // P24: what is received and what is dropped make what was sent.
    @Test func `a flood is answered or dropped by the system, and the server goes on`() throws {
        let server = try UDPServer(on: "127.0.0.4:0", concurrency: .threads(maximum: 4), handler: Echoing.init)
        try withServing(server) { server in
            let client = try datagramClient(of: server)
            for _ in 0..<repetitions(2000, soak: 100_000) { try? client.sendAll("x".utf8) }
            #expect(server.activeRequests <= 4)
            var other = try datagramClient(of: server)
            try other.setTimeLimit(.milliseconds(200))
            // The queue may be full of the flood for a while.
            for _ in 0..<100 where (try? other.ask("y")) == "y" { return }
            Issue.record("no answer after the flood")
        }
    }
}

/// A client that sends datagrams and may be answered.
func datagramClient(of server: BaseServer) throws -> Socket {
    var socket = try Socket(server.address.family, .datagram)
    try socket.connect(to: server.address)
    try socket.setTimeLimit(.seconds(20))
    return socket
}
