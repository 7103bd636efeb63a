// SPDX-License-Identifier: Apache-2.0

extension IPv6Address: CustomStringConvertible {
    /// Reads the text forms of RFC 4291 §2.2, as strictly as `inet_pton`, and a scope behind `%`.
    ///
    /// The scope is an interface's index, or the name of an interface of this machine, which is looked up at once
    /// (`if_nametoindex(3)`).
    ///
    /// - Throws: ``AddressError`` that quotes the text and the part that is wrong; `.unknownScope` for a name that no
    ///   interface has.
    ///
    /// C: `inet_pton(3)`. RFC 4291 §2.2, RFC 4007 §11.
    @inlinable
    public init(_ text: some StringProtocol) throws(AddressError) {
        // The cast costs nothing once this is specialized for String; the conversion would retain and release it.
        self = try Self.parse(text as? String ?? String(text))
    }

    @usableFromInline
    static func parse(_ text: String) throws(AddressError) -> IPv6Address {
        do throws(AddressError.Reason) {
            return try parse(text.utf8.span)
        } catch {
            throw AddressError(text, .ipv6Address, error)
        }
    }

    /// The canonical text: lower case, the longest run of zero groups as `::`, an IPv4-mapped address as
    /// `::ffff:192.0.2.1`, the scope as a number behind `%`. RFC 5952 §4 and §5.
    public var description: String {
        let scope = scopeID == 0 ? "" : "%\(scopeID)"
        if let ipv4Mapped { return "::ffff:\(ipv4Mapped)\(scope)" }
        let groups = self.groups
        let zeros = Self.longestZeroRun(in: groups)
        guard zeros.count > 1 else { return Self.hexadecimal(groups[...]) + scope }
        let (head, tail) = (groups[..<zeros.lowerBound], groups[zeros.upperBound...])
        return Self.hexadecimal(head) + "::" + Self.hexadecimal(tail) + scope
    }

    /// All eight groups with all four digits each; the scope as in ``description``.
    public var exploded: String {
        let groups = groups.map { Self.padded($0) }.joined(separator: ":")
        return scopeID == 0 ? groups : "\(groups)%\(scopeID)"
    }

    /// The name to ask the DNS for to learn this address' host name, 32 digits and `ip6.arpa`. RFC 3596 §2.5.
    public var reversePointer: String {
        let digits = groups.flatMap { Self.padded($0) }.reversed()
        return digits.map { "\($0)." }.joined() + "ip6.arpa"
    }

    private static func hexadecimal(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func padded(_ group: UInt16) -> String {
        let digits = String(group, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// The first of the longest runs: RFC 5952 §4.2.3.
    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest
    }
}

// MARK: - Reading

extension IPv6Address {
    static func parse(_ text: Span<UInt8>) throws(AddressError.Reason) -> IPv6Address {
        var reading = Reading()
        var index = 0
        while index < text.count {
            let byte = text[index]
            if let nibble = hexadecimalValue(of: byte) {
                try reading.take(nibble, text, index)
            } else if byte == UInt8(ascii: ":") {
                try reading.takeColon(text, index)
            } else if byte == UInt8(ascii: "."), reading.digits > 0, reading.groupStart > 0 {
                index = try reading.takeIPv4(text)
                break
            } else if byte == UInt8(ascii: "%") {
                break
            } else {
                throw .unexpectedCharacter(text.quotable(at: index))
            }
            index &+= 1
        }
        let rawValue = try reading.finish(text, end: index)
        guard index < text.count else { return IPv6Address(rawValue: rawValue) }
        return IPv6Address(rawValue: rawValue, scopeID: try scopeID(text, from: index + 1))
    }

    @inline(__always)
    private static func hexadecimalValue(of byte: UInt8) -> UInt16? {
        let digit = byte &- UInt8(ascii: "0")
        if digit <= 9 { return UInt16(digit) }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter <= 5 ? UInt16(letter &+ 10) : nil
    }

    private static func scopeID(_ text: Span<UInt8>, from start: Int) throws(AddressError.Reason) -> UInt32 {
        guard start < text.count else { throw .scopeMissing }
        var name: [UInt8] = []
        for index in start..<text.count { name.append(text[index]) }
        let scope = String(decoding: name, as: UTF8.self)
        let isNumber = name.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        if isNumber, scope == "0" || !scope.hasPrefix("0"), let number = UInt32(scope) { return number }
        guard let index = interfaceIndex(named: name) else { throw .unknownScope(text.quotable(start..<text.count)) }
        return index
    }

    /// What has been read so far: full groups in `value`, the open group, and where `::` stood.
    private struct Reading {
        var value: UInt128 = 0
        var groups = 0
        var group: UInt16 = 0
        var digits = 0
        var groupStart = 0
        var gap = -1

        @inline(__always)
        mutating func take(_ nibble: UInt16, _ text: Span<UInt8>, _ index: Int) throws(AddressError.Reason) {
            guard digits < 4 else { throw .groupTooLong(text.quotable(groupStart..<index + 1)) }
            group = group &<< 4 | nibble
            digits &+= 1
        }

        @inline(__always)
        mutating func takeColon(_ text: Span<UInt8>, _ index: Int) throws(AddressError.Reason) {
            groupStart = index &+ 1
            if digits > 0 {
                try closeGroup()
            } else if index == 0 {
                guard text.count > 1, text[1] == UInt8(ascii: ":") else { throw .strayColon }
            } else {
                guard gap < 0 else { throw .secondCompression }
                gap = groups
            }
        }

        @inline(__always)
        mutating func closeGroup() throws(AddressError.Reason) {
            guard groups < 8 else { throw .wrongGroupCount(9) }
            value = value &<< 16 | UInt128(group)
            (groups, group, digits) = (groups &+ 1, 0, 0)
        }

        /// The last 32 bits in IPv4's form: RFC 4291 §2.2, third form. Returns where it ends.
        @inline(__always)
        mutating func takeIPv4(_ text: Span<UInt8>) throws(AddressError.Reason) -> Int {
            let end = text.firstIndex(of: UInt8(ascii: "%")) ?? text.count
            let address = try IPv4Address.parse(text.extracting(groupStart..<end))
            guard groups <= 6 else { throw .wrongGroupCount(groups + 2) }
            value = value &<< 32 | UInt128(address)
            (groups, digits, groupStart) = (groups &+ 2, 0, end)
            return end
        }

        @inline(__always)
        mutating func finish(_ text: Span<UInt8>, end: Int) throws(AddressError.Reason) -> UInt128 {
            if digits > 0 {
                try closeGroup()
            } else if groupStart == end {
                guard end > 0 else { throw .empty }
                // "::" may end an address, a single colon may not; behind an IPv4 form the last byte is a digit.
                guard gap == groups || text[end &- 1] != UInt8(ascii: ":") else { throw .strayColon }
            }
            guard gap >= 0 else {
                guard groups == 8 else { throw .wrongGroupCount(groups) }
                return value
            }
            guard groups < 8 else { throw .wrongGroupCount(groups &+ 1) }
            // The groups behind "::" stay at the right, those before it move to the left.
            // All shifts are below 128: at most seven groups were read, and "::" at the left moves nothing.
            guard gap > 0 else { return value }
            let tail = UInt128(truncatingIfNeeded: 16 &* (groups &- gap))
            let low = value & ((1 &<< tail) &- 1)
            return (value &>> tail) &<< UInt128(truncatingIfNeeded: 16 &* (8 &- gap)) | low
        }
    }
}
