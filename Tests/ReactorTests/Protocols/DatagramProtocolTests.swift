// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct DatagramProtocolTests {
    private struct Upper: DatagramProtocol {
        let recorder: Recorder
        func startProtocol(_ port: DatagramPort) { recorder.note("start") }
        func datagramReceived(_ data: RawSpan, from sender: SocketAddress, _ port: DatagramPort) {
            do { try port.write(data.text.uppercased(), to: sender) } catch { recorder.note("\(error)") }
        }
        func stopProtocol(_ port: DatagramPort, _ error: SocketError?) { recorder.note("stop") }
    }

    private struct Noting: DatagramProtocol {
        let recorder: Recorder
        func datagramReceived(_ data: RawSpan, from sender: SocketAddress, _ port: DatagramPort) {
            recorder.note(data.text)
        }
        func connectionRefused(_ port: DatagramPort) { recorder.note("refused") }
    }

    // B-TW-06
    @Test(arguments: Ground.loops)
    func `datagrams are received and answered`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let port = try await loop.run { () throws(SocketError) in
                try loop.listenUDP(0, Upper(recorder: recorder), interface: "127.0.0.2")
            }
            try await withDatagramSocket(to: port.host, loop: loop) { socket in
                for word in ["one", "two"] {
                    try await socket.send(word)
                    #expect(try await socket.receive().bytes == Array(word.uppercased().utf8))
                }
            }
            port.stopListening()
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes == ["start", "stop"])
        }
    }

    /// A protocol that has its port.
    private final class Owning: DatagramProtocol, @unchecked Sendable {
        private let recorder: Recorder
        private var port: DatagramPort?
        init(_ recorder: Recorder) { self.recorder = recorder }
        func startProtocol(_ port: DatagramPort) { self.port = port }
        func datagramReceived(_ data: RawSpan, from sender: SocketAddress, _ port: DatagramPort) {}
        deinit { recorder.note("freed") }
    }

    // B-TW-06
    @Test(arguments: Ground.loops)
    func `nothing is left of a port that is closed, though its protocol has it`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let port = try await loop.run { () throws(SocketError) in
                try loop.listenUDP(0, Owning(recorder), interface: "127.0.0.2")
            }
            #expect(!recorder.has("freed"))
            port.stopListening()
            try await until(on: loop) { recorder.has("freed") }
        }
    }

    // B-TW-06
    @Test(arguments: Ground.loops)
    func `a connected socket sends without an address, cuts what is too long, and hears of refusals`(
        ground: Ground
    ) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (server, client) = try await loop.run { () throws(SocketError) in
                let server = try loop.listenUDP(
                    0, Noting(recorder: recorder), interface: "127.0.0.2", maximumPacketSize: 4)
                let client = try loop.listenUDP(0, Noting(recorder: recorder), interface: "127.0.0.2")
                try client.connect(to: server.host)
                try client.write("datagram")
                return (server, client)
            }
            try await until(on: loop) { recorder.notes.count == 1 }
            #expect(recorder.notes == ["data"])
            try await loop.run { () throws(SocketError) in server.stopListening() }
            // A program that another test starts at this moment has a copy of the server's socket, until it really
            // starts: what arrives there is lost, and no refusal.
            let end = loop.timeNow.advanced(by: .seconds(20))
            while !recorder.has("refused") {
                try #require(loop.timeNow < end)
                // It may be told of the refusal itself.
                try await loop.run { _ = try? client.write("nobody") }
                try await loop.sleep(for: .milliseconds(1))
            }
            client.stopListening()
            let closed = await reason {
                try await loop.run { () throws(SocketError) in _ = try client.write("closed") }
            }
            #expect(closed == .closed)
        }
    }

    // B-TW-07
    @Test(arguments: [Ground.epoll, .memory])
    func `a group's datagrams come to every member`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let group = try IPAddress("239.23.7.1")
            let ports = try await loop.run { () throws(SocketError) in
                let first = try loop.listenMulticast(0, Noting(recorder: recorder), listenMultiple: true)
                guard let number = first.host.port else { return [first] }
                let second = try loop.listenMulticast(number, Noting(recorder: recorder), listenMultiple: true)
                for port in [first, second] { try port.joinGroup(group, interface: 1) }
                if ground != .memory {
                    try first.setLoopbackMode(true)
                    try first.setTTL(0)
                    try first.setOutgoingInterface(1)
                }
                try first.write("to all", to: SocketAddress(group, number))
                return [first, second]
            }
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes == ["to all", "to all"])
            try await loop.run { () throws(SocketError) in
                try ports[1].leaveGroup(group, interface: 1)
                for port in ports { port.stopListening() }
            }
        }
    }

    // B-TW-05
    @Test func `UNIX paths carry streams and datagrams`() async throws {
        let folder = try TemporaryDirectory()
        try await withLoop(of: .epoll) { loop in
            let recorder = Recorder()
            try await loop.run { () throws(SocketError) in
                try loop.listenUNIX(folder.file("stream"), Factory(EchoProtocol.init), mode: [.ownerReadWrite])
                try loop.connectUNIX(
                    folder.file("stream"), ClientFactory { RecordingProtocol(recorder, made: { $0.write("hi") }) })
                try loop.listenUNIXDatagram(folder.file("datagrams"), Upper(recorder: Recorder()))
                let client = try loop.connectUNIXDatagram(
                    folder.file("datagrams"), Noting(recorder: recorder), bindAddress: folder.file("own"))
                _ = try client.write("datagram")
            }
            try await until(on: loop) { recorder.has("received so far hi") && recorder.has("DATAGRAM") }
            loop.stop()
            try await until(on: loop) { recorder.has("lost: the loop was stopped") }
        }
    }
}
