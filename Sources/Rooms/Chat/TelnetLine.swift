// SPDX-License-Identifier: Apache-2.0
import Wire

/// A line with what a telnet client weaves into its text: commands that begin with FF. They are taken out as they come,
/// and an offer or a wish to change something is declined at once, as the protocol asks for: after ctrl-C a client
/// throws away what it gets until it is answered.
///
/// A line that has that byte and turns out to be no telnet is text as it came, of a client in Latin-1.
///
/// RFC 854; RFC 860 (the timing mark).
final class TelnetLine {
    /// The text without commands.
    private(set) var text: [UInt8] = []

    private var codec = TelnetCodec()
    /// The line as it came, as long as all of it may be telnet.
    private var whole: [UInt8] = []
    private var isTelnet = true

    private let limit: Int

    /// The byte that begins a command. (No UTF-8 and no GBK text has it.)
    static let interpret: UInt8 = 0xFF

    /// - Parameter limit: how many bytes of text the line may have.
    init(limit: Int) { self.limit = limit }

    /// Whether it has more text than it may. (A CR may be the beginning of its end.)
    var isTooLong: Bool { text.count - (text.last == Self.carriageReturn ? 1 : 0) > limit }

    /// Takes what has come of the line, and returns what is to be answered.
    func append(_ bytes: [UInt8]) -> [UInt8] {
        guard isTelnet else {
            text += bytes
            return []
        }
        whole += bytes
        var input = ByteBuffer(bytes)
        var output = ByteBuffer()
        do {
            while let event = try codec.next(in: &input, answer: &output) {
                if case .data(let data) = event { text += data }
            }
        } catch {
            takeAsText()
            return []
        }
        // A client that says it is there, hour after hour, is telnet for sure.
        if whole.count > limit { whole = text }
        return output.take(output.count)
    }

    /// Nothing more of the line will come: what was the beginning of a command only is text.
    func finish() {
        guard isTelnet else { return }
        let lineFeed: [UInt8] = [0x0A]
        var input = ByteBuffer(lineFeed)
        var output = ByteBuffer()
        if (try? codec.next(in: &input, answer: &output)) != .data(lineFeed) { takeAsText() }
    }

    /// Drops a CR at the end, whose LF has come in another piece.
    func dropReturn() {
        if text.last == Self.carriageReturn { text.removeLast() }
    }

    private static let carriageReturn: UInt8 = 0x0D

    private func takeAsText() {
        (text, whole, isTelnet) = (whole, [], false)
    }
}
