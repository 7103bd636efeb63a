// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// What is open already, on a loop of callbacks. B-TW-08
@Suite struct AdoptingTests {
    @Test(arguments: [true, false])
    func `a socket that listens, or is only bound, becomes a port`(listens: Bool) async throws {
        try await withLoop(of: .epoll) { loop in
            let socket = try Socket(.ipv4, .stream)
            try socket.bind(to: SocketAddress("127.0.0.2:0"))
            if listens { try socket.listen(backlog: 5) }
            let address = try socket.localAddress
            let given = SharedSocket(socket)
            let port = try await loop.run { () throws(SocketError) in
                try loop.adoptStreamPort(try given.socket.duplicate(), Factory(EchoProtocol.init))
            }
            #expect(port.host == address)
            let client = try await Connector().connect(to: address, on: loop)
            try await client.send("hello")
            #expect(try await client.read(exactly: 5) == Array("hello".utf8))
            client.close()
            port.stopListening()
        }
    }

    @Test func `what can't be a port is refused`() async throws {
        try await withLoop(of: .epoll) { loop in
            let error = await #expect(throws: SocketError.self) {
                try await loop.run { () throws(SocketError) in
                    _ = try loop.adoptStreamPort(try Socket(.ipv4, .datagram), Factory(EchoProtocol.init))
                }
            }
            let text = try #require(error).description
            #expect(text.contains("no connections to accept"))
        }
        try await withLoop(of: .memory) { loop in
            let error = await #expect(throws: SocketError.self) {
                try await loop.run { () throws(SocketError) in
                    let listener = try Socket.listening(on: "127.0.0.2:0")
                    _ = try loop.adoptStreamPort(listener, Factory(EchoProtocol.init))
                }
            }
            guard case .unsupported = try #require(error).reason else { throw try #require(error) }
        }
    }

    @Test(arguments: [Ground.epoll, .poll, .select])
    func `a connected socket gets a protocol, or is closed if it is refused`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let pair = try SocketPair()
            let (served, refused) = (
                SharedSocket(try pair.first.duplicate()), SharedSocket(try pair.second.duplicate())
            )
            let transport = try await loop.run { () throws(SocketError) in
                try loop.adoptStreamConnection(
                    try served.socket.duplicate(), Factory { RecordingProtocol(recorder, made: { $0.write("hi") }) })
            }
            #expect(transport != nil)
            var peer = try pair.second.duplicate()
            try peer.setTimeLimit(.seconds(20))
            #expect(try peer.receive(upTo: 10) == Array("hi".utf8))
            try peer.sendAll("you".utf8)
            try await until(on: loop) { recorder.has("received so far you") }
            let none = try await loop.run { () throws(SocketError) in
                try loop.adoptStreamConnection(try refused.socket.duplicate(), Factory(building: { _ in nil }))
            }
            #expect(none == nil)
        }
    }

    @Test(arguments: [Ground.epoll, .poll, .select])
    func `readers and writers are called while there is something to do, and no longer`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let ends = try SocketPair()
            let descriptor = ends.first.descriptor
            let (reader, writer) = try await loop.run { () throws(SocketError) in
                let reader = try loop.addReader(descriptor) { recorder.note("read") }
                let writer = try loop.addWriter(descriptor) { recorder.note("write") }
                #expect { _ = try loop.addReader(descriptor) {} } throws: {
                    ($0 as? SocketError)?.reason == .busy
                }
                return (reader, writer)
            }
            // There is room, again and again, and nothing to read.
            try await until(on: loop) { recorder.notes.count >= 3 }
            #expect(!recorder.has("read"))
            writer.cancel()
            try ends.second.sendAll("x".utf8)
            try await until(on: loop) { recorder.has("read") }
            reader.cancel()
            try await loop.run { () throws(SocketError) in }
            let count = recorder.notes.count
            for _ in 0..<5 { try await loop.run { () throws(SocketError) in } }
            #expect(recorder.notes.count == count)
            try await loop.run { () throws(SocketError) in _ = try loop.addReader(descriptor) {} }
            loop.stopWatching(descriptor)
            // It has been done when this has its turn.
            try await loop.run { () throws(SocketError) in }
        }
    }

    @Test func `there are no descriptors in a simulation`() async throws {
        try await withLoop(of: .memory) { loop in
            let error = await #expect(throws: SocketError.self) {
                try await loop.run { () throws(SocketError) in
                    _ = try loop.addReader(FileDescriptor(rawValue: 0)) {}
                }
            }
            guard case .unsupported = try #require(error).reason else { throw try #require(error) }
        }
    }
}
