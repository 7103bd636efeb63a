// SPDX-License-Identifier: Apache-2.0

/// The side of SOCKS that asks a proxy for a connection.
///
/// ```swift
/// var socks = try SOCKSClient(to: target)
/// socks.begin(into: &output)
/// // send the output; for each piece that arrives, until there is an outcome:
/// if let outcome = try socks.next(in: &input, answer: &output) { … }
/// ```
/// After each call the output has what is to be sent. What follows the outcome in the input belongs to the connection.
/// After a violation, or a refusal, the side stays dead.
///
/// RFC 1928, RFC 1929; Y. Lee, *SOCKS 4A*.
public struct SOCKSClient: Sendable {
    /// What came of it.
    public enum Outcome: Hashable, Sendable {
        /// The connection is there; `bound` is the proxy's own address of it, as it tells.
        case connected(bound: ProxyTarget)
        /// The proxy has refused. Version 4 gives no reason, which is ``SOCKSReply/generalFailure``.
        case refused(SOCKSReply)
        /// The proxy does not take the credentials, or wants some.
        case notAuthenticated
    }

    private enum State: Hashable {
        case start, method, verdict, reply, done
    }

    private let version: SOCKSRequest.Version
    private let target: ProxyTarget
    private let credentials: ProxyCredentials?
    private var state = State.start
    private var violation = FirstViolation()

    /// Makes the side of a client that wants to be connected to `target`.
    ///
    /// - Parameters:
    ///   - version: 4 takes an address of IPv4 or, as 4a, a name, and of the credentials the user's name.
    ///   - credentials: offered to proxies that want some; at most 255 bytes each.
    /// - Throws: `.malformed` for what the version can't say; `.tooLong` for credentials over the limit.
    public init(
        to target: ProxyTarget, version: SOCKSRequest.Version = .v5, credentials: ProxyCredentials? = nil
    ) throws(FramingError) {
        if let credentials {
            guard credentials.user.count <= 255, credentials.password.count <= 255 else {
                throw FramingError(Self.name, .tooLong(limit: 255))
            }
            if version == .v4, credentials.user.contains(0) {
                throw FramingError(Self.name, .malformed("a zero byte ends a user's name in version 4"))
            }
        }
        if version == .v4, case .address(let address) = target.host {
            guard case .v4(let bits) = address, !(1...255).contains(bits) else {
                throw FramingError(Self.name, .malformed("version 4 has no way to say \(address)"))
            }
        }
        self.version = version
        self.target = target
        self.credentials = credentials
    }

    /// Appends the first message.
    ///
    /// - Precondition: it is called once.
    public mutating func begin(into output: inout ByteBuffer) {
        precondition(state == .start, "a client begins once")
        switch version {
        case .v5:
            output.append(contentsOf: credentials == nil ? [5, 1, 0] : [5, 2, 0, 2])
            state = .method
        case .v4:
            appendOldRequest(to: &output)
            state = .reply
        }
    }

    /// Takes the proxy's messages; nil until there is an outcome.
    ///
    /// - Parameter output: gets what is to be sent, behind what is there.
    /// - Throws: `.malformed` for what is no message of the protocol.
    /// - Precondition: ``begin(into:)`` was called.
    public mutating func next(
        in input: inout ByteBuffer, answer output: inout ByteBuffer
    ) throws(FramingError) -> Outcome? {
        precondition(state != .start, "a client begins, and waits for answers then")
        try violation.check()
        do throws(SOCKSFault) {
            if state == .method, let outcome = try readMethod(&input, &output) { return outcome }
            if state == .verdict, let outcome = try readVerdict(&input, &output) { return outcome }
            guard state == .reply else { return nil }
            return version == .v5 ? try readReply(&input) : try readOldReply(&input)
        } catch {
            throw violation.record(Self.name, .malformed(error.words))
        }
    }

    // MARK: Messages

    private mutating func readMethod(
        _ input: inout ByteBuffer, _ output: inout ByteBuffer
    ) throws(SOCKSFault) -> Outcome? {
        if !input.isEmpty, input[0] != 5 { throw SOCKSFault("an answer of version \(input[0])") }
        guard input.count > 1 else { return nil }
        let method = input[1]
        input.consume(2)
        switch (method, credentials) {
        case (0, _):
            appendRequest(to: &output)
            return nil
        case (2, let credentials?):
            output.append(1)
            for text in [credentials.user, credentials.password] {
                output.append(UInt8(truncatingIfNeeded: text.count))
                output.append(contentsOf: text)
            }
            state = .verdict
            return nil
        case (0xFF, _):
            state = .done
            return .notAuthenticated
        default: throw SOCKSFault("the proxy chose method \(method), which was not offered")
        }
    }

    private mutating func readVerdict(
        _ input: inout ByteBuffer, _ output: inout ByteBuffer
    ) throws(SOCKSFault) -> Outcome? {
        if !input.isEmpty, input[0] != 1 { throw SOCKSFault("a verdict of version \(input[0])") }
        guard input.count > 1 else { return nil }
        let isAllowed = input[1] == 0
        input.consume(2)
        if isAllowed {
            appendRequest(to: &output)
            return nil
        }
        state = .done
        return .notAuthenticated
    }

    private mutating func readReply(_ input: inout ByteBuffer) throws(SOCKSFault) -> Outcome? {
        if !input.isEmpty, input[0] != 5 { throw SOCKSFault("a reply of version \(input[0])") }
        guard input.count > 1 else { return nil }
        // A number that is new is a failure all the same.
        let reply = SOCKSReply(rawValue: input[1]) ?? .generalFailure
        guard input.count > 2 else { return nil }
        if input[2] != 0 { throw SOCKSFault("a reserved byte of \(input[2])") }
        guard let found = try SOCKSAddress.read(input, at: 3) else { return nil }
        input.consume(3 + found.byteCount)
        state = .done
        return reply == .succeeded ? .connected(bound: found.target) : .refused(reply)
    }

    private mutating func readOldReply(_ input: inout ByteBuffer) throws(SOCKSFault) -> Outcome? {
        if !input.isEmpty, input[0] != 0 { throw SOCKSFault("a reply of version \(input[0])") }
        if input.count > 1, !(0x5A...0x5D).contains(input[1]) { throw SOCKSFault("\(input[1]) is no reply") }
        guard input.count >= 8, let port = input.integer(at: 2, as: UInt16.self),
            let bits = input.integer(at: 4, as: UInt32.self)
        else { return nil }
        let isGranted = input[1] == 0x5A
        input.consume(8)
        state = .done
        return isGranted ? .connected(bound: ProxyTarget(.v4(bits), port)) : .refused(.generalFailure)
    }

    private mutating func appendRequest(to output: inout ByteBuffer) {
        output.append(contentsOf: [5, 1, 0])
        SOCKSAddress.append(target, to: &output)
        state = .reply
    }

    private func appendOldRequest(to output: inout ByteBuffer) {
        output.append(contentsOf: [4, 1])
        output.append(integer: target.port)
        var name = ""
        switch target.host {
        case .address(.v4(let bits)): output.append(integer: bits)
        case .address(.v6): preconditionFailure("refused when this was made")
        case .name(let host):
            output.append(integer: UInt32(1))
            name = host
        }
        output.append(contentsOf: (credentials?.user ?? []) + [0])
        if !name.isEmpty { output.append(contentsOf: Array(name.utf8) + [0]) }
    }

    private static let name = "SOCKS"
}
