// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

@Suite struct StreamProtocolTests {
    // B-TW-04
    @Test(arguments: Ground.loops)
    func `a factory makes a protocol for each client, which answers it`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { RecordingProtocol(recorder, received: { $1.write($0) }) }, on: loop)
            for text in ["first", "second"] {
                let answer = try await withConnection(to: address, on: loop) { connection in
                    try await connection.send(text)
                    return try await connection.receive(upTo: 100)
                }
                #expect(answer == Array(text.utf8))
            }
            try await until(on: loop) { recorder.notes.count == 6 }
            let each = { (text: String) in ["made", "received so far \(text)", "lost: closed cleanly"] }
            #expect(recorder.notes == each("first") + each("second"))
            port.stopListening()
        }
    }

    // the order of the calls. A-161: the peer's address.
    @Test(arguments: Ground.loops)
    func `a protocol hears of its connection, of data and of the end, and knows its peer`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { RecordingProtocol(recorder, made: { $0.write("hello") }) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                #expect(try await connection.receive(upTo: 5) == Array("hello".utf8))
                #expect(recorder.transport?.peer == connection.localAddress)
                #expect(recorder.transport?.host == address)
                try await connection.shutdownSending()
                #expect(try await connection.receive(upTo: 5) == nil)
            }
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes == ["made", "lost: closed cleanly"])
            port.stopListening()
        }
    }

    /// What a factory and its protocols may share: every transport that there ever was.
    private final class Archive: @unchecked Sendable {
        let recorder: Recorder
        var transports: [StreamTransport] = []
        init(_ recorder: Recorder) { self.recorder = recorder }
        deinit { recorder.note("freed") }
    }

    private struct Archived: StreamProtocol {
        let archive: Archive
        func connectionMade(_ transport: StreamTransport) { archive.transports.append(transport) }
        func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { archive.recorder.note("lost") }
    }

    // the life of a protocol
    @Test(arguments: Ground.loops)
    func `nothing is left of a connection that is over, though its protocol and its factory have it`(
        ground: Ground
    ) async throws {
        let recorder = Recorder()
        try await withLoop(of: ground) { loop in
            let archive = Archive(recorder)
            let (port, address) = try await listen(Factory { Archived(archive: archive) }, on: loop)
            try await withConnection(to: address, on: loop) { try await $0.shutdownSending() }
            try await until(on: loop) { recorder.has("lost") }
            port.stopListening()
        }
        try await until { recorder.has("freed") }
    }

    // as telnet sends, character by character
    @Test(arguments: Ground.loops)
    func `data arrives in whatever pieces the peer sends`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(Factory { RecordingProtocol(recorder) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                for letter in "abc" {
                    try await connection.send(String(letter))
                    let seen = recorder.notes.count
                    try await until(on: loop) { recorder.notes.count > seen || recorder.has("received so far abc") }
                }
            }
            try await until(on: loop) { recorder.has("lost: closed cleanly") }
            #expect(recorder.notes.contains("received so far a"))
            port.stopListening()
        }
    }

    // B-TW-28
    @Test(arguments: Ground.loops)
    func `what a callback throws is the reason of the end`(ground: Ground) async throws {
        struct Unwanted: Error {}
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { RecordingProtocol(recorder, received: { _, _ in throw Unwanted() }) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("x")
                let end = await reason { while try await connection.receive(upTo: 1) != nil {} }
                #expect(end == nil || end == .broken(.connectionReset))
            }
            try await until(on: loop) { recorder.has("lost: failed: Unwanted()") }
            port.stopListening()
        }
    }

    // B-TW-11
    @Test(arguments: Ground.loops)
    func `what was written before the end is sent, and what comes after is not`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder,
                    made: { transport in
                        transport.writeSequence([Array("one ".utf8), Array("two ".utf8)])
                        transport.write("three")
                        transport.loseConnection()
                        transport.write("four")
                    })
            }
            let (port, address) = try await listen(factory, on: loop)
            let text = try await withConnection(to: address, on: loop) { connection in
                var bytes: [UInt8] = []
                while let more = try await connection.receive(upTo: 100) { bytes += more }
                return String(decoding: bytes, as: UTF8.self)
            }
            #expect(text == "one two three")
            #expect(recorder.notes == ["made", "lost: closed cleanly"])
            port.stopListening()
        }
    }

    // B-TW-11, B-TW-28
    @Test(arguments: Ground.loops)
    func `an aborted connection is reset, with nothing sent`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder,
                    made: { transport in
                        transport.write("never sent")
                        transport.abortConnection()
                    })
            }
            let (port, address) = try await listen(factory, on: loop)
            // The reset may come so soon that connecting sees it.
            let end = await reason {
                try await withConnection(to: address, on: loop) { _ = try await $0.receive(upTo: 1) }
            }
            #expect(end == .broken(.connectionReset))
            try await until(on: loop) { recorder.notes == ["made", "lost: aborted"] }
            port.stopListening()
        }
    }

    // B-TW-11: half-close
    @Test(arguments: Ground.loops, [false, true])
    func `each direction can end before the other`(ground: Ground, hasTimeout: Bool) async throws {
        struct HalfClosing: StreamProtocol {
            let recorder: Recorder
            let hasTimeout: Bool
            func connectionMade(_ transport: StreamTransport) {
                if hasTimeout { transport.setTimeout(.seconds(60)) }
            }
            func readConnectionLost(_ transport: StreamTransport) {
                recorder.note("read end")
                transport.write("after your end")
                transport.loseWriteConnection()
            }
            func writeConnectionLost(_ transport: StreamTransport) { recorder.note("write end") }
            func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { recorder.note("\(reason)") }
        }
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory { HalfClosing(recorder: recorder, hasTimeout: hasTimeout) }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.shutdownSending()
                var bytes: [UInt8] = []
                while let more = try await connection.receive(upTo: 100) { bytes += more }
                #expect(String(decoding: bytes, as: UTF8.self) == "after your end")
            }
            try await until(on: loop) { recorder.notes.count >= 3 }
            #expect(recorder.notes == ["read end", "write end", "closed cleanly"])
            port.stopListening()
        }
    }

    // B-TW-12
    @Test(arguments: Ground.loops)
    func `a paused connection reads nothing until it is resumed`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory {
                RecordingProtocol(
                    recorder, received: { bytes, transport in if bytes == [0x70] { transport.pauseProducing() } })
            }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("p")
                try await until(on: loop) { recorder.has("received so far p") }
                try await connection.send("more")
                try await loop.sleep(for: .milliseconds(20))
                #expect(recorder.notes == ["made", "received so far p"])
                recorder.transport?.resumeProducing()
                try await until(on: loop) { recorder.has("received so far pmore") }
            }
            port.stopListening()
        }
    }

    // P12, A-166
    @Test(arguments: Ground.loops)
    func `P12: a peer that never reads costs the high-water mark, and nobody else waits`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let factory = Factory { RecordingProtocol(recorder, received: { $1.write($0) }) }
            let (port, address) = try await listen(factory, on: loop)
            try await withConnection(to: address, on: loop) { greedy in
                let greedyTransport = try #require(try await transport(of: recorder, on: loop))
                let piece = [UInt8](repeating: 0x61, count: 1 << 20)
                let sending = start { for _ in 0..<128 { try await greedy.send(piece) } }
                var held = 0
                while held <= StreamTransport.highWaterMark {
                    try await loop.sleep(for: .milliseconds(1))
                    held = try await loop.run { () throws(SocketError) in greedyTransport.bufferedCount }
                }
                try await withConnection(to: address, on: loop) { modest in
                    try await modest.send("quick")
                    #expect(try await modest.receive(upTo: 100) == Array("quick".utf8))
                }
                held = try await loop.run { () throws(SocketError) in greedyTransport.bufferedCount }
                #expect(held <= StreamTransport.highWaterMark + 65_536)
                greedy.abort()
                #expect(await reason { try await sending.value } == .closed)
            }
            port.stopListening()
        }
    }

    private func transport(of recorder: Recorder, on loop: EventLoop) async throws -> StreamTransport? {
        try await until(on: loop) { recorder.transport != nil }
        return recorder.transport
    }

    // The lower limit is below the mark at which a producer would be paused.
    @Test(arguments: Ground.loops, [100_000, 1000])
    func `more than may be buffered ends the connection`(ground: Ground, limit: Int) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(
                Factory { RecordingProtocol(recorder, made: { $0.setMaximumBuffered(limit) }) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await until(on: loop) { recorder.transport != nil }
                let flood = [UInt8](repeating: 0, count: 50_000)
                for _ in 0..<1000 where recorder.notes.count < 2 {
                    recorder.transport?.write(flood)
                    try await loop.sleep(for: .microseconds(10))
                }
            }
            try await until(on: loop) {
                recorder.notes.last == "lost: the peer did not take \(limit) bytes that were written"
            }
            port.stopListening()
        }
    }

    // B-TW-10
    @Test(arguments: Ground.loops)
    func `a factory starts with its port and stops with its last connection`(ground: Ground) async throws {
        struct Noting: ProtocolFactory {
            let recorder: Recorder
            func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)? { RecordingProtocol(recorder) }
            func startFactory() { recorder.note("start") }
            func stopFactory() { recorder.note("stop") }
        }
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(Noting(recorder: recorder), on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await until(on: loop) { recorder.has("made") }
                port.stopListening()
                try await loop.sleep(for: .milliseconds(5))
                #expect(recorder.notes == ["start", "made"])
                try await untilRefused(at: address, on: loop)
            }
            try await until(on: loop) { recorder.notes == ["start", "made", "lost: closed cleanly", "stop"] }
        }
    }

    @Test(arguments: Ground.loops)
    func `a peer for whom the factory makes no protocol is turned away`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let (port, address) = try await listen(Factory(building: { _ in nil }), on: loop)
            try await withConnection(to: address, on: loop) { connection in
                let end = try await connection.receive(upTo: 1)
                #expect(end == nil)
            }
            port.stopListening()
        }
    }
}
