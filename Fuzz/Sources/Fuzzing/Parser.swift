// SPDX-License-Identifier: Apache-2.0

/// Something that reads bytes from strangers, and what has to hold for whatever they are.
public struct Parser: Sendable {
    /// Its name, in the report and on the command line.
    public let name: String
    /// Messages to begin with: of each kind one that is well formed, and those that once went wrong.
    public let seeds: [[UInt8]]
    /// What mutation puts in besides random bytes: delimiters, keywords, lengths at the limit.
    public let words: [[UInt8]]
    /// How many times a check reads the whole message: it may take so many times 10 ms.
    public let passes: UInt64
    /// What has to hold for one message: nil when it does, else what is wrong. It may cut the message as it likes, by
    /// random numbers that are the same when the message is tried again.
    public let check: @Sendable (_ message: [UInt8], _ random: inout SeededGenerator) -> String?

    /// Describes a parser.
    ///
    /// - Precondition: there is a seed.
    public init(
        _ name: String, seeds: [[UInt8]], words: [[UInt8]] = [], passes: UInt64 = 1,
        check: @escaping @Sendable (_ message: [UInt8], _ random: inout SeededGenerator) -> String?
    ) {
        precondition(!seeds.isEmpty, "mutation needs something to begin with")
        self.name = name
        self.seeds = seeds
        self.words = words
        self.passes = passes
        self.check = check
    }

    /// The same for texts: what is no UTF-8 becomes U+FFFD.
    public static func text(
        _ name: String, seeds: [String], words: [String] = [], passes: UInt64 = 1,
        check: @escaping @Sendable (String) -> String?
    ) -> Parser {
        let (seeds, words) = (seeds.map { Array($0.utf8) }, words.map { Array($0.utf8) })
        return Parser(name, seeds: seeds, words: words, passes: passes) { message, _ in
            check(String(decoding: message, as: UTF8.self))
        }
    }
}

extension SeededGenerator {
    /// The message in pieces, as a network might deliver it: whole, byte by byte, or of any lengths.
    public mutating func pieces(of message: [UInt8]) -> [ArraySlice<UInt8>] {
        let largest = oneIn(4) ? max(message.count, 1) : oneIn(2) ? 1 : 1 + below(64)
        var (rest, pieces) = (message[...], [ArraySlice<UInt8>]())
        while !rest.isEmpty {
            let piece = rest.prefix(largest == 1 ? 1 : 1 + below(largest))
            pieces.append(piece)
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }
}
