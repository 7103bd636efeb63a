// SPDX-License-Identifier: Apache-2.0

/// One side of telnet: what is data and what is talk about it.
///
/// ```swift
/// var telnet = TelnetCodec(accepting: [(.echo, .remote), (.suppressGoAhead, .remote)])
/// while let event = try telnet.next(in: &input, answer: &output) {
///     if case .data(let bytes) = event { show(bytes) }
/// }
/// // send the output
/// ```
/// Options that are not accepted are refused, as every side may; no answer ever answers an answer (RFC 1143). What is
/// to be sent is never more than three bytes for three that came. Each byte is looked at once, nothing is kept but a
/// subnegotiation, which has a limit; after a violation the side stays dead.
///
/// Data is bytes; unless ``TelnetOption/binary`` is in force, a CR comes as CR LF (a line's end) or CR NUL (only a CR,
/// whose NUL is left out here and put in by ``encode(_:into:)``).
///
/// RFC 854, RFC 855, RFC 1143.
public struct TelnetCodec: Sendable {
    /// The most bytes of a subnegotiation, unless a caller names another number.
    public static let defaultSubnegotiationLimit = 1024
    /// The most bytes of one event's data: what comes at once is given in pieces.
    public static let dataLimit = 65_536

    /// What has come.
    public enum Event: Hashable, Sendable {
        /// Data; never empty. How it is cut means nothing.
        case data([UInt8])
        /// A command.
        case command(TelnetCommand)
        /// An option is in force from here on.
        case enabled(TelnetOption, TelnetSide)
        /// An option is no longer in force, or our request for it was refused.
        case disabled(TelnetOption, TelnetSide)
        /// What the peer says within an option.
        case subnegotiation(TelnetOption, [UInt8])
    }

    private enum State: Hashable {
        case data
        /// Behind a CR of the data.
        case carriageReturn
        /// Behind IAC.
        case command
        /// Behind WILL, WONT, DO or DONT.
        case option(verb: UInt8)
        /// Behind IAC SB.
        case subnegotiation
        /// In what is said within an option.
        case content
        /// Behind an IAC in there.
        case contentCommand
    }

    /// An option of one side.
    private struct Matter: Hashable {
        let option: TelnetOption
        let side: TelnetSide
    }

    /// The most bytes of a subnegotiation.
    public let subnegotiationLimit: Int

    private var state = State.data
    private var welcome: Set<Matter>
    private var agreed: [Matter: TelnetNegotiation] = [:]
    /// The option of the subnegotiation that has begun, and what it has said so far.
    private var talk: (option: TelnetOption, bytes: [UInt8]) = (.binary, [])
    private var violation = FirstViolation()
    /// Whether the last data that was sent ended in a CR.
    private var hasSentCarriageReturn = false

    /// Makes a side.
    ///
    /// - Parameters:
    ///   - accepted: the options that the peer may begin, and whose.
    ///   - subnegotiationLimit: the most bytes of a subnegotiation.
    /// - Precondition: the limit is not negative.
    public init(
        accepting accepted: [(option: TelnetOption, side: TelnetSide)] = [],
        subnegotiationLimit: Int = TelnetCodec.defaultSubnegotiationLimit
    ) {
        precondition(subnegotiationLimit >= 0, "a subnegotiation's limit is not negative")
        welcome = Set(accepted.map { Matter(option: $0.option, side: $0.side) })
        self.subnegotiationLimit = subnegotiationLimit
    }

    /// From now on the peer may begin this option too.
    public mutating func accept(_ option: TelnetOption, _ side: TelnetSide) {
        welcome.insert(Matter(option: option, side: side))
    }

    /// Whether an option is in force.
    public func isEnabled(_ option: TelnetOption, _ side: TelnetSide) -> Bool {
        agreed[Matter(option: option, side: side)]?.isEnabled ?? false
    }

    // MARK: Receiving

