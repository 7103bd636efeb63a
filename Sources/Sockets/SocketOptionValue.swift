// SPDX-License-Identifier: Apache-2.0
import CSockets

/// A type that an option's value can have: how it stands in the system's bytes.
public protocol SocketOptionValue: Sendable {
    /// How many bytes the system may need for it.
    static var systemSize: Int { get }
    /// Reads it; nil for bytes that make no sense.
    init?(systemBytes: [UInt8])
    /// Its bytes; nil for a value that the system can't hold, or that can only be read.
    var systemBytes: [UInt8]? { get }
}

/// A C type's bytes, in and out.
enum Layout {
    static func read<Value: BitwiseCopyable>(_ type: Value.Type = Value.self, from bytes: [UInt8]) -> Value? {
        guard bytes.count >= MemoryLayout<Value>.size else { return nil }
        return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Value.self) }
    }

    static func bytes<Value: BitwiseCopyable>(of value: Value) -> [UInt8] {
        unsafe withUnsafeBytes(of: value) { unsafe [UInt8]($0) }
    }
}

extension CInt: SocketOptionValue {
    /// A C `int`.
    public static var systemSize: Int { MemoryLayout<CInt>.size }
    /// A C `int`.
    public init?(systemBytes: [UInt8]) {
        guard let value = Layout.read(CInt.self, from: systemBytes) else { return nil }
        self = value
    }
    /// A C `int`.
    public var systemBytes: [UInt8]? { Layout.bytes(of: self) }
}

extension Int: SocketOptionValue {
    /// A C `int`.
    public static var systemSize: Int { CInt.systemSize }
    /// A C `int`, or the single byte that a few IPv4 options answer with.
    public init?(systemBytes: [UInt8]) {
        if systemBytes.count == 1 {
            self = Int(systemBytes[0])
        } else {
            guard let value = CInt(systemBytes: systemBytes) else { return nil }
            self = Int(value)
        }
    }
    /// A C `int`; nil for a number that does not fit.
    public var systemBytes: [UInt8]? { CInt(exactly: self)?.systemBytes }
}

extension Bool: SocketOptionValue {
    /// A C `int`.
    public static var systemSize: Int { CInt.systemSize }
    /// Anything but 0 is true.
    public init?(systemBytes: [UInt8]) {
        guard !systemBytes.isEmpty else { return nil }
        self = systemBytes.contains { $0 != 0 }
    }
    /// 1 or 0.
    public var systemBytes: [UInt8]? { CInt(self ? 1 : 0).systemBytes }
}

extension String: SocketOptionValue {
    /// Room for an interface's or an algorithm's name.
    public static var systemSize: Int { 64 }
    /// Up to the first NUL.
    public init?(systemBytes: [UInt8]) {
        self.init(decoding: systemBytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    /// UTF-8 with a NUL; nil for text that has one inside.
    public var systemBytes: [UInt8]? { utf8.contains(0) ? nil : Array(utf8) + [0] }
}

extension [UInt8]: SocketOptionValue {
    /// The most that any option of Linux is long.
    public static var systemSize: Int { 4096 }
    /// The bytes as they are.
    public init?(systemBytes: [UInt8]) { self = systemBytes }
    /// The bytes as they are.
    public var systemBytes: [UInt8]? { self }
}

extension Duration: SocketOptionValue {
    /// A C `struct timeval`.
    public static var systemSize: Int { MemoryLayout<nw_time>.size }
    /// Seconds and microseconds.
    public init?(systemBytes: [UInt8]) {
        guard let time = Layout.read(nw_time.self, from: systemBytes) else { return nil }
        self = .seconds(time.seconds) + .microseconds(time.fraction)
    }
    /// Rounded up to whole microseconds, so that a short limit does not become "no limit"; nil for a negative time.
    public var systemBytes: [UInt8]? {
        if self < .zero { return nil }
        let (seconds, attoseconds) = components
        let microseconds = (attoseconds + 999_999_999_999) / 1_000_000_000_000
        let carry = microseconds / 1_000_000
        return Layout.bytes(of: nw_time(seconds: Int(seconds + carry), fraction: Int(microseconds % 1_000_000)))
    }
}
