// SPDX-License-Identifier: Apache-2.0
import Glibc
import Measuring
import Sockets

/// Reads the same mixed addresses with ``IPAddress`` and with `inet_pton`. The C function is told the family and gets C
/// strings that are ready; ours finds the family by itself and reads Swift strings.
@main
struct AddressParsing {
    static let repeats = 400
    /// Ours may cost so much of the mixed corpus.
    static let limit = 1.5

    static func main() {
        let corpora = [("IPv4", ipv4Texts()), ("IPv6", ipv6Texts()), ("mixed", ipv4Texts() + ipv6Texts())]
        for (name, texts) in corpora {
            let result = compare(texts)
            let (ours, peer) = (rounded(result.ours), rounded(result.peer))
            let target = name == "mixed" ? " (at most \(limit))" : ""
            print("\(name): ours \(ours) ns, inet_pton \(peer) ns, ratio \(rounded(result.ratio))\(target)")
        }
    }

    private static func compare(_ texts: [String]) -> Comparison.Result {
        let texts = shuffled(texts)
        let peers = texts.map { (text: strdup($0), family: $0.contains(":") ? AF_INET6 : AF_INET) }
        defer { peers.forEach { free($0.text) } }
        var (oursRead, peerRead) = (0, 0)
        let comparison = Comparison(operations: texts.count * repeats)
        let result = comparison.run {
            for _ in 0..<repeats {
                for text in texts where (try? IPAddress(text)) != nil { oursRead += 1 }
            }
        } peer: {
            var address = in6_addr()
            for _ in 0..<repeats {
                for peer in peers where inet_pton(peer.family, peer.text, &address) == 1 { peerRead += 1 }
            }
        }
        precondition(oursRead == peerRead, "the two read different texts")
        return result
    }

    /// The order is fixed, and without a pattern that a branch predictor could learn from the families' order.
    private static func shuffled(_ texts: [String]) -> [String] {
        texts.enumerated().sorted { ($0.offset &* 7_919) % 1_009 < ($1.offset &* 7_919) % 1_009 }.map(\.element)
    }

    private static func ipv4Texts() -> [String] {
        (0..<500).map { number in
            let bits = UInt32(truncatingIfNeeded: number &* 2_654_435_761)
            return IPv4Address(rawValue: number % 5 == 0 ? bits & 0x7F0F_0303 : bits).description
        }
    }

    private static func ipv6Texts() -> [String] {
        (0..<500).map { number in
            let low = UInt128(UInt64(truncatingIfNeeded: number &* 0x1E37_79B9_7F4A_7C15))
            let address = IPv6Address(rawValue: 0x2001_0DB8_0000_0001 << 64 | low)
            switch number % 5 {
            case 0: return IPv6Address(rawValue: 0xFE80 << 112 | low).description
            case 1: return address.exploded
            case 2: return IPv6Address(mapping: IPv4Address(rawValue: UInt32(truncatingIfNeeded: low))).description
            case 3: return IPv6Address(rawValue: 0x2001_0DB8 << 96 | low & 0xFFFF).description
            default: return address.description
            }
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
