// SPDX-License-Identifier: Apache-2.0

/// The side of SOCKS that is the proxy: version 4, 4a and 5, whichever the client speaks.
///
/// ```swift
/// var socks = SOCKSServer()
/// while let event = try socks.next(in: &input, answer: &output) {
///     // send the output; then
///     if case .request(let request) = event { try socks.reply(.succeeded, into: &output) }
/// }
/// ```
/// After each call the output has what is to be sent, also when the call throws: the client is told before it is let
/// go. What follows a request in the input belongs to the connection that was asked for.
///
/// No message is longer than 513 bytes, in version 4 than ten and two names, and none is waited for beyond that. After
/// a violation, or an answer other than success, the side stays dead.
///
/// RFC 1928, RFC 1929; Y. Lee, *SOCKS 4A*.
public struct SOCKSServer: Sendable {
    /// What a client has said.
    public enum Event: Hashable, Sendable {
        /// Its name and its password: answer by ``SOCKSServer/allow(_:into:)``.
        case credentials(ProxyCredentials)
        /// What it wants: answer by ``SOCKSServer/reply(_:bound:into:)``.
        case request(SOCKSRequest)
    }

    private enum State: Hashable {
        case greeting, credentials, verdict, request(SOCKSRequest.Version), reply(SOCKSRequest.Version), done
    }

    /// Whether clients have to give a name and a password. Version 4 has none, and is refused then.
    public let needsCredentials: Bool
    /// The most bytes of a version 4 client's user and host names, each.
    public let nameLimit: Int

    private var state = State.greeting
    private var violation = FirstViolation()

    /// Makes the proxy's side for one client.
    ///
    /// - Precondition: `nameLimit` is at least 1.
    public init(needsCredentials: Bool = false, nameLimit: Int = 255) {
        precondition(nameLimit > 0, "a name has at least a byte")
        self.needsCredentials = needsCredentials
        self.nameLimit = nameLimit
    }

    /// Takes the next message from the front of the input; nil until more bytes have come, and while an answer is due.
    ///
    /// - Parameter output: gets what is to be sent, behind what is there.
    /// - Throws: `.malformed` for what is no message of the protocol, for a client that can't do what is needed, and
    ///   for a name over the limit.
    public mutating func next(in input: inout ByteBuffer, answer output: inout ByteBuffer) throws(FramingError)
        -> Event?
    {
        try violation.check()
        do throws(SOCKSFault) {
            while true {
                switch state {
                case .greeting: if try !greet(&input, &output) { return nil }
                case .credentials: return try credentials(&input)
                case .request(.v4): return try oldRequest(&input)
                case .request(.v5): return try request(&input)
                case .verdict, .reply, .done: return nil
                }
            }
        } catch {
            refuse(error.reply, &output)
            throw violation.record(Self.name, .malformed(error.words))
        }
    }

    /// Answers a client's credentials.
    ///
    /// - Precondition: `.credentials` was the last event, and has no answer yet.
    public mutating func allow(_ isAllowed: Bool, into output: inout ByteBuffer) {
        precondition(state == .verdict, "credentials are answered once, after they have come")
        output.append(contentsOf: [1, isAllowed ? 0 : 1])
        state = isAllowed ? .request(.v5) : .done
    }

    /// Answers a client's request. After success the bytes that follow belong to the connection.
    ///
    /// - Parameter bound: the proxy's own address of the connection; zeros for nil, and in version 4 for one of IPv6.
    /// - Precondition: `.request` was the last event, and has no answer yet.
    public mutating func reply(_ reply: SOCKSReply, bound: InternetEndpoint? = nil, into output: inout ByteBuffer) {
        guard case .reply(let version) = state else { preconditionFailure("a request is answered once") }
        state = .done
        Self.append(reply, bound, version, &output)
    }

    // MARK: Messages

    /// Chooses how a client proves who it is; true once that is done.
    private mutating func greet(_ input: inout ByteBuffer, _ output: inout ByteBuffer) throws(SOCKSFault) -> Bool {
        guard !input.isEmpty else { return false }
        if input[0] == 4 {
            state = .request(.v4)
            if needsCredentials { throw SOCKSFault("version 4 has no passwords", .notAllowed) }
            return true
        }
        guard input[0] == 5 else { throw SOCKSFault("0x\(String(input[0], radix: 16)) is no version of SOCKS") }
        guard input.count > 1 else { return false }
        let count = Int(input[1])
        guard count > 0 else { throw SOCKSFault("a greeting without a method") }
        guard input.count >= count + 2 else { return false }
        let methods = input.array(2..<count + 2)
        input.consume(count + 2)
        let wanted: UInt8 = needsCredentials ? 2 : 0
        guard methods.contains(wanted) else {
            state = .done
            output.append(contentsOf: [5, 0xFF])
            throw SOCKSFault("the client offers no method of authentication that is accepted here")
        }
        output.append(contentsOf: [5, wanted])
        state = needsCredentials ? .credentials : .request(.v5)
        return true
    }

