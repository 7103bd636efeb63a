// SPDX-License-Identifier: Apache-2.0

/// What a SOCKS client asks for.
public struct SOCKSRequest: Hashable, Sendable {
    /// Which protocol it speaks.
    public enum Version: UInt8, Hashable, Sendable, CaseIterable {
        /// SOCKS4, and 4a where the target is a name.
        case v4 = 4
        /// RFC 1928.
        case v5 = 5
    }

    /// What is to be done.
    public enum Command: UInt8, Hashable, Sendable {
        /// Connect to the target.
        case connect = 1
        /// Listen for a connection from the target.
        case bind = 2
        /// Pass on datagrams (version 5 only).
        case associate = 3
    }

    /// The version.
    public let version: Version
    /// The command.
    public let command: Command
    /// The target.
    public let target: ProxyTarget
    /// Who the client says it is, in version 4, where nothing proves it.
    public let user: [UInt8]
}

/// How a SOCKS proxy answers. RFC 1928 §6.
public enum SOCKSReply: UInt8, Hashable, Sendable, CaseIterable {
    /// The connection is there.
    case succeeded = 0
    /// It failed for a reason that has no number.
    case generalFailure = 1
    /// The proxy's rules do not allow it.
    case notAllowed = 2
    /// No way leads to the network.
    case networkUnreachable = 3
    /// No way leads to the host, or it has no address.
    case hostUnreachable = 4
    /// The host refused.
    case connectionRefused = 5
    /// It took too long.
    case timeToLiveExpired = 6
    /// The proxy does not know the command.
    case commandNotSupported = 7
    /// The proxy does not know such addresses.
    case addressTypeNotSupported = 8
}

/// A name and a password as they stand in a proxy's protocol. They are never printed.
public struct ProxyCredentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The name.
    public let user: [UInt8]
    /// The password.
    public let password: [UInt8]

    /// Credentials.
    public init(user: some Collection<UInt8>, password: some Collection<UInt8>) {
        self.user = Array(user)
        self.password = Array(password)
    }

    /// Three asterisks.
    public var description: String { "***" }
    /// Three asterisks.
    public var debugDescription: String { "***" }
}

/// The form that both sides write addresses in. RFC 1928 §5.
enum SOCKSAddress {
    /// Where an address stands, and what it is.
    struct Found {
        let target: ProxyTarget
        let byteCount: Int
    }

    /// Reads the type, the address and the port at `offset`; nil while they are not all there.
    static func read(_ buffer: borrowing ByteBuffer, at offset: Int) throws(SOCKSFault) -> Found? {
        guard buffer.count > offset + 1 else { return nil }
        let start = offset + 1
        switch buffer[offset] {
        case 1:
            guard let bits = buffer.integer(at: start, as: UInt32.self),
                let port = buffer.integer(at: start + 4, as: UInt16.self)
            else { return nil }
            return Found(target: ProxyTarget(.v4(bits), port), byteCount: 7)
        case 4:
            guard let bits = buffer.integer(at: start, as: UInt128.self),
                let port = buffer.integer(at: start + 16, as: UInt16.self)
            else { return nil }
            return Found(target: ProxyTarget(.v6(bits), port), byteCount: 19)
        case 3:
            let length = Int(buffer[start])
            guard let port = buffer.integer(at: start + 1 + length, as: UInt16.self) else { return nil }
            let name = buffer.array(start + 1..<start + 1 + length)
            guard let target = ProxyTarget(host: name, port: port) else {
                throw SOCKSFault("\(unsafe name.span.bytes.quoted()) is neither a host's name nor its address")
            }
            return Found(target: target, byteCount: length + 4)
        case let type: throw SOCKSFault("an address of type \(type)", .addressTypeNotSupported)
        }
    }

    static func append(_ target: ProxyTarget, to buffer: inout ByteBuffer) {
        switch target.host {
        case .address(.v4(let bits)):
            buffer.append(1)
            buffer.append(integer: bits)
        case .address(.v6(let bits)):
            buffer.append(4)
            buffer.append(integer: bits)
        case .name(let name):
            // A target's name is shorter than 255 bytes.
            buffer.append(3)
            buffer.append(UInt8(truncatingIfNeeded: name.utf8.count))
            buffer.append(contentsOf: name.utf8)
        }
        buffer.append(integer: target.port)
    }
}

/// What is wrong with a message, and what a proxy answers to it.
struct SOCKSFault: Error {
    let words: String
    let reply: SOCKSReply

    init(_ words: String, _ reply: SOCKSReply = .generalFailure) {
        self.words = words
        self.reply = reply
    }
}
