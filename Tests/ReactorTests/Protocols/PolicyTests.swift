// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct PolicyTests {
    // B-TW-18
    @Test(arguments: Ground.loops)
    func `connections over the limit are closed, until one has left`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory { RecordingProtocol(recorder, made: { $0.write("!") }) }.limited(to: 2)
            let (port, address) = try await listen(factory, on: loop)
            let connector = Connector()
            let first = try await connector.connect(to: address, on: loop)
            let second = try await connector.connect(to: address, on: loop)
            for connection in [first, second] { #expect(try await connection.receive(upTo: 1) == [0x21]) }
            let third = try await connector.connect(to: address, on: loop)
            let refusal = try await third.receive(upTo: 1)
            #expect(refusal == nil)
            first.close()
            try await until(on: loop) { recorder.has("lost: closed cleanly") }
            let fourth = try await connector.connect(to: address, on: loop)
            #expect(try await fourth.receive(upTo: 1) == [0x21])
            for connection in [second, third, fourth] { connection.close() }
            port.stopListening()
        }
    }

    // B-TW-18
    @Test func `each address has a limit of its own`() async throws {
        let network = SimulatedNetwork()
        let server = try network.host("server", at: IPAddress("10.0.0.1"))
        let hosts = try ["a", "b"].map { try network.host($0) }
        try await network.run(on: server) {
            let factory = Factory { RecordingProtocol(Recorder(), made: { $0.write("!") }) }.limitedPerPeer(to: 1)
            try await server.loop.run { () throws(SocketError) in
                _ = try server.loop.listenTCP(7, factory, interface: "10.0.0.1")
            }
        }
        let counts = Recorder()
        for host in hosts {
            try await network.run(on: host) {
                let connections = [
                    try await Connector().connect(to: "10.0.0.1:7", on: host.loop),
                    try await Connector().connect(to: "10.0.0.1:7", on: host.loop),
                ]
                for connection in connections { counts.note("\(try await connection.receive(upTo: 1)?.count ?? 0)") }
                for connection in connections { connection.close() }
            }
        }
        #expect(counts.notes == ["1", "0", "1", "0"])
    }

    // B-TW-18
    @Test(arguments: [true, false])
    func `a silent connection is ended, and one that talks is not`(talks: Bool) async throws {
        try await withLoop(of: .memory) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { RecordingProtocol(recorder) }.timedOut(after: .seconds(10)), on: loop)
            try await withConnection(to: address, on: loop) { connection in
                for _ in 0..<4 {
                    if talks { try await connection.send("x") }
                    try await loop.sleep(for: .seconds(6))
                }
            }
            try await until(on: loop) { recorder.notes.last?.hasPrefix("lost") == true }
            #expect(recorder.notes.last == (talks ? "lost: closed cleanly" : "lost: timed out"))
            port.stopListening()
        }
    }

    // B-TW-18
    @Test(arguments: [true, false])
    func `a rate holds for what is read and for what is written`(isReading: Bool) async throws {
        try await withLoop(of: .memory) { loop in
            let total = 100_000
            let factory = Factory(EchoProtocol.init)
                .throttled(reading: isReading ? 10_000 : nil, writing: isReading ? nil : 10_000)
            let (port, address) = try await listen(factory, on: loop)
            let begun = loop.timeNow
            try await withConnection(to: address, on: loop) { connection in
                async let sending: Void = connection.send([UInt8](repeating: 1, count: total))
                var count = 0
                while count < total, let piece = try await connection.receive(upTo: 65_536) { count += piece.count }
                try await sending
                #expect(count == total)
            }
            // A second's worth goes at once. What is read comes in pieces, of which the last need not be waited for.
            let elapsed = begun.duration(to: loop.timeNow)
            #expect(elapsed >= .seconds(isReading ? 3 : 8) && elapsed < .seconds(11), "\(elapsed)")
            port.stopListening()
        }
    }

    // B-TW-18
    @Test(arguments: Ground.loops)
    func `everything that comes and goes is logged`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory(EchoProtocol.init).logged { record in
                recorder.note("\(record.direction.rawValue) \(String(decoding: record.bytes, as: UTF8.self))")
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("ping")
                #expect(try await connection.receive(upTo: 4) == Array("ping".utf8))
            }
            #expect(recorder.notes == ["received ping", "written ping"])
            port.stopListening()
        }
    }

    // B-TW-12
    @Test(arguments: Ground.loops)
    func `a push producer is paused by a slow peer and goes on`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder,
                    made: { transport in
                        transport.registerProducer(
                            Faucet(recorder) { transport in
                                transport.unregisterProducer()
                                transport.loseConnection()
                            })
                        while !recorder.has("pause") { transport.write([UInt8](repeating: 7, count: 50_000)) }
                        // It is not ended before its producer has.
                        transport.loseConnection()
                    })
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                while try await connection.receive(upTo: 65_536) != nil {}
            }
            try await until(on: loop) { recorder.notes.count == 4 }
            #expect(recorder.notes == ["made", "pause", "resume", "lost: closed cleanly"])
            port.stopListening()
        }
    }

    // B-TW-12
    @Test(arguments: Ground.loops)
    func `a push producer that comes to a full connection is paused at once`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder,
                    made: { transport in
                        transport.setWriteBufferLimits(high: 3, low: 1)
                        transport.write("much")
                        recorder.note("registered")
                        transport.registerProducer(Faucet(recorder) { $0.unregisterProducer() })
                    })
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                #expect(try await connection.receive(upTo: 100) == Array("much".utf8))
                try await until(on: loop) { recorder.has("resume") }
            }
            try await until(on: loop) { recorder.notes.count == 5 }
            #expect(recorder.notes == ["made", "registered", "pause", "resume", "lost: closed cleanly"])
            port.stopListening()
        }
    }

    // A peer may bring about that a protocol registers two.
    @Test func `a second producer costs its connection, and nobody else's`() async throws {
        try await withLoop(of: .memory) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(recorder, received: { $1.registerProducer(Faucet(recorder)) })
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("x")
                try await until(on: loop) { recorder.notes.count == 2 }
                try await connection.send("x")
                try await until(on: loop) { recorder.notes.count == 6 }
            }
            #expect(
                recorder.notes.dropFirst(2) == [
                    "received so far xx", "stop", "stop", "lost: failed: send: a second producer on one connection",
                ])
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("x")
                try await until(on: loop) { recorder.notes.count == 8 }
            }
            port.stopListening()
        }
    }

    /// Notes what it is told, and does something when it may go on.
    private final class Faucet: PushProducer, Sendable {
        private let recorder: Recorder
        private let resumed: @Sendable (StreamTransport) -> Void

        init(_ recorder: Recorder, whenResumed resumed: @escaping @Sendable (StreamTransport) -> Void = { _ in }) {
            self.recorder = recorder
            self.resumed = resumed
        }

        func pauseProducing() { recorder.note("pause") }

        func resumeProducing() {
            recorder.note("resume")
            if let transport = recorder.transport { resumed(transport) }
        }

        func stopProducing() {
            recorder.note("stop")
            recorder.transport?.unregisterProducer()
        }
    }

    // B-AIO-05: set_write_buffer_limits, get_write_buffer_limits, get_write_buffer_size
    @Test(arguments: Ground.loops)
    func `the limits of what waits to be sent can be chosen`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder,
                    made: { transport in
                        #expect(transport.writeBufferLimits == (65_536, 32_768))
                        transport.registerProducer(Faucet(recorder))
                        transport.write("little")
                        recorder.note("\(transport.bufferedCount) wait")
                        transport.setWriteBufferLimits(high: 6, low: 6)
                        recorder.note("as many as may")
                        transport.setWriteBufferLimits(high: 0, low: 0)
                        #expect(transport.writeBufferLimits == (0, 0))
                    })
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                #expect(try await connection.receive(upTo: 100) == Array("little".utf8))
                try await until(on: loop) { recorder.has("resume") }
                recorder.transport?.write("more")
                #expect(try await connection.receive(upTo: 100) == Array("more".utf8))
            }
            let expected = ["made", "6 wait", "as many as may", "pause", "resume", "pause", "resume"]
            try await until(on: loop) { recorder.notes.count >= expected.count }
            #expect(Array(recorder.notes.prefix(expected.count)) == expected)
            recorder.transport?.abortConnection()
            port.stopListening()
        }
    }

    // B-TW-12, B-TW-17: FileSender
    @Test(arguments: Ground.loops)
    func `a pull producer is asked for each piece, and a file comes whole`(ground: Ground) async throws {
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let folder = try TemporaryDirectory()
        try await withLoop(of: ground) { loop in
            let directory = try await loop.world.files.openDirectory(at: ground == .memory ? "/" : folder.path)
            let path = RelativePath("file")
            try await directory.write(content, to: path)
            let file = try await directory.open(path)
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder,
                    made: { transport in
                        FileSender(file).beginFileTransfer(transport) { result in
                            recorder.note("\((try? result.get()) ?? -1)")
                        }
                        transport.loseConnection()
                    })
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                var bytes: [UInt8] = []
                while let piece = try await connection.receive(upTo: 65_536) { bytes += piece }
                #expect(bytes == content)
            }
            try await until(on: loop) { recorder.notes.count == 3 }
            #expect(recorder.notes == ["made", "300000", "lost: closed cleanly"])
            port.stopListening()
        }
    }

    // B-TW-13
    @Test func `a client connects again after ever longer pauses, and begins anew when it is told to`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let loop = host.loop
        let recorder = Recorder()
        let backoff = Backoff(initial: .seconds(1), factor: 2, jitter: 0, maximum: .seconds(5), retries: 5)
        let factory = ClientFactory { RecordingProtocol(recorder) }
            .whenFailed { _, _ in recorder.note("failed at \(Int(loop.timeNow.nanoseconds / 1_000_000_000))") }
            .reconnecting(backoff)
        try await network.run(on: host) {
            try await loop.run { () throws(SocketError) in _ = try loop.connect(to: "127.0.0.1:9", factory) }
        }
        try network.run(for: .seconds(100))
        #expect(recorder.notes == [0, 1, 3, 7, 12, 17].map { "failed at \($0)" })
    }

    // B-TW-14
    @Test(arguments: Ground.loops)
    func `a client service has a connection again when it is lost`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { RecordingProtocol(recorder, received: { $1.abortConnection() }) }, on: loop)
            let backoff = Backoff(initial: .milliseconds(5), maximum: .milliseconds(20))
            let service = ClientService(to: address, ClientFactory(EchoProtocol.init), on: loop, retryPolicy: backoff)
            try await loop.run { () throws(SocketError) in
                try service.startService()
                service.whenConnected { result in
                    recorder.note("connected")
                    try? result.get().write("end")
                }
            }
            try await until(on: loop) { recorder.notes.count { $0 == "made" } == 2 }
            #expect(recorder.has("connected"))
            try await loop.run { () throws(SocketError) in service.stopService { recorder.note("stopped") } }
            try await until(on: loop) { recorder.has("stopped") }
            port.stopListening()
        }
    }

    // B-TW-14
    @Test func `who waits for a service's connection can give up after some failures`() async throws {
        try await withLoop(of: .memory) { loop in
            let recorder = Recorder()
            let service = ClientService(
                to: "127.0.0.1:9", ClientFactory(EchoProtocol.init), on: loop,
                retryPolicy: Backoff(initial: .seconds(1), factor: 1, jitter: 0))
            try await loop.run { () throws(SocketError) in
                try service.startService()
                for count in [1, 3] {
                    service.whenConnected(failAfterFailures: count) { result in
                        let isRefused = (result.failure as? SocketError)?.isConnectionRefused
                        let second = loop.timeNow.nanoseconds / 1_000_000_000
                        recorder.note("\(count) at \(second): \(isRefused == true)")
                    }
                }
            }
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes == ["1 at 0: true", "3 at 2: true"])
            try await loop.run { () throws(SocketError) in service.stopService() }
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
