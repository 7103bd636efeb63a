// SPDX-License-Identifier: Apache-2.0
public import Sockets
public import Wire

/// Asks for a name and a password before anything else: Twisted's `AuthenticatingTelnetProtocol`.
///
/// ```swift
/// let factory = Factory {
///     AuthenticatingTelnetProtocol { name, password, peer in
///         accounts.accept(name, password) ? Shell(for: name) : nil
///     }
/// }
/// ```
/// While the password is typed the client shows nothing, because this side says that it echoes and does not. Who is not
/// let in after some attempts, or does not come through in time, is let go; that a name is unknown is not told. The
/// protocol inside is made for who is let in: it hears ``StreamProtocol/connectionMade(_:)`` then, and everything that
/// comes.
///
/// Telnet is not encrypted: whoever sees the network sees the password.
public struct AuthenticatingTelnetProtocol<Inside: TelnetLineReceiver>: TelnetLineReceiver {
    /// How often a name and a password are asked for, unless a caller says otherwise.
    public static var defaultMaximumAttempts: Int { 3 }
    /// How long all attempts together may take, unless a caller says otherwise.
    public static var defaultTimeLimit: Duration { .seconds(60) }
    /// The most bytes of a name, and of a password.
    public static var maximumWordLength: Int { 1024 }

    private let check: (_ name: String, _ password: String, _ peer: SocketAddress) -> Inside?
    private let maximumAttempts: Int
    private let timeLimit: Duration
    private var attempts = 0
    /// What was typed as the name, while the password is typed.
    private var name: String?
    private var inside: Inside?
    /// What came behind the password, until the protocol inside takes it.
    private var early: [UInt8] = []
    /// The password ended in a CR: an LF that comes next belongs to it.
    private var isBehindReturn = false

    /// - Parameters:
    ///   - maximumAttempts: how often is asked, at least once.
    ///   - timeLimit: how long all attempts together may take.
    ///   - check: what is inside for who may come; nil for who may not. Called on the loop: it must not wait.
    public init(
        maximumAttempts: Int = defaultMaximumAttempts, timeLimit: Duration = defaultTimeLimit,
        check: @escaping (_ name: String, _ password: String, _ peer: SocketAddress) -> Inside?
    ) {
        self.maximumAttempts = max(1, maximumAttempts)
        self.timeLimit = timeLimit
        self.check = check
    }

    /// As long as nobody is let in, that of a word.
    public var maximumLength: Int { inside?.maximumLength ?? Self.maximumWordLength }

    /// Asks for the name.
    public mutating func connectionMade(_ transport: StreamTransport) {
        transport.setTimeout(timeLimit, resetsOnTraffic: false)
        send("login: ", transport)
    }

    /// A name, a password, or what is for the protocol inside.
    public mutating func lineReceived(bytes line: [UInt8], _ transport: StreamTransport) throws {
        if inside != nil { return try inside?.lineReceived(bytes: line, transport) ?? () }
        let word = String(decoding: line, as: UTF8.self)
        guard let name else {
            name = word
            enable(.echo, .local, transport)
            return send("password: ", transport)
        }
        disable(.echo, .local, transport)
        send("\n", transport)
        self.name = nil
        inside = check(name, word, transport.peer)
        if inside == nil { return refuse(transport) }
        transport.setTimeout(nil)
        let session = session(of: transport)
        session.accept(inside?.acceptedOptions ?? [])
        isBehindReturn = session.lines.isBehindReturn
        early = session.lines.takeWaiting()
        try inside?.connectionMade(transport)
        try handOverEarly(transport)
    }

    private mutating func handOverEarly(_ transport: StreamTransport) throws {
        guard transport.mayDeliver, !early.isEmpty else { return }
        let data = early
        early = []
        try applicationDataReceived(data, transport)
    }

    /// What makes the lines; once somebody is let in, for the protocol inside.
    public mutating func applicationDataReceived(_ data: [UInt8], _ transport: StreamTransport) throws {
        if inside == nil { return try receiveLines(of: data, transport) }
        let skipsFirst = isBehindReturn && data.first == 0x0A
        isBehindReturn = false
        let rest = skipsFirst ? Array(data.dropFirst()) : data
        if !rest.isEmpty { try inside?.applicationDataReceived(rest, transport) }
    }

    /// Hands over what has waited; once somebody is let in, for the protocol inside.
    public mutating func readingResumed(_ transport: StreamTransport) throws {
        if inside == nil { return try resumeLines(transport) }
        try handOverEarly(transport)
        try inside?.readingResumed(transport)
    }

    private mutating func refuse(_ transport: StreamTransport) {
        attempts += 1
        send("login incorrect\n", transport)
        if attempts < maximumAttempts { send("login: ", transport) } else { transport.loseConnection() }
    }

    /// For the protocol inside; of who is not let in, the connection is thrown away.
    public mutating func lineLengthExceeded(_ bytes: [UInt8], _ transport: StreamTransport) throws {
        if inside != nil { return try inside?.lineLengthExceeded(bytes, transport) ?? () }
        throw FramingError("line", .tooLong(limit: maximumLength))
    }

    /// For the protocol inside; of who is not let in, the connection is thrown away.
    public mutating func violationReceived(_ error: FramingError, _ transport: StreamTransport) throws {
        if inside != nil { return try inside?.violationReceived(error, transport) ?? () }
        throw error
    }

    /// For the protocol inside.
    public mutating func commandReceived(_ command: TelnetCommand, _ transport: StreamTransport) throws {
        if inside != nil { return try inside?.commandReceived(command, transport) ?? () }
        edit(command, transport)
    }

    /// For the protocol inside.
    public mutating func optionEnabled(
        _ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport
    ) throws {
        try inside?.optionEnabled(option, side, transport)
    }

    /// For the protocol inside.
    public mutating func optionDisabled(
        _ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport
    ) throws {
        try inside?.optionDisabled(option, side, transport)
    }

    /// For the protocol inside.
    public mutating func subnegotiationReceived(
        _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport
    ) throws {
        try inside?.subnegotiationReceived(content, of: option, transport)
    }

    /// For the protocol inside.
    public mutating func readConnectionLost(_ transport: StreamTransport) throws {
        if inside != nil { return try inside?.readConnectionLost(transport) ?? () }
        transport.loseConnection()
    }

    /// For the protocol inside.
    public mutating func writeConnectionLost(_ transport: StreamTransport) throws {
        try inside?.writeConnectionLost(transport)
    }

    /// For the protocol inside; who has not come through in time is let go.
    public mutating func timeoutConnection(_ transport: StreamTransport) throws {
        if inside != nil { return try inside?.timeoutConnection(transport) ?? () }
        send("\nlogin timed out\n", transport)
        transport.loseConnection()
    }

    /// For the protocol inside.
    public mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {
        inside?.connectionLost(reason, transport)
    }
}
