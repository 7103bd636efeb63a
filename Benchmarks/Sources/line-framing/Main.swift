// SPDX-License-Identifier: Apache-2.0
import CPeers
import Measuring
import Wire

/// Lines of 64 bytes out of reads of 16 KiB, against a C program with `memchr`, one buffer and the same limit. Each
/// read is copied into the buffer first on both sides, as the kernel would. Nothing is done with a line but to look at
/// its length. Then the same with an array for each line, which C has no peer for. It fails when the two read different
/// lines, not when a machine is busy.
@main
struct LineFraming {
    static let lineCount = 100_000
    static let readSize = 16_384
    /// Ours may cost so much of C's.
    static let limit = 1.2

    static func main() {
        let stream = stream(ending: "\r\n")
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: LineFramer.defaultLimit + 2 + readSize)
        defer { memory.deallocate() }
        compare("in place (at most \(limit))", stream, memory, lengthsInPlace)
        compare("into new arrays", stream, memory, lengthsOfArrays)
    }

    /// Runs both and prints a line.
    private static func compare(
        _ words: String, _ stream: [UInt8], _ memory: UnsafeMutablePointer<CChar>,
        _ read: ([UInt8]) throws -> (total: Int, lines: Int)
    ) {
        var (ours, theirs) = ((total: 0, lines: 0), (total: 0, lines: 0))
        let result = Comparison(rounds: 15, operations: lineCount).run {
            ours = (try? read(stream)) ?? (0, 0)
        } peer: {
            theirs = peerLengths(stream, memory)
        }
        precondition(ours == theirs && ours.lines == lineCount, "the two read different lines: \(ours), \(theirs)")
        let speed = Int(1000 / result.ours)
        print(
            "\(words): ours \(rounded(result.ours)) ns a line (\(speed) million lines per CPU second),",
            "C \(rounded(result.peer)) ns, ratio \(rounded(result.ratio))")
    }

    private static func lengthsInPlace(_ stream: [UInt8]) throws -> (total: Int, lines: Int) {
        var framer = LineFramer()
        var buffer = ByteBuffer()
        var (total, lines) = (0, 0)
        for start in stride(from: 0, to: stream.count, by: readSize) {
            buffer.append(stream.span.bytes.extracting(start..<min(start + readSize, stream.count)))
            while let length = try framer.withNext(in: &buffer, { $0.byteCount }) {
                total += length
                lines += 1
            }
        }
        return (total, lines)
    }

    private static func lengthsOfArrays(_ stream: [UInt8]) throws -> (total: Int, lines: Int) {
        var framer = LineFramer()
        var buffer = ByteBuffer()
        var (total, lines) = (0, 0)
        for start in stride(from: 0, to: stream.count, by: readSize) {
            buffer.append(stream.span.bytes.extracting(start..<min(start + readSize, stream.count)))
            while let line = try framer.next(in: &buffer) {
                total += line.count
                lines += 1
            }
        }
        return (total, lines)
    }

    private static func peerLengths(
        _ stream: [UInt8], _ memory: UnsafeMutablePointer<CChar>
    ) -> (total: Int, lines: Int) {
        var lines = 0
        let total = stream.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars -> Int in
                guard let base = chars.baseAddress else { return 0 }
                return peer_split_lines(base, chars.count, readSize, LineFramer.defaultLimit, memory, &lines)
            }
        }
        return (total, lines)
    }

    /// Lines of 64 bytes with their ends.
    private static func stream(ending: String) -> [UInt8] {
        let line = String(repeating: "x", count: 64 - ending.utf8.count) + ending
        return Array(String(repeating: line, count: lineCount).utf8)
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
