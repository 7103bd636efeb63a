// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// Texts that a stranger sends take time that is linear in their length. What these tests read took minutes once.
@Suite(.blocking) struct LinearTextTests {
    private static let length = 1 << 20

    /// Has a limit that only quadratic time exceeds, also on a busy machine.
    private func expectQuick<Answer>(_ body: () throws -> Answer) rethrows -> Answer {
        let start = ContinuousClock.now
        let answer = try body()
        #expect(ContinuousClock.now - start < .seconds(30))
        return answer
    }

    @Test func `characters that an encoding lacks are replaced in linear time`() throws {
        // Less of it: each one is two calls.
        let count = Self.length / 8
        let text = String(repeating: "é", count: count)
        let bytes = try expectQuick { try text.encoded(as: .ascii, errors: .replacing) }
        #expect(bytes == [UInt8](repeating: UInt8(ascii: "?"), count: count))
    }

    @Test func `pieces are encoded as the whole is, wherever the encoder cuts them`() throws {
        // Around the most that is offered to the system at once, and the least.
        for plain in [4093, 4094, 4095, 4096, 4097, 13, 14, 15, 16, 17] {
            let text = String(repeating: "x", count: plain) + "é" + String(repeating: "y", count: 20) + "é\u{E0041}é"
            let marks = String(repeating: "x", count: plain) + "?" + String(repeating: "y", count: 20) + "???"
            #expect(try text.encoded(as: .ascii, errors: .replacing) == Array(marks.utf8))
            let accents = try text.encoded(as: .latin1, errors: .replacing)
            #expect(accents.count == marks.utf8.count && accents.filter { $0 == 0xE9 }.count == 3)
        }
    }

    @Test func `a command's words are split in linear time`() throws {
        let word = String(repeating: "w", count: Self.length)
        let endpoint = try expectQuick { try Endpoint("exec:\(word) '\(word)'") }
        #expect(endpoint.target == .command([word, word]))
        let slashes = String(repeating: "\\u{", count: Self.length / 4)
        let quoted = try expectQuick { try Endpoint("exec:\"\(slashes)\"") }
        #expect(quoted.target == .command([slashes]))
    }

    @Test func `an old-style address of too many parts is refused, with their number`() {
        let text = String(repeating: "1.", count: Self.length)
        let error = #expect(throws: AddressError.self) { try IPv4Address(legacy: text) }
        #expect(error?.reason == .wrongOctetCount(Self.length + 1))
    }
}
