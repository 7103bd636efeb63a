// SPDX-License-Identifier: Apache-2.0
public import Wire

/// What happens on one telnet connection, as calls of a loop, in either role: Twisted's `TelnetProtocol` and its
/// `TelnetTransport`.
///
/// ```swift
/// struct Screen: TelnetProtocol {
///     func connectionMade(_ transport: StreamTransport) { enable(.windowSize, .remote, transport) }
///     func subnegotiationReceived(_ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport) {
///         if let size = TelnetWindowSize(content) { sendLine("you have \(size.columns) columns", transport) }
///     }
/// }
/// try loop.listenTCP(2323, Factory(Screen.init))
/// ```
/// What comes is split into data and talk about it, as ``TelnetCodec`` says, and what has to be answered is answered.
/// An option that the peer begins and that is not among ``acceptedOptions`` is refused; one that is asked for here is
/// in force when ``optionEnabled(_:_:_:)`` says so. A client that knows no telnet, such as ncat, sends only data.
/// ``TelnetLineReceiver`` makes lines of it.
public protocol TelnetProtocol: StreamProtocol {
    /// What the peer may begin, and on whose side; nothing unless it is implemented. Looked at once, when the
    /// connection first speaks. Twisted: `enableLocal`, `enableRemote`.
    var acceptedOptions: [(option: TelnetOption, side: TelnetSide)] { get }

    /// Data has come, in pieces that have nothing to do with how it was sent. Twisted: `dataReceived`, which has an LF
    /// where a line's end came as CR LF.
    mutating func applicationDataReceived(_ data: [UInt8], _ transport: StreamTransport) throws

    /// A command has come. Unless it is implemented ``TelnetCommand/areYouThere`` is answered, and nothing else.
    mutating func commandReceived(_ command: TelnetCommand, _ transport: StreamTransport) throws

    /// An option is in force from here on.
    mutating func optionEnabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) throws

    /// An option is no longer in force, or the peer has refused it. Twisted: `disableLocal`, `disableRemote`, and the
    /// `OptionRefused` of `will` and `do`.
    mutating func optionDisabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) throws

    /// The peer has said something within an option. Twisted: `unhandledSubnegotiation`, `negotiationMap`.
    mutating func subnegotiationReceived(
        _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport) throws

    /// The peer sends what is no telnet, or too much of it at once. Unless it is implemented the connection is thrown
    /// away, and the error is the reason; who implements it ends it otherwise: nothing more is handed over.
    mutating func violationReceived(_ error: FramingError, _ transport: StreamTransport) throws
}

extension TelnetProtocol {
    /// None.
    public var acceptedOptions: [(option: TelnetOption, side: TelnetSide)] { [] }
    /// Nothing: the data is thrown away.
    public mutating func applicationDataReceived(_ data: [UInt8], _ transport: StreamTransport) {}
    /// Says that somebody is here, to who asks. RFC 854.
    public mutating func commandReceived(_ command: TelnetCommand, _ transport: StreamTransport) {
        if command == .areYouThere { send("[yes]\n", transport) }
    }
    /// Nothing.
    public mutating func optionEnabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {}
    /// Nothing.
    public mutating func optionDisabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {}
    /// Nothing.
    public mutating func subnegotiationReceived(
        _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport
    ) {}
    /// Throws the connection away.
    public mutating func violationReceived(_ error: FramingError, _ transport: StreamTransport) throws { throw error }

    /// What makes the events; who replaces it has none.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws {
        let session = session(of: transport)
        session.append(data)
        try deliver(session, transport)
    }

    /// Hands over what has waited.
    public mutating func readingResumed(_ transport: StreamTransport) throws {
        try deliver(session(of: transport), transport)
    }

    mutating func deliver(_ session: TelnetSession, _ transport: StreamTransport) throws {
        while transport.mayDeliver {
            let event: TelnetCodec.Event?
            do throws(FramingError) { event = try session.next() } catch {
                session.isDead = true
                return try violationReceived(error, transport)
            }
            session.speak(transport)
            switch event {
            case .data(let data): try applicationDataReceived(data, transport)
            case .command(let command): try commandReceived(command, transport)
            case .enabled(let option, let side): try optionEnabled(option, side, transport)
            case .disabled(let option, let side): try optionDisabled(option, side, transport)
            case .subnegotiation(let option, let content):
                try subnegotiationReceived(content, of: option, transport)
            case nil: return session.slim()
            }
        }
    }
}

/// Speaking. All of it on the loop.
extension TelnetProtocol {
    /// Sends text, as UTF-8: an LF goes as CR LF, with the CR that is missing.
    public func send(_ text: String, _ transport: StreamTransport) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if byte == 0x0A, bytes.last != 0x0D { bytes.append(0x0D) }
            bytes.append(byte)
        }
        send(bytes: bytes, transport)
    }

    /// Sends data, so that the peer gets these bytes whatever they are. A CR with nothing behind it is a CR by itself.
    public func send(bytes: [UInt8], _ transport: StreamTransport) {
        session(of: transport).say(transport) { codec, output in
            codec.encode(bytes, into: &output)
            codec.flush(into: &output)
        }
    }

    /// Sends a line: the text and CR LF.
    public func sendLine(_ line: String, _ transport: StreamTransport) { send(line + "\n", transport) }

    /// Sends a command.
    public func sendCommand(_ command: TelnetCommand, _ transport: StreamTransport) {
        session(of: transport).say(transport) { codec, output in codec.encode(command, into: &output) }
    }

    /// Says something within an option. Twisted: `requestNegotiation`.
    ///
    /// - Throws: `.tooLong` over ``TelnetCodec/defaultSubnegotiationLimit``.
    public func sendSubnegotiation(
        _ content: [UInt8], of option: TelnetOption, _ transport: StreamTransport
    ) throws(FramingError) {
        try session(of: transport).say(transport) { codec, output throws(FramingError) in
            try codec.encode(subnegotiation: content, of: option, into: &output)
        }
    }

    /// Offers an option, or asks the peer for one; ``optionEnabled(_:_:_:)`` or ``optionDisabled(_:_:_:)`` tells what
    /// came of it. Twisted: `will` for this side, `do` for the peer's.
    public func enable(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {
        session(of: transport).say(transport) { codec, output in codec.enable(option, side, into: &output) }
    }

    /// Ends an option. Twisted: `wont` for this side, `dont` for the peer's.
    public func disable(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) {
        session(of: transport).say(transport) { codec, output in codec.disable(option, side, into: &output) }
    }

    /// Whether an option is in force. Twisted: `getOptionState`.
    public func isEnabled(_ option: TelnetOption, _ side: TelnetSide, _ transport: StreamTransport) -> Bool {
        session(of: transport).isEnabled(option, side)
    }

    func session(of transport: StreamTransport) -> TelnetSession {
        precondition(transport.loop.isCurrent, "telnet is spoken on the connection's loop")
        if let known = transport.framing as? TelnetSession { return known }
        let made = TelnetSession(TelnetCodec(accepting: acceptedOptions))
        transport.framing = made
        // The mark behind ctrl-C is sent as urgent: out of line it would be missing behind the byte that announces it.
        transport.setUrgentInline()
        return made
    }
}
