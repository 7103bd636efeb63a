// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Shows what passes: `> 127.0.0.1:4000  5 bytes`, and then its lines, or its bytes in hexadecimal.
struct TrafficDump: Sendable {
    /// Where it is written.
    let place: OutputQueue
    let isHexadecimal: Bool

    /// One client's part of it: where its two directions are.
    struct Offsets: Sendable {
        fileprivate var dumps = BothWays { HexDump(mark: $0.mark) }
    }

    /// Writes bytes on their way.
    func note(
        _ bytes: [UInt8], _ direction: RelayDirection, of client: String, _ offsets: inout Offsets
    ) throws(ToolFailure) {
        let head = "\(direction.mark) \(client)  \(bytes.count) byte\(bytes.count == 1 ? "" : "s")\n"
        let body =
            isHexadecimal ? offsets.dumps[direction].lines(of: bytes) : Self.lines(of: bytes, direction.mark)
        try place.write((head + body).utf8)
    }

    /// Each line behind the mark, safe for a terminal.
    private static func lines(of bytes: [UInt8], _ mark: Character) -> String {
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { line in
            let text = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            return "\(mark) \(text.legible)\n"
        }.joined()
    }
}