    /// Takes the next event from the front of the input; nil until more bytes have come.
    ///
    /// - Parameter output: gets what is to be sent, behind what is there.
    /// - Throws: `.tooLong` for a subnegotiation over the limit; `.malformed` for what no command is.
    public mutating func next(
        in input: inout ByteBuffer, answer output: inout ByteBuffer
    ) throws(FramingError) -> Event? {
        try violation.check()
        do throws(FramingError.Reason) {
            while !input.isEmpty {
                if state == .data || state == .carriageReturn {
                    if let data = takeData(&input) { return .data(data) }
                } else {
                    let byte = input[0]
                    input.consume(1)
                    if let event = try step(byte, &output) { return event }
                }
            }
            return nil
        } catch {
            throw violation.record(Self.name, error)
        }
    }

    /// Takes data up to the next command; nil where there was none in front of it.
    private mutating func takeData(_ input: inout ByteBuffer) -> [UInt8]? {
        let end = min(input.count, Self.dataLimit)
        let command = input.firstIndex(of: Self.interpret, before: end)
        var data = input.take(command ?? end)
        if isEnabled(.binary, .remote) { state = .data } else { dropPadding(of: &data) }
        if command != nil {
            input.consume(1)
            // What stands between CR and NUL changes nothing about them, so that the CR is remembered.
            hasCarriageReturn = state == .carriageReturn
            state = .command
        }
        return data.isEmpty ? nil : data
    }

    /// Whether the data before a command ended in a CR.
    private var hasCarriageReturn = false

    private mutating func dropPadding(of data: inout [UInt8]) {
        guard !data.isEmpty else { return }
        var isBehindReturn = state == .carriageReturn
        if isBehindReturn || data.contains(Self.carriageReturn) {
            data.removeAll { byte in
                defer { isBehindReturn = byte == Self.carriageReturn }
                return isBehindReturn && byte == 0
            }
        }
        state = isBehindReturn ? .carriageReturn : .data
    }

    /// Takes one byte that is no plain data.
    private mutating func step(_ byte: UInt8, _ output: inout ByteBuffer) throws(FramingError.Reason) -> Event? {
        switch state {
        case .data, .carriageReturn: return nil
        case .command: return try begin(byte)
        case .option(let verb):
            goOn()
            return negotiate(verb, TelnetOption(rawValue: byte), &output)
        case .subnegotiation:
            talk = (TelnetOption(rawValue: byte), [])
            state = .content
            return nil
        case .content:
            if byte == Self.interpret { state = .contentCommand } else { try keep(byte) }
            return nil
        case .contentCommand:
            if byte == Self.interpret {
                state = .content
                try keep(byte)
                return nil
            }
            guard byte == Self.subnegotiationEnd else {
                throw .malformed("a subnegotiation with command \(byte) in it")
            }
            goOn()
            defer { talk.bytes = [] }
            return .subnegotiation(talk.option, talk.bytes)
        }
    }

    /// Back to data, as it was before the command.
    private mutating func goOn() { state = hasCarriageReturn ? .carriageReturn : .data }

    private mutating func begin(_ byte: UInt8) throws(FramingError.Reason) -> Event? {
        switch byte {
        case Self.interpret:
            state = .data
            return .data([byte])
        case Self.will...Self.dont:
            state = .option(verb: byte)
            return nil
        case Self.subnegotiationBegin:
            state = .subnegotiation
            return nil
        default:
            guard let command = TelnetCommand(rawValue: byte) else { throw .malformed("\(byte) is no command") }
            goOn()
            return .command(command)
        }
    }

    private mutating func keep(_ byte: UInt8) throws(FramingError.Reason) {
        guard talk.bytes.count < subnegotiationLimit else { throw .tooLong(limit: subnegotiationLimit) }
        talk.bytes.append(byte)
    }

    // MARK: Options

    /// Asks the peer for an option, or offers it; the answer is an event.
    public mutating func enable(_ option: TelnetOption, _ side: TelnetSide, into output: inout ByteBuffer) {
        change(Matter(option: option, side: side), &output) { $0.enable() }
    }

