// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing
import Wire

@Suite struct LineReceiverTests {
    private struct Lines: LineReceiver {
        let recorder: Recorder
        var maximumLength: Int { 16_384 }

        mutating func lineReceived(_ line: String, _ transport: StreamTransport) {
            recorder.note(transport)
            recorder.note(line)
            switch line {
            case "raw": setRawMode(transport)
            case "pause": transport.pauseProducing()
            case "clear": recorder.note("cleared \(clearLineBuffer(transport).count)")
            case "bye": transport.loseConnection()
            case "say": sendLine("said", transport)
            default: break
            }
        }

        mutating func rawDataReceived(_ data: RawSpan, _ transport: StreamTransport) {
            let text = data.text
            guard let end = text.firstIndex(of: ".") else { return recorder.note("raw \(text)") }
            recorder.note("raw \(text[..<end])")
            setLineMode(transport, Array(text[end...].dropFirst().utf8))
        }

        func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { recorder.note("lost: \(reason)") }
    }

    private func conversation(
        on ground: Ground, _ body: @escaping @Sendable (Connection, Recorder, EventLoop) async throws -> Void
    ) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(Factory { Lines(recorder: recorder) }, on: loop)
            try await withConnection(to: address, on: loop) { try await body($0, recorder, loop) }
            port.stopListening()
        }
    }

    // A-164, B-TW-17
    @Test(arguments: Ground.loops)
    func `lines come without their delimiters, however they are cut`(ground: Ground) async throws {
        let text = Array("one\r\n\r\ntwo\rhalf\nstill\r\nsay\r\nno line".utf8)
        for size in [1, 2, 3, 5, 100] {
            try await conversation(on: ground) { connection, recorder, loop in
                for start in stride(from: 0, to: text.count, by: size) {
                    try await connection.send(Array(text[start..<min(text.count, start + size)]))
                }
                #expect(try await connection.receive(upTo: 6) == Array("said\r\n".utf8))
                try await connection.shutdownSending()
                try await until(on: loop) { recorder.has("lost: closed cleanly") }
                #expect(recorder.notes == ["one", "", "two\rhalf\nstill", "say", "lost: closed cleanly"])
            }
        }
    }

    // B-TW-17
    @Test(arguments: Ground.loops)
    func `raw mode begins behind its line and ends where it says`(ground: Ground) async throws {
        try await conversation(on: ground) { connection, recorder, loop in
            try await connection.send("raw\r\nbytes.line\r\nraw\r\n")
            try await until(on: loop) { recorder.notes.count == 4 }
            try await connection.send("more")
            try await until(on: loop) { recorder.notes.count == 5 }
            try await connection.send(".last\r\n")
            try await until(on: loop) { recorder.notes.count == 7 }
            #expect(recorder.notes == ["raw", "raw bytes", "line", "raw", "raw more", "raw ", "last"])
        }
    }

    // B-TW-17
    @Test(arguments: Ground.loops)
    func `lines wait while the connection is paused within one`(ground: Ground) async throws {
        try await conversation(on: ground) { connection, recorder, loop in
            try await connection.send("one\r\npause\r\ntwo\r\nthree\r\n")
            try await until(on: loop) { recorder.has("pause") }
            try await loop.sleep(for: .milliseconds(10))
            #expect(recorder.notes == ["one", "pause"])
            recorder.transport?.resumeProducing()
            try await until(on: loop) { recorder.has("three") }
            #expect(recorder.notes == ["one", "pause", "two", "three"])
        }
    }

    // B-TW-17
    @Test(arguments: Ground.loops)
    func `a cleared buffer gives nothing more, and after the end no line is handed over`(ground: Ground) async throws {
        try await conversation(on: ground) { connection, recorder, loop in
            try await connection.send("clear\r\ngone\r\n")
            try await until(on: loop) { recorder.notes.count == 2 }
            try await connection.send("kept\r\nbye\r\nlost\r\n")
            try await until(on: loop) { recorder.has("lost: closed cleanly") }
            #expect(recorder.notes == ["clear", "cleared 13", "kept", "bye", "lost: closed cleanly"])
        }
    }

    // P13
    @Test(arguments: Ground.loops)
    func `P13: a line of exactly the limit is read, and one of a byte more ends the connection`(
        ground: Ground
    ) async throws {
        try await conversation(on: ground) { connection, recorder, loop in
            let longest = String(repeating: "x", count: 16_384)
            // The delimiter is cut in two.
            try await connection.send(longest + "\r")
            try await loop.sleep(for: .milliseconds(1))
            try await connection.send("\n")
            try await until(on: loop) { recorder.notes.count == 1 }
            #expect(recorder.notes == [longest])
            try await connection.send(longest + "y\r\n")
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes[1] == "lost: failed: line: longer than 16384 bytes")
        }
    }

    // B-TW-17
    @Test(arguments: Ground.loops)
    func `who allows overlong lines gets them in pieces and the next line whole`(ground: Ground) async throws {
        struct Patient: LineReceiver {
            let recorder: Recorder
            var maximumLength: Int { 4 }
            var delimiter: [UInt8] { [0x3B] }
            func lineReceived(bytes line: RawSpan, _ transport: StreamTransport) { recorder.note(line.text) }
            func lineLengthExceeded(_ bytes: RawSpan, _ transport: StreamTransport) { recorder.note("!\(bytes.text)") }
        }
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(Factory { Patient(recorder: recorder) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                try await connection.send("1234;12345;ok;")
                try await until(on: loop) { recorder.has("ok") }
            }
            #expect(recorder.notes == ["1234", "!12345", "ok"])
            port.stopListening()
        }
    }

    // P12: a peer that asks and never reads is not answered on and on
    @Test(arguments: Ground.loops)
    func `P12: lines are handed over no faster than the answers are taken`(ground: Ground) async throws {
        struct Generous: LineReceiver {
            let recorder: Recorder
            func lineReceived(bytes line: RawSpan, _ transport: StreamTransport) {
                transport.write([UInt8](repeating: 0x61, count: 4096))
                recorder.note(transport)
            }
        }
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            let (port, address) = try await listen(Factory { Generous(recorder: recorder) }, on: loop)
            try await withConnection(to: address, on: loop) { connection in
                let questions = String(repeating: "\r\n", count: 20_000)
                let end = await reason {
                    while true { try await withDeadline(.milliseconds(200)) { try await connection.send(questions) } }
                }
                #expect(end == .timedOut)
                let held = try await loop.run { () throws(SocketError) in recorder.transport?.bufferedCount }
                #expect(try #require(held) <= StreamTransport.highWaterMark + 4096)
                var received = 0
                while received < 4096 * 200, let more = try await connection.receive(upTo: 65_536) {
                    received += more.count
                }
                #expect(received >= 4096 * 200, "it goes on when they are")
            }
            port.stopListening()
        }
    }
}
