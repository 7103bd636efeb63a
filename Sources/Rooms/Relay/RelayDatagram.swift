// SPDX-License-Identifier: Apache-2.0

/// What goes by UDP between a client and the relay, and between two clients: `nt1`, a word, and the word by which the
/// two know each other. Whoever does not know it is not listened to.
enum RelayDatagram: Hashable, Sendable {
    /// To the relay: here I am; the address that it comes from is what others will send to.
    case here(token: String)
    /// From the relay: I know.
    case seen(token: String)
    /// To another client: do you hear me? It also opens the way back through an address translator.
    case hello(key: String)
    /// I do.
    case heard(key: String)
    /// A message, and that it has come.
    case text(String, key: String, number: UInt64)
    case got(key: String, number: UInt64)

    /// The most bytes of a text that goes directly: with it no datagram is fragmented on any usual way.
    static let maximumText = 1000

    var bytes: [UInt8] {
        let text =
            switch self {
            case .here(let token): "here \(token)"
            case .seen(let token): "seen \(token)"
            case .hello(let key): "hello \(key)"
            case .heard(let key): "heard \(key)"
            case .text(let text, let key, let number): "text \(key) \(number) \(text)"
            case .got(let key, let number): "got \(key) \(number)"
            }
        return Array("nt1 \(text)".utf8)
    }

    /// Reads a datagram; nil for what is none.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts: [Substring] = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        let words = parts.map(String.init)
        guard words.count >= 3, words[0] == "nt1" else { return nil }
        switch (words[1], words.count) {
        case ("here", 3): self = .here(token: words[2])
        case ("seen", 3): self = .seen(token: words[2])
        case ("hello", 3): self = .hello(key: words[2])
        case ("heard", 3): self = .heard(key: words[2])
        case ("text", 5):
            guard let number = UInt64(words[3]) else { return nil }
            self = .text(words[4], key: words[2], number: number)
        case ("got", 4):
            guard let number = UInt64(words[3]) else { return nil }
            self = .got(key: words[2], number: number)
        default: return nil
        }
    }
}
