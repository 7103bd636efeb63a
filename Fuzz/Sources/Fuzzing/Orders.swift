// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the command line says.
struct Orders {
    /// How long each parser has, in seconds.
    private(set) var seconds: UInt64 = 60
    /// How many messages each parser gets at most.
    private(set) var count = UInt64.max
    /// From what all messages follow.
    private(set) var seed = UInt64(time(nil)) / 86_400
    /// The one message to be tried.
    private(set) var message: UInt64?
    /// The parsers that are wanted; all if empty.
    private(set) var names: [String] = []

    struct Mistake: Error {
        let description: String
    }

    init(_ words: [String], _ known: [String]) throws(Mistake) {
        var words = words[...]
        while let word = words.popFirst() {
            switch word {
            case "--seed": seed = try Self.number(words.popFirst(), of: word)
            case "--message": message = try Self.number(words.popFirst(), of: word)
            case _ where known.contains(word): names.append(word)
            case _ where word.hasSuffix("m"):
                count = try Self.number(String(word.dropLast()), of: "messages")
                seconds = .max
            default:
                let names = known.joined(separator: " ")
                seconds = try Self.number(word, of: "seconds, and no parser of these: \(names)")
            }
        }
    }

    private static func number(_ word: String?, of name: String) throws(Mistake) -> UInt64 {
        guard let word, let number = UInt64(word) else {
            throw Mistake(description: "\(word ?? "nothing") is no number for \(name)")
        }
        return number
    }
}
