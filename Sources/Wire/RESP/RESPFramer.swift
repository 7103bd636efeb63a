// SPDX-License-Identifier: Apache-2.0
//
// Facts:    an array says how many values follow, and they may be arrays. A parser that begins anew at each piece takes
//           quadratic time, and one that believes the numbers makes room for what never comes.
// Decision: a value is found first, item by item, with a place that only moves on, and read once it is whole. A number
//           over a limit is refused where it stands; room is made for what has come.
// Cost:     a value's bytes are held until its last one has come, and looked at twice.

/// Values of the Redis serialization protocol, version 2. A frame is one whole value; inline commands are none.
///
/// Redis: *RESP protocol specification*.
public struct RESPFramer: Framer {
    /// The most bytes of a value, all that it holds and its own heads included, unless a caller names another limit.
    public static let defaultLimit = 1 << 20
    /// The most values in one, itself included, unless a caller names another limit.
    public static let defaultMaximumCount = 10_000
    /// The most arrays within each other, unless a caller names another limit.
    public static let defaultMaximumDepth = 8

    /// The most bytes of a value.
    public let limit: Int
    private let maximumCount: Int
    private let maximumDepth: Int

    /// Where the next item of the value begins, and how far it has been searched for its line's end.
    private var place = 0
    private var searched = 0
    /// How many values there will be at least: the first one, and those that arrays have promised.
    private var count = 1
    /// How many values each open array still waits for.
    private var open: [Int] = []
    private var violation = FirstViolation()

    /// A framer with limits.
    ///
    /// - Precondition: the limits are not negative.
    public init(
        limit: Int = RESPFramer.defaultLimit, maximumCount: Int = RESPFramer.defaultMaximumCount,
        maximumDepth: Int = RESPFramer.defaultMaximumDepth
    ) {
        precondition(limit >= 0 && maximumCount >= 0 && maximumDepth >= 0, "a limit is not negative")
        self.limit = limit
        self.maximumCount = maximumCount
        self.maximumDepth = maximumDepth
    }

    /// Takes the next value; see ``Framer/next(in:)``.
    ///
    /// - Throws: `.tooLong` over a limit; `.malformed`.
    public mutating func next(in buffer: inout ByteBuffer) throws(FramingError) -> RESPValue? {
        try violation.check()
        guard let end = try locate(in: buffer) else {
            if buffer.count > limit { throw violation.record(Self.name, .tooLong(limit: limit)) }
            return nil
        }
        (place, searched, count) = (0, 0, 1)
        var reader = Reader(bytes: buffer.array(0..<end))
        let value = reader.next()
        buffer.consume(end)
        return value
    }

    /// Takes the next value when no more bytes will come; see ``Framer/finish(in:)``.
    ///
    /// - Throws: as ``next(in:)``; `.truncated`.
    public mutating func finish(in buffer: inout ByteBuffer) throws(FramingError) -> RESPValue? {
        if let value = try next(in: &buffer) { return value }
        if buffer.isEmpty { return nil }
        throw violation.record(Self.name, .truncated(have: buffer.count, of: nil))
    }

    /// Appends a value; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.malformed`, as ``RESPValue/encode(into:)``; `.tooLong` over the limit in bytes.
    public func encode(_ frame: RESPValue, into buffer: inout ByteBuffer) throws(FramingError) {
        let before = buffer.count
        try frame.encode(into: &buffer)
        let length = buffer.count - before
        if length > limit {
            buffer.withdraw(length)
            throw FramingError(Self.name, .tooLong(limit: limit))
        }
    }

    // MARK: Finding the end of a value

    private static let name = "RESP"
    /// No number needs more.
    private static let longestNumber = 20
    /// No line with a number is longer: what it is of, the number, CR LF and one byte more.
    private static let longestLine = longestNumber + 4

    /// Where the value at the front ends; nil until it is whole.
    private mutating func locate(in buffer: borrowing ByteBuffer) throws(FramingError) -> Int? {
        while let end = try endOfItem(in: buffer) {
            if end > limit { throw violation.record(Self.name, .tooLong(limit: limit)) }
            (place, searched) = (end, end)
            while let rest = open.last, rest == 0 { open.removeLast() }
            if open.isEmpty { return end }
        }
        return nil
    }

