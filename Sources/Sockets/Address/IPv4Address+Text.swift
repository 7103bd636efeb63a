// SPDX-License-Identifier: Apache-2.0

extension IPv4Address: CustomStringConvertible {
    /// Reads four decimal numbers with dots between them, as strictly as `inet_pton`: no leading zeros, no short forms,
    /// no space.
    ///
    /// - Throws: ``AddressError`` that quotes the text and the part that is wrong.
    ///
    /// C: `inet_pton(3)`.
    @inlinable
    public init(_ text: some StringProtocol) throws(AddressError) {
        // The cast costs nothing once this is specialized for String; the conversion would retain and release it.
        self = try Self.parse(text as? String ?? String(text))
    }

    @usableFromInline
    static func parse(_ text: String) throws(AddressError) -> IPv4Address {
        do throws(AddressError.Reason) {
            return IPv4Address(rawValue: try parse(text.utf8.span))
        } catch {
            throw AddressError(text, .ipv4Address, error)
        }
    }

    /// The address as four decimal numbers: `192.0.2.1`.
    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
    }

    /// The name to ask the DNS for to learn this address' host name: `1.2.0.192.in-addr.arpa`. RFC 1035 §3.5.
    public var reversePointer: String { "\(IPv4Address(rawValue: rawValue.byteSwapped)).in-addr.arpa" }
}

extension IPv4Address {
    /// The one loop that reads an address: each byte once, nothing allocated unless it fails.
    static func parse(_ text: Span<UInt8>) throws(AddressError.Reason) -> UInt32 {
        var value: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var octets = 1
        for index in text.indices {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit <= 9 {
                guard digits == 0 || octet != 0 else { throw .octetWithLeadingZero(text.digits(around: index)) }
                octet = octet &* 10 &+ UInt32(digit)
                guard octet <= 255 else { throw .octetTooLarge(text.digits(around: index)) }
                digits &+= 1
            } else {
                guard text[index] == UInt8(ascii: ".") else { throw .unexpectedCharacter(text.quotable(at: index)) }
                guard digits > 0 else { throw .octetMissing }
                guard octets < 4 else { throw .wrongOctetCount(text.dots + 1) }
                value = value << 8 | octet
                (octet, digits, octets) = (0, 0, octets &+ 1)
            }
        }
        guard !text.isEmpty else { throw .empty }
        guard digits > 0 else { throw .octetMissing }
        guard octets == 4 else { throw .wrongOctetCount(octets) }
        return value << 8 | octet
    }
}

extension Span<UInt8> {
    /// The whole run of digits that the one at `index` is part of.
    fileprivate func digits(around index: Int) -> String {
        var (start, end) = (index, index)
        while start > 0, self[start - 1] &- UInt8(ascii: "0") <= 9 { start -= 1 }
        while end < count, self[end] &- UInt8(ascii: "0") <= 9 { end += 1 }
        return quotable(start..<end)
    }

    fileprivate var dots: Int {
        var count = 0
        for index in indices where self[index] == UInt8(ascii: ".") { count += 1 }
        return count
    }

    /// The character that starts at `index`, all of its bytes.
    func quotable(at index: Int) -> String {
        var end = index + 1
        while end < count, self[end] & 0xC0 == 0x80 { end += 1 }
        return quotable(index..<end)
    }
}
