// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct SocketFileTests {
    /// A file whose stream holds these pieces, each sent by itself, and then ends.
    private func file(_ pieces: [[UInt8]]) throws -> SocketFile {
        let pair = try SocketPair()
        for piece in pieces where !piece.isEmpty { try pair.first.sendAll(piece) }
        try pair.first.shutdown(.sending)
        return SocketFile(try pair.second.duplicate())
    }

    private func lines(_ file: SocketFile) throws -> [String] {
        var lines: [String] = []
        while let line = try file.readLine() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    // B-SOCK-19
    @Test func `lines end with LF or CR LF, and the last may end with the stream`() throws {
        let text = "one\ntwo\r\n\n\r\nth\rree\r\nlast"
        #expect(try lines(file([Array(text.utf8)])) == ["one", "two", "", "", "th\rree", "last"])
        #expect(try lines(file([Array("a\r".utf8)])) == ["a\r"])
        #expect(try lines(file([])) == [])
    }

    // B-SOCK-19
    @Test func `every way to cut the text gives the same lines`() throws {
        let text = Array("ab\r\ncd\n\r\nef".utf8)
        for first in 0...text.count {
            for second in first...text.count {
                let pieces = [Array(text[..<first]), Array(text[first..<second]), Array(text[second...])]
                #expect(try lines(file(pieces)) == ["ab", "cd", "", "ef"], "\(first) \(second)")
            }
        }
    }

    // P13: exactly at the limit with both delimiters, and one more
    @Test(arguments: ["\n", "\r\n"])
    func `P13: a line of exactly the limit is a line, one byte more is an error that loses nothing`(end: String) throws
    {
        for extra in 0...1 {
            let line = [UInt8](repeating: 0x61, count: 100 + extra)
            for cut in [0, 50, 99, 100, 101, 102] {
                let text = line + Array(end.utf8)
                let pieces = [Array(text.prefix(cut)), Array(text.dropFirst(cut))]
                let reader = try file(pieces)
                if extra == 0 {
                    #expect(try reader.readLine(maximumLength: 100) == line)
                } else {
                    for _ in 0..<2 {
                        let error = #expect(throws: SocketError.self) { _ = try reader.readLine(maximumLength: 100) }
                        #expect(error?.reason == .tooLong(100))
                    }
                    #expect(try reader.readToEnd(maximumLength: 1000) == text)
                }
            }
        }
    }

    // P13
    @Test func `P13: a line that never ends stops at the limit`() throws {
        let pair = try SocketPair()
        let sender = SharedSocket(try pair.first.duplicate())
        let flood = BlockingThread {
            do { while true { try sender.socket.sendAll([UInt8](repeating: 0x61, count: 65_536)) } } catch {}
        }
        let reader = SocketFile(try pair.second.duplicate())
        let error = #expect(throws: SocketError.self) { _ = try reader.readLine() }
        #expect(error?.reason == .tooLong(16_384))
        try pair.second.shutdown(.both)
        try flood.join()
    }

    // B-SOCK-19, B-AIO-02 in blocking form
    @Test func `an exact count is given whole or not at all`() throws {
        let reader = try file([Array("abc".utf8), Array("defg".utf8)])
        #expect(try reader.read(exactly: 5) == Array("abcde".utf8))
        #expect(try reader.read(exactly: 0) == [])
        let error = #expect(throws: SocketError.self) { _ = try reader.read(exactly: 3) }
        #expect(error?.reason == .ended(after: 2, of: 3))
        #expect(try reader.read(upTo: 10) == Array("fg".utf8))
        #expect(try reader.read(upTo: 10) == nil)
        #expect(throws: SocketError.self) { _ = try reader.read(exactly: -1) }
        #expect(throws: SocketError.self) { _ = try reader.read(upTo: 0) }
    }

    // B-SOCK-19
    @Test func `a delimiter of several bytes is found across pieces`() throws {
        let text = Array("a--b-=-c-=-=-d".utf8)
        for cut in 0...text.count {
            let reader = try file([Array(text[..<cut]), Array(text[cut...])])
            #expect(try reader.read(until: Array("-=-".utf8), maximumLength: 100) == Array("a--b-=-".utf8))
            #expect(try reader.read(until: Array("-=-".utf8), maximumLength: 100) == Array("c-=-".utf8))
            #expect(try reader.read(until: Array("-=-".utf8), maximumLength: 100) == Array("=-d".utf8))
            #expect(try reader.read(until: Array("-=-".utf8), maximumLength: 100) == nil)
        }
        let reader = try file([Array("12345;".utf8)])
        let error = #expect(throws: SocketError.self) { _ = try reader.read(until: [0x3B], maximumLength: 4) }
        #expect(error?.reason == .tooLong(4))
        #expect(try reader.read(until: [0x3B], maximumLength: 5) == Array("12345;".utf8))
    }

    // B-SOCK-19, A-066
    @Test func `lines are read as text of any encoding, and what is no text is an error`() throws {
        let reader = try file([[0xC4, 0xE3, 0xBA, 0xC3, 0x0A, 0xFF, 0x0A] + Array("ok\n".utf8)])
        #expect(try reader.readLine(as: .gbk) == "你好")
        #expect(throws: SocketError.self) { _ = try reader.readLine(as: .utf8) }
        #expect(try reader.readLine(as: .utf8) == "ok")
        #expect(try reader.readLine(as: .utf8) == nil)
    }

    // B-SOCK-19
    @Test func `what is written is collected until it is flushed`() throws {
        let pair = try SocketPair()
        let writer = SocketFile(try pair.first.duplicate())
        try writer.write("hello ")
        try writer.write([0x77, 0x0A])
        #expect(try pair.second.bytesAvailable == 0)
        try writer.flush()
        #expect(try pair.second.receive(upTo: 100) == Array("hello w\n".utf8))
        try writer.write([UInt8](repeating: 1, count: SocketFile.writeCapacity))
        #expect(try pair.second.bytesAvailable == SocketFile.writeCapacity)
        try writer.write("bye")
        try writer.finishWriting()
        #expect(
            try SocketFile(pair.second.duplicate()).readToEnd(maximumLength: 100_000).suffix(3) == Array("bye".utf8))
    }

    @Test func `a flush that fails keeps what was not sent`() throws {
        var pair = try SocketPair()
        try pair.first.set(.sendBuffer, to: 4096)
        try pair.first.setTimeLimit(.milliseconds(20))
        let shared = SharedSocket(try pair.first.duplicate())
        let writer = SocketFile(shared)
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0) }
        let error = #expect(throws: SocketError.self) { try writer.write(bytes) }
        #expect(error?.reason == .timedOut)
        let reader = SharedSocket(try pair.second.duplicate())
        let all = BlockingThread { try SocketFile(reader).read(exactly: 1 << 20) }
        while true {
            do {
                try writer.flush()
                break
            } catch {
                #expect(error.reason == .timedOut)
            }
        }
        #expect(try all.join() == bytes)
    }

    // B-SOCK-19
    @Test func `the limit of all the rest counts what is buffered already`() throws {
        let file = try file([Array("a line\nand the rest".utf8)])
        #expect(try file.readLine() == Array("a line".utf8))
        let error = #expect(throws: SocketError.self) { _ = try file.readToEnd(maximumLength: 11) }
        #expect(error?.reason == .tooLong(11))
        #expect(try file.readToEnd(maximumLength: 12) == Array("and the rest".utf8))
    }
}