    /// Where the item at `place` ends: a line, with its bytes if it is a bulk string's. Nil until it is whole.
    private mutating func endOfItem(in buffer: borrowing ByteBuffer) throws(FramingError) -> Int? {
        guard place < buffer.count else { return nil }
        let kind = buffer[place]
        let isText = kind == Self.plus || kind == Self.minus
        guard isText || kind == Self.colon || kind == Self.dollar || kind == Self.star else {
            throw violation.record(
                Self.name, .malformed("no value begins with \(buffer.bytes.extracting(place..<place + 1).quoted())"))
        }
        let lineFeed = buffer.firstIndex(of: 0x0A, from: max(searched, place + 1))
        if !isText, (lineFeed ?? buffer.count) - place >= Self.longestLine { throw badNumber(buffer, buffer.count) }
        if lineFeed ?? buffer.count - 1 >= limit { throw violation.record(Self.name, .tooLong(limit: limit)) }
        guard let lineFeed else {
            searched = buffer.count
            return nil
        }
        guard lineFeed > place + 1, buffer[lineFeed - 1] == 0x0D,
            isText ? buffer.firstIndex(of: 0x0D, from: place, before: lineFeed - 1) == nil : true
        else { throw violation.record(Self.name, .malformed("a line that does not end in CR LF")) }
        if isText { return begun(lineFeed + 1) }
        guard let number = Self.number(buffer.array(place + 1..<lineFeed - 1)[...]) else {
            throw badNumber(buffer, lineFeed)
        }
        if kind == Self.colon { return begun(lineFeed + 1) }
        if number < -1 { throw badNumber(buffer, lineFeed) }
        return kind == Self.dollar
            ? try endOfBulk(in: buffer, from: lineFeed + 1, number) : try beginArray(number, lineFeed + 1)
    }

    private mutating func endOfBulk(
        in buffer: borrowing ByteBuffer, from start: Int, _ length: Int64
    ) throws(FramingError) -> Int? {
        if length == -1 { return begun(start) }
        if length > Int64(limit - min(start, limit)) { throw violation.record(Self.name, .tooLong(limit: limit)) }
        let end = start + Int(length)
        if buffer.count - 2 < end { return nil }
        guard buffer[end] == 0x0D, buffer[end + 1] == 0x0A else {
            throw violation.record(Self.name, .malformed("no CR LF behind the \(length) bytes of a bulk string"))
        }
        return begun(end + 2)
    }

    private mutating func beginArray(_ length: Int64, _ end: Int) throws(FramingError) -> Int? {
        if length > Int64(maximumCount - count) {
            throw violation.record(Self.name, .malformed("over \(maximumCount) values in one"))
        }
        _ = begun(end)
        if length > 0 {
            if open.count >= maximumDepth {
                throw violation.record(Self.name, .malformed("over \(maximumDepth) arrays within each other"))
            }
            count += Int(length)
            open.append(Int(length))
        }
        return end
    }

    /// Notes a value, which ends at `end` or is an array that begins before it.
    private mutating func begun(_ end: Int) -> Int {
        if let last = open.indices.last { open[last] -= 1 }
        return end
    }

    private mutating func badNumber(_ buffer: borrowing ByteBuffer, _ end: Int) -> FramingError {
        // So much of it as was there when it was found out, however it was cut.
        let text = buffer.bytes.extracting(place..<min(end, place + Self.longestLine)).quoted()
        return violation.record(Self.name, .malformed("no number in \(text)"))
    }

    /// Digits, with `-` before them perhaps.
    fileprivate static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        let digits = bytes.first == minus ? bytes.dropFirst() : bytes
        guard !digits.isEmpty, bytes.count <= longestNumber,
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self))
    }

    private static let plus = UInt8(ascii: "+")
    private static let minus = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")
    private static let dollar = UInt8(ascii: "$")
    private static let star = UInt8(ascii: "*")

    /// Reads a value that was found to be whole.
    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() -> RESPValue {
            let kind = bytes[place]
            let line = line()
            switch kind {
            case RESPFramer.plus: return .simple(String(decoding: line, as: UTF8.self))
            case RESPFramer.minus: return .error(String(decoding: line, as: UTF8.self))
            case RESPFramer.colon: return .integer(RESPFramer.number(line) ?? 0)
            case RESPFramer.dollar:
                guard let length = RESPFramer.number(line), length >= 0 else { return .bulk(nil) }
                defer { place += Int(length) + 2 }
                return .bulk(Array(bytes[place..<place + Int(length)]))
            default:
                guard let length = RESPFramer.number(line), length >= 0 else { return .array(nil) }
                var values: [RESPValue] = []
                for _ in 0..<length { values.append(next()) }
                return .array(values)
            }
        }

        /// What stands between the first byte of an item and its CR LF.
        private mutating func line() -> ArraySlice<UInt8> {
            let end = bytes[place...].firstIndex(of: 0x0A) ?? bytes.count
            defer { place = end + 1 }
            return bytes[place + 1..<end - 1]
        }
    }
}