    /// RFC 1929 §2.
    private mutating func credentials(_ input: inout ByteBuffer) throws(SOCKSFault) -> Event? {
        guard !input.isEmpty else { return nil }
        guard input[0] == 1 else { throw SOCKSFault("credentials of version \(input[0])") }
        guard input.count > 1 else { return nil }
        let user = 2..<2 + Int(input[1])
        guard input.count > user.upperBound else { return nil }
        let password = user.upperBound + 1..<user.upperBound + 1 + Int(input[user.upperBound])
        guard input.count >= password.upperBound else { return nil }
        let event = Event.credentials(.init(user: input.array(user), password: input.array(password)))
        input.consume(password.upperBound)
        state = .verdict
        return event
    }

    /// RFC 1928 §4.
    private mutating func request(_ input: inout ByteBuffer) throws(SOCKSFault) -> Event? {
        guard !input.isEmpty else { return nil }
        guard input[0] == 5 else { throw SOCKSFault("a request of version \(input[0])") }
        guard input.count > 1 else { return nil }
        guard let command = SOCKSRequest.Command(rawValue: input[1]) else {
            throw SOCKSFault("\(input[1]) is no command", .commandNotSupported)
        }
        guard input.count > 2 else { return nil }
        guard input[2] == 0 else { throw SOCKSFault("a reserved byte of \(input[2])") }
        guard let found = try SOCKSAddress.read(input, at: 3) else { return nil }
        input.consume(3 + found.byteCount)
        state = .reply(.v5)
        return .request(SOCKSRequest(version: .v5, command: command, target: found.target, user: []))
    }

    private mutating func oldRequest(_ input: inout ByteBuffer) throws(SOCKSFault) -> Event? {
        guard input.count > 1 else { return nil }
        guard input[1] != 3, let command = SOCKSRequest.Command(rawValue: input[1]) else {
            throw SOCKSFault("\(input[1]) is no command of version 4", .commandNotSupported)
        }
        guard let port = input.integer(at: 2, as: UInt16.self), let bits = input.integer(at: 4, as: UInt32.self),
            let user = try name(in: input, from: 8)
        else { return nil }
        // 0.0.0.x, which is nobody's address: the name follows (4a).
        guard (1...255).contains(bits) else {
            let request = SOCKSRequest(
                version: .v4, command: command, target: ProxyTarget(.v4(bits), port), user: input.array(user))
            return take(request, user.upperBound + 1, &input)
        }
        guard let host = try name(in: input, from: user.upperBound + 1) else { return nil }
        guard let target = ProxyTarget(host: input.array(host), port: port) else {
            let found = input.bytes.extracting(host).quoted()
            throw SOCKSFault("\(found) is neither a host's name nor its address")
        }
        let request = SOCKSRequest(version: .v4, command: command, target: target, user: input.array(user))
        return take(request, host.upperBound + 1, &input)
    }

    private mutating func take(_ request: SOCKSRequest, _ count: Int, _ input: inout ByteBuffer) -> Event {
        input.consume(count)
        state = .reply(.v4)
        return .request(request)
    }

    /// Where a name stands that ends in a zero byte; nil while that has not come.
    private func name(in input: borrowing ByteBuffer, from start: Int) throws(SOCKSFault) -> Range<Int>? {
        let end = start + nameLimit + 1
        if let zero = input.firstIndex(of: 0, from: start, before: end) { return start..<zero }
        if input.count >= end { throw SOCKSFault("a name of more than \(nameLimit) bytes") }
        return nil
    }

    // MARK: Answers

    /// Tells the client of a violation, where it has come far enough for an answer.
    private mutating func refuse(_ reply: SOCKSReply, _ output: inout ByteBuffer) {
        switch state {
        case .request(let version): Self.append(reply, nil, version, &output)
        case .credentials: output.append(contentsOf: [1, 1])
        case .greeting, .verdict, .reply, .done: break
        }
        state = .done
    }

    private static func append(
        _ reply: SOCKSReply, _ bound: InternetEndpoint?, _ version: SOCKSRequest.Version, _ output: inout ByteBuffer
    ) {
        let bound = bound ?? InternetEndpoint(.v4(0), 0)
        switch version {
        case .v5:
            output.append(contentsOf: [5, reply.rawValue, 0])
            SOCKSAddress.append(ProxyTarget(bound.address, bound.port), to: &output)
        case .v4:
            output.append(contentsOf: [0, reply == .succeeded ? 0x5A : 0x5B])
            output.append(integer: bound.port)
            let bits: UInt32 = if case .v4(let bits) = bound.address { bits } else { 0 }
            output.append(integer: bits)
        }
    }

    private static let name = "SOCKS"
}
