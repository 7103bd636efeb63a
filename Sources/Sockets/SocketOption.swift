// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// A socket option with the type of its value. The names are in `SocketOption+Names.swift`, ordered by their C names.
///
/// ```swift
/// try socket.set(.noDelay, to: true)
/// let room = try socket[.receiveBuffer]
/// ```
///
/// What has no name here: `SocketOption<CInt>(level: 6, name: 25)`, or `SocketOption<[UInt8]>`.
///
/// C: `getsockopt(2)`, `setsockopt(2)`.
public struct SocketOption<Value: SocketOptionValue>: Sendable, Hashable {
    /// Which layer the option belongs to. C: `SOL_SOCKET`, `IPPROTO_TCP`, …
    public let level: CInt
    /// The option's number.
    public let name: CInt
    /// Its name in C, for errors.
    let label: String

    /// Any option by its numbers: the raw hatch.
    public init(level: CInt, name: CInt) {
        self.init(level, name, "option \(level)/\(name)")
    }

    init(_ level: CInt, _ name: CInt, _ label: String) {
        self.level = level
        self.name = name
        self.label = label
    }
}

extension Socket {
    /// Reads an option.
    ///
    /// - Throws: `.system` with `ENOPROTOOPT` where this socket has no such option.
    ///
    /// C: `getsockopt(2)`.
    public subscript<Value>(option: SocketOption<Value>) -> Value {
        get throws(SocketError) {
            do throws(Errno) { return try SystemCalls.option(number, option) as Value } catch {
                throw SocketError(.getOption, error: error, subject: option.label)
            }
        }
    }

    /// Changes an option.
    ///
    /// - Throws: `.system` with `ENOPROTOOPT` where this socket has no such option, `EINVAL` for a value that makes no
    ///   sense to the system, ``SocketError/isPermissionDenied``. The option then has its old value.
    ///
    /// C: `setsockopt(2)`.
    public func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(SocketError) {
        do throws(Errno) { try SystemCalls.set(number, option, to: value) } catch {
            throw SocketError(.setOption, error: error, subject: option.label)
        }
    }

    /// The error that is pending on the socket, which this call takes away; nil if there is none.
    ///
    /// C: `SO_ERROR`.
    public func takePendingError() throws(SocketError) -> Errno? {
        let number = try self[.error]
        return number == 0 ? nil : Errno(rawValue: number)
    }

    /// How many bytes (of the next message, for a datagram socket) a receive would find now.
    ///
    /// C: `ioctl(2)` with `FIONREAD`.
    public var bytesAvailable: Int {
        get throws(SocketError) {
            do throws(Errno) { return try SystemCalls.bytesAvailable(number) } catch {
                throw failure(.available, error)
            }
        }
    }

    /// How many bytes were sent that the peer's system has not acknowledged (TCP), or that the peer has not read
    /// (UNIX).
    ///
    /// C: `ioctl(2)` with `SIOCOUTQ`.
    public var unacknowledgedBytes: Int {
        get throws(SocketError) {
            do throws(Errno) { return try SystemCalls.unacknowledgedBytes(number) } catch {
                throw failure(.available, error)
            }
        }
    }
}

extension SystemCalls {
    static func option<Value>(_ descriptor: CInt, _ option: SocketOption<Value>) throws(Errno) -> Value {
        var bytes = [UInt8](repeating: 0, count: Value.systemSize)
        let filled = try unsafe bytes.withUnsafeMutableBufferPointer { (room) throws(Errno) in
            try unsafe getOption(
                descriptor, level: option.level, name: option.name, into: UnsafeMutableRawBufferPointer(room))
        }
        guard let value = Value(systemBytes: Array(bytes.prefix(filled))) else { throw .invalidArgument }
        return value
    }

    static func set<Value>(_ descriptor: CInt, _ option: SocketOption<Value>, to value: Value) throws(Errno) {
        guard let bytes = value.systemBytes else { throw .invalidArgument }
        try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(Errno) in
            try unsafe setOption(
                descriptor, level: option.level, name: option.name, to: UnsafeRawBufferPointer(bytes))
        }
    }

    static func integerOption(_ descriptor: CInt, _ option: SocketOption<CInt>) throws(Errno) -> CInt {
        try self.option(descriptor, option)
    }

    static func setSendTimeout(_ descriptor: CInt, _ limit: Duration) throws(Errno) {
        try set(descriptor, .sendTimeout, to: limit)
    }
}
