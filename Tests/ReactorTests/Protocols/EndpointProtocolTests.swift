// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Protocols at endpoints of every kind that needs no TLS. B-TW-15, B-TW-16
@Suite struct EndpointProtocolTests {
    /// Connects where a text says, and gives what a server echoed.
    private func echo(at endpoint: String, on loop: EventLoop) async throws -> String {
        let recorder = Recorder()
        let factory = ClientFactory {
            RecordingProtocol(
                recorder, made: { $0.write("hi") }, received: { _, transport in transport.loseConnection() })
        }.whenFailed { _, error in recorder.note("failed: \(error)") }
        try await loop.run { () throws(SocketError) in _ = try loop.connect(to: endpoint, factory) }
        try await until(on: loop) { recorder.notes.contains { $0.hasPrefix("lost") || $0.hasPrefix("failed") } }
        return recorder.notes.first { $0 != "made" } ?? ""
    }

    // TCP4ServerEndpoint, TCP6ServerEndpoint, UNIXServerEndpoint and their clients
    @Test(arguments: ["127.0.0.2:0", "tcp://127.0.0.2:0", "[::1]:0", "unix:PATH"])
    func `a text says where to listen, and where to connect`(text: String) async throws {
        let folder = try TemporaryDirectory()
        let endpoint = text.replacing("PATH", with: folder.file("s"))
        try await withLoop(of: .epoll) { loop in
            let ports = try await loop.run { () throws(SocketError) in
                try loop.listen(on: endpoint, Factory(EchoProtocol.init))
            }
            #expect(try await echo(at: "\(try #require(ports.first).host)", on: loop) == "received so far hi")
            for port in ports { port.stopListening() }
        }
    }

    // HostnameEndpoint: happy eyeballs
    @Test func `a name's addresses are tried until one answers`() async throws {
        try await withLoop(of: .epoll) { loop in
            // By one family only: the other one's address refuses.
            let ports = try await loop.run { () throws(SocketError) in
                try loop.listen(on: "127.0.0.1:0", Factory(EchoProtocol.init))
            }
            let port = try #require(ports.first?.port)
            #expect(try await echo(at: "localhost:\(port)", on: loop) == "received so far hi")
            ports.first?.stopListening()
        }
    }

    // AdoptedStreamServerEndpoint
    @Test func `a listener that a supervisor has passed is taken over by its number`() async throws {
        try await withLoop(of: .epoll) { loop in
            let listener = try Socket.listening(on: "127.0.0.2:0")
            let address = try listener.localAddress
            let passed = try listener.duplicate().detach()
            let ports = try await loop.run { () throws(SocketError) in
                try loop.listen(on: "fd:\(passed.rawValue)", Factory(EchoProtocol.init))
            }
            #expect(try await echo(at: "\(address)", on: loop) == "received so far hi")
            for port in ports { port.stopListening() }
        }
    }

    // StandardIOEndpoint, ProcessEndpoint: whatever is a connection can have a protocol. B-TW-23
    @Test func `descriptors that are no sockets have a protocol too`() async throws {
        try await withLoop(of: .epoll) { loop in
            let recorder = Recorder()
            var request = Subprocess.Request("cat")
            // Closed on exec: no other program that a test starts at this moment keeps them open.
            let (there, back) = (try PipeEnds().detach(), try PipeEnds().detach())
            let ends = [there.reading, there.writing, back.reading, back.writing].map { FileDescriptor(rawValue: $0) }
            request.input = .descriptor(ends[0])
            request.output = .descriptor(ends[3])
            let connection = try await Connection.over(reading: ends[2], writing: ends[1], on: loop)
            let sent = request
            _ = try await loop.world.processes.run(sent, on: loop) { process in
                for end in ends { try end.close() }
                _ = try await loop.run { () throws(SocketError) in
                    loop.adopt(connection, RecordingProtocol(recorder, made: { $0.write("through cat") }))
                }
                try await until(on: loop) { recorder.has("received so far through cat") }
                recorder.transport?.loseConnection()
                try await until(on: loop) { recorder.has("lost: closed cleanly") }
                _ = try await process.waitForEnd()
            }
        }
    }
}