    /// Ends an option; the answer is an event.
    public mutating func disable(_ option: TelnetOption, _ side: TelnetSide, into output: inout ByteBuffer) {
        change(Matter(option: option, side: side), &output) { $0.disable() }
    }

    private mutating func negotiate(
        _ verb: UInt8, _ option: TelnetOption, _ output: inout ByteBuffer
    ) -> Event? {
        let matter = Matter(option: option, side: verb == Self.will || verb == Self.wont ? .remote : .local)
        let before = agreed[matter] ?? .no
        let isWelcome = welcome.contains(matter)
        change(matter, &output) { negotiation in
            verb == Self.will || verb == Self.doIt
                ? negotiation.peerEnables(isWelcome: isWelcome) : negotiation.peerDisables()
        }
        let after = agreed[matter] ?? .no
        if after.isEnabled != before.isEnabled {
            return after.isEnabled ? .enabled(option, matter.side) : .disabled(option, matter.side)
        }
        // Refused: what was asked for did not come into force.
        if case .wantsYes = before, after == .no { return .disabled(option, matter.side) }
        return nil
    }

    private mutating func change(
        _ matter: Matter, _ output: inout ByteBuffer,
        _ step: (inout TelnetNegotiation) -> TelnetNegotiation.Message?
    ) {
        var negotiation = agreed[matter] ?? .no
        let message = step(&negotiation)
        agreed[matter] = negotiation == .no ? nil : negotiation
        guard let message else { return }
        let verb: UInt8 =
            switch (message, matter.side) {
            case (.enable, .local): Self.will
            case (.disable, .local): Self.wont
            case (.enable, .remote): Self.doIt
            case (.disable, .remote): Self.dont
            }
        output.append(contentsOf: [Self.interpret, verb, matter.option.rawValue])
    }

    // MARK: Sending

    /// Appends data: a byte that would begin a command is doubled, and a CR that no LF follows gets its NUL, unless
    /// ``TelnetOption/binary`` is in force here. A CR at the end has it once more data has come: ``flush(into:)``.
    public mutating func encode(_ data: some Sequence<UInt8>, into output: inout ByteBuffer) {
        let isBinary = isEnabled(.binary, .local)
        for byte in data {
            if hasSentCarriageReturn, !isBinary, byte != Self.lineFeed { output.append(0) }
            hasSentCarriageReturn = byte == Self.carriageReturn
            output.append(byte)
            if byte == Self.interpret { output.append(byte) }
        }
    }

    /// Ends what was sent: a CR at its end gets its NUL.
    public mutating func flush(into output: inout ByteBuffer) {
        if hasSentCarriageReturn, !isEnabled(.binary, .local) { output.append(0) }
        hasSentCarriageReturn = false
    }

    /// Appends a command.
    public func encode(_ command: TelnetCommand, into output: inout ByteBuffer) {
        output.append(contentsOf: [Self.interpret, command.rawValue])
    }

    /// Appends a subnegotiation.
    ///
    /// - Throws: `.tooLong`.
    public func encode(
        subnegotiation bytes: [UInt8], of option: TelnetOption, into output: inout ByteBuffer
    ) throws(FramingError) {
        if bytes.count > subnegotiationLimit { throw FramingError(Self.name, .tooLong(limit: subnegotiationLimit)) }
        output.append(contentsOf: [Self.interpret, Self.subnegotiationBegin, option.rawValue])
        for byte in bytes {
            output.append(byte)
            if byte == Self.interpret { output.append(byte) }
        }
        output.append(contentsOf: [Self.interpret, Self.subnegotiationEnd])
    }

    private static let name = "telnet"
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A
    private static let interpret: UInt8 = 255
    private static let subnegotiationEnd: UInt8 = 240
    private static let subnegotiationBegin: UInt8 = 250
    private static let will: UInt8 = 251
    private static let wont: UInt8 = 252
    private static let doIt: UInt8 = 253
    private static let dont: UInt8 = 254
}
