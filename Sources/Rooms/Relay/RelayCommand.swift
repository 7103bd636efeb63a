// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What a client of a relay says to it: a line.
enum RelayCommand: Hashable, Sendable {
    /// `LOGIN ann 40001`: a name, and the UDP port that we talk by; 0 for none.
    case login(ChatName, Port)
    /// `WATCH bob`: tell me when bob comes and goes.
    case watch(ChatName)
    /// `FIND bob`: where is bob, and tell him that I knock.
    case find(ChatName)
    /// `TO bob 17 hello`: pass it on. The number is the sender's, so that nobody reads it twice.
    case text(String, to: ChatName, number: UInt64)
    /// `QUIT`.
    case quit

    /// The most bytes of a line.
    static let maximumLength = 4096

    /// The line without its end.
    var line: String {
        switch self {
        case .login(let name, let port): "LOGIN \(name) \(port)"
        case .watch(let name): "WATCH \(name)"
        case .find(let name): "FIND \(name)"
        case .text(let text, let name, let number): "TO \(name) \(number) \(text)"
        case .quit: "QUIT"
        }
    }

    /// Reads a line; nil for what is no command.
    init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        let name = words.count > 1 ? ChatName(words[1]) : nil
        switch (words[0], words.count, name) {
        case ("LOGIN", 3, let name?):
            guard let port = try? Port(String(words[2])) else { return nil }
            self = .login(name, port)
        case ("WATCH", 2, let name?): self = .watch(name)
        case ("FIND", 2, let name?): self = .find(name)
        case ("TO", 4, let name?):
            guard let number = UInt64(words[2]) else { return nil }
            self = .text(String(words[3]), to: name, number: number)
        case ("QUIT", 1, _): self = .quit
        default: return nil
        }
    }
}

/// A client that somebody may talk to directly, and the word by which the two know each other.
struct RelayContact: Hashable, Sendable {
    let name: ChatName
    /// Which of the user's clients.
    let session: UInt64
    let address: SocketAddress
    let key: String
}

/// What a relay says to a client: a line.
enum RelayNotice: Hashable, Sendable {
    /// `WELCOME 7 TOKEN`: the client's number, and the word to send by UDP, so that its address is known.
    case welcome(session: UInt64, token: String)
    /// `REFUSED why`.
    case refused(String)
    /// `ONLINE bob`, `OFFLINE bob`.
    case online(ChatName), offline(ChatName)
    /// `AT bob 9 10.0.0.2:40001 KEY`: an answer to FIND, one for each client of the user's that has an address.
    case at(RelayContact)
    /// `FOUND bob 2`: the end of the answer: so many clients in all.
    case found(ChatName, Int)
    /// `CALL ann 7 10.0.0.1:40000 KEY`: somebody knocks, and is to be let in.
    case call(RelayContact)
    /// `FROM ann 7 17 hello`: as it was sent. Whoever reads it makes it harmless.
    case text(String, from: ChatName, session: UInt64, number: UInt64)
    /// `SENT 17 2`: passed on to so many clients.
    case sent(number: UInt64, count: Int)

    /// The most bytes of a line: a command's text, of which each byte that was no text has become three, and what
    /// stands in front of it.
    static let maximumLength = 3 * RelayCommand.maximumLength + 256

    /// The line without its end.
    var line: String {
        switch self {
        case .welcome(let session, let token): "WELCOME \(session) \(token)"
        case .refused(let reason): "REFUSED \(reason)"
        case .online(let name): "ONLINE \(name)"
        case .offline(let name): "OFFLINE \(name)"
        case .at(let who): "AT \(who.name) \(who.session) \(who.address) \(who.key)"
        case .found(let name, let count): "FOUND \(name) \(count)"
        case .call(let who): "CALL \(who.name) \(who.session) \(who.address) \(who.key)"
        case .text(let text, let name, let session, let number): "FROM \(name) \(session) \(number) \(text)"
        case .sent(let number, let count): "SENT \(number) \(count)"
        }
    }

    /// Reads a line; nil for what is no notice.
    init?(_ line: some StringProtocol) {
        let parts: [Substring] = Substring(line).split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        let words = parts.map(String.init)
        let name = words.count > 1 ? ChatName(words[1]) : nil
        let number = words.count > 1 ? UInt64(words[1]) : nil
        switch (words[0], words.count) {
        case ("REFUSED", 2...): self = .refused(words.dropFirst().joined(separator: " "))
        case ("WELCOME", 3):
            guard let number else { return nil }
            self = .welcome(session: number, token: words[2])
        case ("SENT", 3):
            guard let number, let count = Int(words[2]), count >= 0 else { return nil }
            self = .sent(number: number, count: count)
        case ("AT", 5), ("CALL", 5):
            guard let name, let session = UInt64(words[2]), let address = try? SocketAddress(words[3]) else {
                return nil
            }
            let who = RelayContact(name: name, session: session, address: address, key: words[4])
            self = words[0] == "AT" ? .at(who) : .call(who)
        case ("FROM", 5):
            guard let name, let session = UInt64(words[2]), let number = UInt64(words[3]) else { return nil }
            self = .text(words[4], from: name, session: session, number: number)
        case ("ONLINE", 2), ("OFFLINE", 2):
            guard let name else { return nil }
            self = words[0] == "ONLINE" ? .online(name) : .offline(name)
        case ("FOUND", 3):
            guard let name, let count = Int(words[2]), count >= 0 else { return nil }
            self = .found(name, count)
        default: return nil
        }
    }
}
