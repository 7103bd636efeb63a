// SPDX-License-Identifier: Apache-2.0
import Sockets

/// How the lines of some members are written: one for all members of an encoding. Touched on one loop alone.
final class Codepage {
    let encoding: TextEncoding
    /// Nil for UTF-8, which text is written in anyway.
    private var decoder: TextDecoder?
    private var encoder: TextEncoder?

    /// Why lines can't be written in an encoding.
    enum Unusable: Error {
        case unknown(TextError)
        /// Line ends and slashes are other bytes there.
        case noASCII
    }

    init(_ encoding: TextEncoding) throws(Unusable) {
        self.encoding = encoding
        if encoding == .utf8 { return }
        let bytes: [UInt8]
        do throws(TextError) {
            bytes = try Self.sample.encoded(as: encoding)
            decoder = try TextDecoder(encoding, errors: .replacing)
            encoder = try TextEncoder(encoding, errors: .replacing)
        } catch {
            throw .unknown(error)
        }
        guard bytes == Array(Self.sample.utf8) else { throw .noASCII }
    }

    private static let sample = "\r\n /*<>AZaz09"

    /// The text of a line; what is none becomes U+FFFD.
    func text(_ line: RawSpan) -> String {
        guard decoder != nil else { return line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
        var text = ""
        try? decoder?.decode(line, into: &text)
        text += (try? decoder?.finish()) ?? ""
        return text
    }

    /// The bytes of text; what the encoding lacks becomes `?`.
    func bytes(_ text: String) -> [UInt8] {
        guard encoder != nil else { return Array(text.utf8) }
        var bytes: [UInt8] = []
        try? encoder?.encode(text, into: &bytes)
        bytes += (try? encoder?.finish()) ?? []
        return bytes
    }
}
