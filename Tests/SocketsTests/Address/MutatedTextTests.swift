// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// Texts that nobody would write: nothing traps, and what is accepted prints a text that reads as the same value.
@Suite(.blocking) struct MutatedTextTests {
    private static let seeds = [
        "127.0.0.1", "::ffff:1.2.3.4", "fe80::1%lo", "10.0.0.0/255.0.0.0", "2001:db8::/32", "[::1]:80?flowinfo=3",
        "unix:/tmp/%00x", "unix:@a b", "http://u:p@host:80/p?a=b&c", "udp://239.1.1.1:5000?iface=eth0&ttl=4",
        "exec:a 'b \"c\\d' \"e\\\"f\"", "fd:3", "systemd:x", "*:80", "xn--bcher-kva.test.:443", "wss://[::1%1]/a",
    ]

    private static func mutate(_ text: String, _ random: inout SeededGenerator) -> String {
        var scalars = Array(text.unicodeScalars)
        let special = Array("0:/%@?#[].*\\'\" &=-{}u\u{1B}\0\r\n\u{301}\u{202E}\u{9B}é".unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = Int.random(in: 0...scalars.count, using: &random)
            let ascii = Unicode.Scalar(UInt8.random(in: 0...127, using: &random))
            let scalar = Bool.random(using: &random) ? special.randomElement(using: &random) ?? ascii : ascii
            switch Int.random(in: 0..<4, using: &random) {
            case 0: scalars.insert(scalar, at: position)
            case 1 where position < scalars.count: scalars[position] = scalar
            case 2 where position < scalars.count: scalars.remove(at: position)
            default: scalars += scalars.prefix(8)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        ![.control, .format].contains(scalar.properties.generalCategory)
    }

    /// Reads `text`, prints it, reads it again. nil if it is refused.
    private static func roundTrip<Value: Equatable & CustomStringConvertible>(
        _ text: String, _ read: (String) throws(AddressError) -> Value
    ) -> Bool? {
        do throws(AddressError) {
            let value = try read(text)
            // What was accepted must never reach a terminal as a control.
            let printed = value.description
            guard printed.unicodeScalars.allSatisfy(isHarmless) else { return false }
            return try read(printed) == value
        } catch {
            let line = error.description
            return line.unicodeScalars.allSatisfy(isHarmless) ? nil : false
        }
    }

    @Test func `mutated texts never trap, and what is accepted round-trips`() {
        var random = SeededGenerator(seed: 8)
        var accepted = 0
        for round in 0..<10_000 {
            let text = Self.mutate(Self.seeds[round % Self.seeds.count], &random)
            var results = [
                Self.roundTrip(text) { text throws(AddressError) in try IPAddress(text) },
                Self.roundTrip(text) { text throws(AddressError) in try IPNetwork(text) },
                Self.roundTrip(text) { text throws(AddressError) in try Port(text) },
                Self.roundTrip(text) { text throws(AddressError) in try SocketAddress(text) },
                Self.roundTrip(text) { text throws(AddressError) in try HostName(text) },
                Self.roundTrip(text) { text throws(AddressError) in try UnixAddress(text) },
            ]
            // Credentials are masked when printed, so endpoints that have some can't read as the same.
            if (try? Endpoint(text))?.credentials == nil {
                results.append(Self.roundTrip(text) { text throws(AddressError) in try Endpoint(text) })
            }
            _ = try? IPv4Address(legacy: text)
            #expect(!results.contains(false), "\(text.debugDescription)")
            accepted += results.contains(true) ? 1 : 0
        }
        #expect(accepted > 1_000 && accepted < 9_000)
    }
}
