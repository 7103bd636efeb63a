// SPDX-License-Identifier: Apache-2.0

/// Makes messages of a parser's seeds. Each one follows from the run's seed and its number alone, so that it can be
/// made again.
struct Mutation {
    /// Most messages are short, because most ways to read are decided within a few bytes; of so many one is long, which
    /// is where time that is not linear shows.
    static let longOnceIn = 512
    static let longest = 65_536
    private static let shortest = 512

    private let parser: Parser
    private let seed: UInt64

    init(of parser: Parser, seed: UInt64) {
        self.parser = parser
        self.seed = seed
    }

    /// The random numbers of a message: they make it, and what is left of them cuts it.
    func generator(of number: UInt64) -> SeededGenerator {
        var mixing = SeededGenerator(seed: seed ^ number &* 0xD134_2543_DE82_EF95)
        return SeededGenerator(seed: mixing.next())
    }

    /// A message.
    func message(_ random: inout SeededGenerator) -> [UInt8] {
        var message = parser.seeds[random.below(parser.seeds.count)]
        for _ in 0..<1 + random.below(6) { mutate(&message, &random) }
        if random.oneIn(Self.longOnceIn) {
            lengthen(&message, &random)
        } else if message.count > Self.shortest {
            message.removeSubrange(Self.shortest...)
        }
        return message
    }

    private func mutate(_ message: inout [UInt8], _ random: inout SeededGenerator) {
        let place = random.below(message.count + 1)
        let end = min(message.count, place + 1 + random.below(8))
        switch random.below(10) {
        case 0 where place < message.count: message[place] ^= 1 << UInt8(random.below(8))
        case 1 where place < message.count: message[place] = Self.byte(&random)
        case 2: message.insert(Self.byte(&random), at: place)
        case 3: message.removeSubrange(place..<end)
        case 4: message.insert(contentsOf: Array(message[place..<end]), at: place)
        case 5 where !parser.words.isEmpty:
            message.insert(contentsOf: parser.words[random.below(parser.words.count)], at: place)
        case 6: splice(&message, at: place, &random)
        case 7: overwrite(&message, at: place, with: Self.number(&random))
        case 8: message.insert(contentsOf: "\(UInt64(bitPattern: Self.number(&random)))".utf8, at: place)
        default: message.removeSubrange(place...)
        }
    }

    /// The end of another seed behind the beginning of this message.
    private func splice(_ message: inout [UInt8], at place: Int, _ random: inout SeededGenerator) {
        let other = parser.seeds[random.below(parser.seeds.count)]
        message.replaceSubrange(place..., with: other[random.below(other.count + 1)...])
    }

    /// An integer of some width and order over what is there.
    private func overwrite(_ message: inout [UInt8], at place: Int, with number: Int64) {
        for offset in 0..<min(message.count - place, 1 << (Int(truncatingIfNeeded: number >> 3) & 3)) {
            message[place + offset] = UInt8(truncatingIfNeeded: number >> (8 * Int64(offset)))
        }
    }

    /// Repeats a piece of it, or a single byte, up to a length of thousands.
    private func lengthen(_ message: inout [UInt8], _ random: inout SeededGenerator) {
        let length = 1 + random.below(Self.longest)
        let start = random.below(message.count + 1)
        let period = message.isEmpty ? [Self.byte(&random)] : Array(message[min(start, message.count - 1)...])
        let repeated = random.oneIn(2) ? Array(period.prefix(1 + random.below(8))) : period
        while message.count < length { message += repeated }
        message.removeSubrange(min(length, message.count)...)
        for _ in 0..<random.below(4) { message[random.below(message.count)] = Self.byte(&random) }
    }

    private static let special: [UInt8] = [
        0, 1, 0x0A, 0x0D, 0x20, 0x22, 0x25, 0x2C, 0x3A, 0x7F, 0x80, 0xC0, 0xFE, 0xFF,
    ]

    private static func byte(_ random: inout SeededGenerator) -> UInt8 {
        random.oneIn(2) ? special[random.below(special.count)] : UInt8(truncatingIfNeeded: random.next())
    }

    /// A number near one that programs get wrong.
    private static func number(_ random: inout SeededGenerator) -> Int64 {
        let power = Int64(1) << Int64(random.below(64))
        return power &+ Int64(random.below(5)) &- 2
    }
}
