// SPDX-License-Identifier: Apache-2.0

extension IPv4Address {
    /// Reads the forms that `inet_aton` takes, for programs that must accept what old ones wrote: one to four parts,
    /// each decimal, octal behind `0` or hexadecimal behind `0x`; the last part fills all the bytes that are left, so
    /// that `127.1` is 127.0.0.1.
    ///
    /// Never check an address in this form against a list of allowed ones and then pass the text on: another program
    /// may read another address. Unlike the C function it refuses text behind the address.
    ///
    /// - Throws: ``AddressError`` with `.empty`, `.octetMissing`, `.wrongOctetCount`, `.unexpectedCharacter` or
    ///   `.partTooLarge`.
    ///
    /// C: `inet_aton(3)`.
    public init(legacy text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            self.init(rawValue: try Self.parseLegacy(text))
        } catch {
            throw AddressError(text, .ipv4Address, error)
        }
    }

    private static func parseLegacy(_ text: some StringProtocol) throws(AddressError.Reason) -> UInt32 {
        guard !text.isEmpty else { throw .empty }
        let parts = text.split(separator: ".", maxSplits: 4, omittingEmptySubsequences: false).map { String($0) }
        guard parts.count <= 4 else { throw .wrongOctetCount(1 + text.utf8.count { $0 == UInt8(ascii: ".") }) }
        var value: UInt32 = 0
        for (index, part) in parts.enumerated() {
            let number = try legacyNumber(part)
            // Each part is a byte, but the last is all the bytes that are left.
            let bits = index < parts.count - 1 ? 8 : 8 * UInt32(5 - parts.count)
            guard bits == 32 || number < 1 << bits else { throw .partTooLarge(part.quotable(maximumLength: 40)) }
            value = value << bits | number
        }
        return value
    }

    private static func legacyNumber(_ part: String) throws(AddressError.Reason) -> UInt32 {
        guard !part.isEmpty else { throw .octetMissing }
        var (digits, radix) = (Substring(part), UInt32(10))
        if part.hasPrefix("0x") || part.hasPrefix("0X") {
            (digits, radix) = (part.dropFirst(2), 16)
        } else if part.hasPrefix("0") {
            radix = 8
        }
        var number: UInt32 = 0
        guard !digits.isEmpty else { throw .octetMissing }
        for character in digits {
            guard character.isASCII, let digit = character.hexDigitValue, digit < radix else {
                throw .unexpectedCharacter(String(character).quotable(maximumLength: 8))
            }
            let (product, overflow) = number.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt32(digit))
            guard !overflow, !carry else { throw .partTooLarge(part.quotable(maximumLength: 40)) }
            number = sum
        }
        return number
    }
}
