// SPDX-License-Identifier: Apache-2.0
public import Wire

/// A protocol of lines over telnet, in either role.
///
/// ```swift
/// struct Shell: TelnetLineReceiver {
///     func connectionMade(_ transport: StreamTransport) { send("> ", transport) }
///     func lineReceived(_ line: String, _ transport: StreamTransport) {
///         if line == "exit" { return transport.loseConnection() }
///         send("you said \(line)\n> ", transport)
///     }
/// }
/// ```
/// A line ends in CR LF, in LF, or in a CR by itself, whatever the client's return key sends. The commands that take
/// back a character or the line do so. What stands behind the last end is no line.
public protocol TelnetLineReceiver: TelnetProtocol {
    /// The most bytes of a line, its end not counted.
    var maximumLength: Int { get }

    /// A line has come, as UTF-8; each ill-formed piece is U+FFFD.
    mutating func lineReceived(_ line: String, _ transport: StreamTransport) throws

    /// A line has come, as bytes. Unless it is implemented the one above is called.
    mutating func lineReceived(bytes line: [UInt8], _ transport: StreamTransport) throws

    /// A line is longer than ``maximumLength``. Unless it is implemented the connection is thrown away.
    ///
    /// - Parameter bytes: its beginning. Who goes on receives the rest as the beginning of another line.
    mutating func lineLengthExceeded(_ bytes: [UInt8], _ transport: StreamTransport) throws
}

extension TelnetLineReceiver {
    /// 16,384.
    public var maximumLength: Int { DelimiterFramer.defaultLimit }

    /// Nothing: who implements the one with bytes needs no other.
    public mutating func lineReceived(_ line: String, _ transport: StreamTransport) {}

    /// Decodes the line.
    public mutating func lineReceived(bytes line: [UInt8], _ transport: StreamTransport) throws {
        try lineReceived(String(decoding: line, as: UTF8.self), transport)
    }

    /// Throws the connection away.
    public mutating func lineLengthExceeded(_ bytes: [UInt8], _ transport: StreamTransport) {
        transport.end(.failed(FramingError("line", .tooLong(limit: maximumLength))))
    }

    /// Takes back what the peer takes back, and says that somebody is here.
    public mutating func commandReceived(_ command: TelnetCommand, _ transport: StreamTransport) {
        edit(command, transport)
    }

    /// What ``commandReceived(_:_:)`` does, for who implements that.
    public func edit(_ command: TelnetCommand, _ transport: StreamTransport) {
        switch command {
        case .eraseCharacter: session(of: transport).lines.eraseCharacter()
        case .eraseLine: session(of: transport).lines.eraseLine()
        case .areYouThere: send("[yes]\n", transport)
        default: break
        }
    }

    /// What makes the lines; who replaces it has none.
    public mutating func applicationDataReceived(_ data: [UInt8], _ transport: StreamTransport) throws {
        try receiveLines(of: data, transport)
    }

    /// Makes lines of what has come, and hands them over.
    mutating func receiveLines(of data: [UInt8], _ transport: StreamTransport) throws {
        let session = session(of: transport)
        session.lines.append(data)
        try deliverLines(session, transport)
    }

    /// Hands over what has waited.
    public mutating func readingResumed(_ transport: StreamTransport) throws { try resumeLines(transport) }

    mutating func resumeLines(_ transport: StreamTransport) throws {
        let session = session(of: transport)
        try deliverLines(session, transport)
        try deliver(session, transport)
    }

    private mutating func deliverLines(_ session: TelnetSession, _ transport: StreamTransport) throws {
        while transport.mayDeliver, let piece = session.lines.next(atMost: maximumLength) {
            switch piece {
            case .line(let line): try lineReceived(bytes: line, transport)
            case .overlong(let line): try lineLengthExceeded(line, transport)
            }
        }
        if transport.isDisconnecting { session.clear() }
    }
}

/// A conversation by lines over telnet in which what a line means depends on those before it: Twisted's
/// `StatefulTelnetProtocol`.
public protocol StatefulTelnetProtocol: TelnetLineReceiver {
    /// Where the conversation stands.
    associatedtype State

    /// Where it stands now; at first where it begins.
    var state: State { get set }

    /// A line has come in a state.
    ///
    /// - Returns: the next state.
    mutating func lineReceived(_ line: String, in state: State, _ transport: StreamTransport) throws -> State
}

extension StatefulTelnetProtocol {
    /// Goes from state to state.
    public mutating func lineReceived(_ line: String, _ transport: StreamTransport) throws {
        state = try lineReceived(line, in: state, transport)
    }
}
