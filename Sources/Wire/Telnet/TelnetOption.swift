// SPDX-License-Identifier: Apache-2.0

/// An option that the two sides of telnet agree on, each for itself.
///
/// IANA, *Telnet Options*.
public struct TelnetOption: RawRepresentable, Hashable, Sendable {
    /// Its number.
    public let rawValue: UInt8

    /// The option of this number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bytes as they are, without the rules for line ends. RFC 856.
    public static let binary = TelnetOption(rawValue: 0)
    /// What comes is sent back. RFC 857.
    public static let echo = TelnetOption(rawValue: 1)
    /// No "go ahead" after each turn. RFC 858.
    public static let suppressGoAhead = TelnetOption(rawValue: 3)
    /// The state of all options may be asked for. RFC 859.
    public static let status = TelnetOption(rawValue: 5)
    /// The terminal's name. RFC 1091.
    public static let terminalType = TelnetOption(rawValue: 24)
    /// The window's size. RFC 1073.
    public static let windowSize = TelnetOption(rawValue: 31)
    /// The terminal's speed. RFC 1079.
    public static let terminalSpeed = TelnetOption(rawValue: 32)
    /// Whole lines, edited where they are typed. RFC 1184.
    public static let lineMode = TelnetOption(rawValue: 34)
    /// Variables of the environment. RFC 1572.
    public static let environment = TelnetOption(rawValue: 39)
}

/// A telnet command that stands for itself. RFC 854.
public enum TelnetCommand: UInt8, Hashable, Sendable, CaseIterable {
    /// A record ends. RFC 885.
    case endOfRecord = 239
    /// Nothing.
    case noOperation = 241
    /// Where the stream's urgent part ends.
    case dataMark = 242
    /// The break key.
    case breakKey = 243
    /// What runs is to be interrupted.
    case interruptProcess = 244
    /// What is printed is to be thrown away.
    case abortOutput = 245
    /// Say something, if you live.
    case areYouThere = 246
    /// The last character is to be taken back.
    case eraseCharacter = 247
    /// The line is to be taken back.
    case eraseLine = 248
    /// It is the other side's turn.
    case goAhead = 249
}

/// Whose behaviour an option is about.
public enum TelnetSide: Hashable, Sendable, CaseIterable {
    /// Ours: WILL and WONT from here, DO and DONT from the peer.
    case local
    /// The peer's: DO and DONT from here, WILL and WONT from the peer.
    case remote
}
