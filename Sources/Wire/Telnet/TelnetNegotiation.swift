// SPDX-License-Identifier: Apache-2.0

/// What one side has agreed to do about one option: the "Q method", by which two sides that change their minds at the
/// same time come to an agreement, and never answer each other for ever. RFC 1143 §7.
enum TelnetNegotiation: Hashable, Sendable {
    case no
    case yes
    /// Its end was asked for; `again` if it is to be begun anew after that.
    case wantsNo(again: Bool)
    /// Its beginning was asked for; `butNot` if it is to be ended after that.
    case wantsYes(butNot: Bool)

    /// What a step has to say to the peer.
    enum Message {
        /// DO or WILL.
        case enable
        /// DONT or WONT.
        case disable
    }

    /// Whether it is in force.
    var isEnabled: Bool {
        switch self {
        case .yes, .wantsNo: true
        case .no, .wantsYes: false
        }
    }

    /// The peer has said WILL or DO.
    ///
    /// - Parameter isWelcome: whether that is agreed to, where the peer has begun.
    mutating func peerEnables(isWelcome: Bool) -> Message? {
        switch self {
        case .no:
            if isWelcome { self = .yes }
            return isWelcome ? .enable : .disable
        case .yes: return nil
        // The peer has answered a DONT by a WILL, against the rules: what was wanted is taken for granted.
        case .wantsNo(let again):
            self = again ? .yes : .no
            return nil
        case .wantsYes(let butNot):
            self = butNot ? .wantsNo(again: false) : .yes
            return butNot ? .disable : nil
        }
    }

    /// The peer has said WONT or DONT, which nobody may refuse.
    mutating func peerDisables() -> Message? {
        switch self {
        case .no: return nil
        case .yes:
            self = .no
            return .disable
        case .wantsNo(let again):
            self = again ? .wantsYes(butNot: false) : .no
            return again ? .enable : nil
        case .wantsYes:
            self = .no
            return nil
        }
    }

    /// We ask for it.
    mutating func enable() -> Message? {
        switch self {
        case .no:
            self = .wantsYes(butNot: false)
            return .enable
        case .yes: return nil
        case .wantsNo:
            self = .wantsNo(again: true)
            return nil
        case .wantsYes:
            self = .wantsYes(butNot: false)
            return nil
        }
    }

    /// We ask for its end.
    mutating func disable() -> Message? {
        switch self {
        case .no: return nil
        case .yes:
            self = .wantsNo(again: false)
            return .disable
        case .wantsNo:
            self = .wantsNo(again: false)
            return nil
        case .wantsYes:
            self = .wantsYes(butNot: true)
            return nil
        }
    }
}
