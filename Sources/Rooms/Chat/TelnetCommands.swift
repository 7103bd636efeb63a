// SPDX-License-Identifier: Apache-2.0
import Wire

/// What a telnet client weaves into its text: commands that begin with FF. They are taken out, and an offer or a wish
/// to change something is declined, as the protocol asks for: after ctrl-C a client shows nothing until it is answered.
///
/// RFC 854; RFC 860 (the timing mark).
struct TelnetCommands {
    /// The text without them.
    private(set) var text: [UInt8] = []
    /// What is to be answered.
    let answers: [UInt8]

    /// Whether bytes may have any. (No UTF-8 and no GBK text has the byte that they begin with.)
    static func mayBeIn(_ bytes: RawSpan) -> Bool {
        bytes.withUnsafeBytes { $0.contains(0xFF) }
    }

    /// Takes them out of a line. One that has that byte and is no telnet is text as it is, of a client in Latin-1.
    init(in bytes: [UInt8]) {
        var codec = TelnetCodec()
        var input = ByteBuffer(bytes)
        var output = ByteBuffer()
        do {
            while let event = try codec.next(in: &input, answer: &output) {
                if case .data(let data) = event { text += data }
            }
            answers = output.take(output.count)
        } catch {
            (text, answers) = (bytes, [])
        }
    }
}
