// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Wire

/// The same streams, read by Twisted: B-TW-24.
@Suite(.blocking, .enabled(if: Twisted.isInstalled, "python3-twisted is not installed"))
struct TwistedTelnetTests {
    /// Data, commands, subnegotiations, and what a peer says of options.
    private func stream(_ generator: inout SeededGenerator) -> [UInt8] {
        var telnet = TelnetCodec()
        var output = ByteBuffer()
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            switch Int.random(in: 0...3, using: &generator) {
            case 0:
                let alphabet: [UInt8] = [0, 10, 13, 65, 66, 240, 255]
                let data = (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? 0
                }
                // A CR by itself and an LF behind it can't be told from a line's end, once they stand together.
                telnet.encode([65] + data, into: &output)
            case 1:
                telnet.flush(into: &output)
                if let command = TelnetCommand.allCases.randomElement(using: &generator) {
                    telnet.encode(command, into: &output)
                }
            case 2:
                telnet.flush(into: &output)
                let bytes = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                try? telnet.encode(subnegotiation: bytes, of: .windowSize, into: &output)
            default:
                telnet.flush(into: &output)
                let verb = UInt8.random(in: 251...254, using: &generator)
                output.append(contentsOf: [255, verb, [1, 3, 24].randomElement(using: &generator) ?? 1])
            }
        }
        telnet.flush(into: &output)
        return output.take(output.count)
    }

    /// What we make of a stream, in the oracle's words.
    private func read(_ stream: [UInt8]) throws -> String {
        var telnet = TelnetCodec(accepting: [(.echo, .remote), (.terminalType, .local)])
        var input = ByteBuffer(stream)
        var output = ByteBuffer()
        var words: [String] = []
        var data: [UInt8] = []
        func flush() {
            if data.isEmpty { return }
            words.append("d" + hexadecimal(lineFeeds(data)))
            data = []
        }
        while let event = try telnet.next(in: &input, answer: &output) {
            if case .data(let bytes) = event {
                data += bytes
                continue
            }
            flush()
            switch event {
            case .data: break
            case .command(let command): words.append("c" + hexadecimal([command.rawValue]))
            case .subnegotiation(let option, let bytes): words.append("s" + hexadecimal([option.rawValue] + bytes))
            case .enabled(let option, let side): words.append("+" + name(side) + hexadecimal([option.rawValue]))
            case .disabled(let option, let side): words.append("-" + name(side) + hexadecimal([option.rawValue]))
            }
        }
        flush()
        return words.joined(separator: " ") + "\t" + hexadecimal(output.take(output.count))
    }

    /// Twisted gives a line's end as LF.
    private func lineFeeds(_ data: [UInt8]) -> [UInt8] {
        data.enumerated().filter { $1 != 13 || $0 + 1 == data.count || data[$0 + 1] != 10 }.map(\.element)
    }

    private func name(_ side: TelnetSide) -> String { side == .local ? "l" : "r" }

    private func hexadecimal(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

    @Test func `Twisted reads our streams as we do, and answers as we do`() throws {
        var generator = SeededGenerator(seed: 24)
        let streams = (0..<500).map { _ in stream(&generator) }
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Oracles/telnet.py")
        let answers = try Command.run(
            [Twisted.python, script.path], input: streams.map { hexadecimal($0) }.joined(separator: "\n")
        ).split(separator: "\n", omittingEmptySubsequences: false)
        for (stream, theirs) in zip(streams, answers) where !stream.isEmpty {
            #expect(try read(stream) == theirs, "\(hexadecimal(stream))")
        }
    }
}

private enum Twisted {
    /// Where the system's packages are.
    static let python = "/usr/bin/python3"
    static let isInstalled = (try? Command.run([python, "-c", "import twisted.conch.telnet"])) != nil
}
