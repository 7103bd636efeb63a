// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// Short texts out of the pieces that addresses, ports and errors are made of, the same in every run.
struct SeededText {
    private var generator: SeededGenerator

    private static let pieces =
        [
            ":", "::", ".", "/", "-", "%", "@", "?", "=", "#", "[", "]", "'", "\"", "\\", "*", ",", " ", "\0", "\u{1B}",
            "é", "٣",
        ]
        + ["0", "1", "24", "255", "65536", "99999999999999999999", "ffff", "0x7f", "10.0.0.0", "fe80", "lo"]
        + [
            "tcp", "udp://", "unix:", "exec:", "fd:", "http://", "systemd:", "AF_", "SOCK_", "E", "ECONN", "/tcp",
            "://",
        ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> String {
        let count = Int.random(in: 1...6, using: &generator)
        return (0..<count).compactMap { _ in Self.pieces.randomElement(using: &generator) }.joined()
    }
}
