// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport

/// Addresses and texts to try: the edges of every block that means something, and random ones between them.
struct AddressCorpus {
    var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// The first and last address of each special-purpose block and class, and those just outside.
    static let edges: [IPAddress] = {
        let blocks =
            SpecialPurpose.all.map(\.network)
            + ["224.0.0.0/4", "ff00::/8", "fec0::/10", "0.0.0.0/0", "::/0", "128.0.0.0/2", "192.0.0.0/3", "2000::/3"]
            .compactMap { try? IPNetwork($0) }
        let around = blocks.flatMap { block in
            [
                block.address.advanced(by: -1), block.address, block.address.advanced(by: 1),
                block.lastAddress.advanced(by: -1), block.lastAddress, block.lastAddress.advanced(by: 1),
            ]
        }
        return Set(around.compactMap { $0 }).sorted()
    }()

    /// An address: any, one near the others' edges, or one with many zero groups.
    mutating func address() -> IPAddress {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .v4(IPv4Address(rawValue: .random(in: 0 ... .max, using: &random)))
        case 1: return .v6(IPv6Address(rawValue: .random(in: 0 ... .max, using: &random)))
        case 2: return .v6(IPv6Address(mapping: IPv4Address(rawValue: .random(in: 0 ... .max, using: &random))))
        case 3: return .v6(IPv6Address(rawValue: sparseBits()))
        default: return inBlock(SpecialPurpose.all.randomElement(using: &random)?.network ?? IPNetwork.everything)
        }
    }

    private mutating func inBlock(_ block: IPNetwork) -> IPAddress {
        guard let count = block.count else { return block.address }
        let offset = UInt128.random(in: 0..<count, using: &random)
        return block.address.advanced(by: Int128(offset)) ?? block.address
    }

    private mutating func sparseBits() -> UInt128 {
        (0..<8).reduce(0) { bits, _ in
            let isZero = Int.random(in: 0..<3, using: &random) > 0
            return bits << 16 | (isZero ? 0 : UInt128(UInt16.random(in: 0 ... .max, using: &random)))
        }
    }

    /// One of the many texts that `address` may be written as.
    mutating func text(of address: IPAddress) -> String {
        guard case .v6(let address) = address else { return address.description }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return address.description
        case 1: return address.exploded.uppercased()
        case 2: return compressed(address.groups.map { String($0, radix: 16) })
        default:
            let tail = IPv4Address(rawValue: UInt32(truncatingIfNeeded: address.rawValue))
            return compressed(address.groups.prefix(6).map { String($0, radix: 16) } + [tail.description])
        }
    }

    /// The groups with some run of zeros left out, whether or not RFC 5952 would choose it.
    private mutating func compressed(_ groups: [String]) -> String {
        let start = Int.random(in: 0..<groups.count, using: &random)
        let end = groups[start...].firstIndex { $0 != "0" } ?? groups.count
        guard end > start else { return groups.joined(separator: ":") }
        return groups[..<start].joined(separator: ":") + "::" + groups[end...].joined(separator: ":")
    }

    /// `text` with one to three characters changed, put in or taken out.
    mutating func mutated(_ text: String, alphabet: [Character] = Array("0123456789abcdefABCDEFxg.:/- ")) -> String {
        var characters = Array(text)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let position = Int.random(in: 0...characters.count, using: &random)
            let character = alphabet.randomElement(using: &random) ?? ":"
            switch Int.random(in: 0..<3, using: &random) {
            case 0: characters.insert(character, at: position)
            case 1 where position < characters.count: characters[position] = character
            case 2 where position < characters.count: characters.remove(at: position)
            default: continue
            }
        }
        return String(characters)
    }
}

extension IPNetwork {
    fileprivate static var everything: IPNetwork { SpecialPurpose.all[0].network }
}
