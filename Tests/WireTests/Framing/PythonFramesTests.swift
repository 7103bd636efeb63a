// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Wire

/// Streams that Python writes by `struct.pack` and by the netstrings' rule, as Twisted's receivers do, are read here,
/// and ours there: B-TW-17.
@Suite(.blocking) struct PythonFramesTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Oracles/frames.py")

    private static let rules: [(rule: String, framer: any ByteFramer)] = [
        ("!B", LengthFramer(.bits8)), ("!H", LengthFramer(.bits16)), ("!I", LengthFramer(.bits32)),
        ("!Q", LengthFramer(.bits64)), ("<H", LengthFramer(.bits16, .littleEndian)),
        ("<I", LengthFramer(.bits32, .littleEndian)), ("<Q", LengthFramer(.bits64, .littleEndian)),
        ("+!H", LengthFramer(.bits16, countsItself: true)), ("+!I", LengthFramer(.bits32, countsItself: true)),
        ("+<Q", LengthFramer(.bits64, .littleEndian, countsItself: true)), ("netstring", NetstringFramer()),
        ("line", LineFramer(ending: .crlf)),
    ]

    /// Without LF and CR, so that they may be lines too.
    private func payloads(_ seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        return [[], [0], [UInt8]("hello, world!"), [UInt8](repeating: 0xFF, count: 250)]
            + (0..<20).map { _ in
                let length = Int.random(in: 0...255, using: &generator)
                return (0..<length).map { _ in UInt8.random(in: 14...255, using: &generator) }
            }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.isEmpty ? "-" : bytes.map { String(format: "%02x", $0) }.joined()
    }

    private func bytes(_ text: Substring) throws -> [UInt8] {
        if text == "-" { return [] }
        return try stride(from: 0, to: text.utf8.count, by: 2).map { offset in
            try #require(UInt8(text.dropFirst(offset).prefix(2), radix: 16))
        }
    }

    @Test func `Python's frames are ours, byte by byte, and ours are read by Python`() throws {
        var (questions, streams) = ([String](), [[UInt8]]())
        for (index, (rule, framer)) in Self.rules.enumerated() {
            var buffer = ByteBuffer()
            let payloads = payloads(UInt64(index))
            for payload in payloads { try framer.encode(payload, into: &buffer) }
            streams.append(buffer.take(buffer.count))
            questions.append(([rule] + payloads.map(hexadecimal)).joined(separator: "\t"))
            questions.append("read\t\(rule)\t\(hexadecimal(streams[index]))")
        }
        let answers = try Python.run(script: Self.script, input: questions.joined(separator: "\n"))
            .split(separator: "\n")
        try #require(answers.count == questions.count)
        for (index, (rule, framer)) in Self.rules.enumerated() {
            let theirs = try bytes(answers[2 * index])
            #expect(theirs == streams[index], "\(rule)")
            #expect(Decoding(framer, [theirs]) == Decoding(frames: payloads(UInt64(index))), "\(rule)")
            let read = try answers[2 * index + 1].split(separator: "\t").map(bytes)
            #expect(read == payloads(UInt64(index)), "\(rule)")
        }
    }
}
