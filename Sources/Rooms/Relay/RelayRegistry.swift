// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Who is logged in at a relay and where: all of its logic, as a value that waits for nothing and sends nothing.
struct RelayRegistry: Sendable {
    /// The bounds of a relay.
    struct Limits: Sendable {
        /// The most clients at a time.
        var sessions = 10_000
        /// The most clients of one user.
        var sessionsPerName = 16
        /// The most users that one client watches.
        var watches = 200
    }

    /// What is to be done.
    enum Effect: Hashable, Sendable {
        case send(RelayNotice, to: UInt64)
        case end(UInt64)
    }

    private struct Session {
        let name: ChatName
        let token: String
        /// Where it says that it is, or where its datagrams came from.
        var address: SocketAddress?
        var watched: Set<ChatName> = []
    }

    private let limits: Limits
    private let randomness: Randomness
    private var sessions: [UInt64: Session] = [:]
    /// In the order of their logging in.
    private var byName: [ChatName: [UInt64]] = [:]
    private var byToken: [String: UInt64] = [:]
    private var watchers: [ChatName: [UInt64]] = [:]

    /// - Parameter randomness: for words that nobody may guess.
    init(limits: Limits = Limits(), randomness: Randomness) {
        self.limits = limits
        self.randomness = randomness
    }

    var sessionCount: Int { sessions.count }

    func isLoggedIn(_ id: UInt64) -> Bool { sessions[id] != nil }

    /// A client has said something.
    ///
    /// - Parameter host: the address that its connection comes from. Its datagrams are sent nowhere else until some
    ///   have come, so that nobody has others flooded by us.
    mutating func receive(_ command: RelayCommand, from id: UInt64, at host: IPAddress?) -> [Effect] {
        guard let session = sessions[id] else {
            guard case .login(let name, let port) = command else {
                return [.send(.refused("LOGIN first"), to: id), .end(id)]
            }
            return logIn(id, name, host, port)
        }
        switch command {
        case .login: return [.send(.refused("you are \(session.name)"), to: id)]
        case .watch(let name): return watch(name, id)
        case .find(let name): return find(name, id, session)
        case .text(let text, let name, let number):
            let targets = (byName[name] ?? []).filter { $0 != id }
            let notice = RelayNotice.text(text, from: session.name, session: id, number: number)
            return targets.map { .send(notice, to: $0) } + [.send(.sent(number: number, count: targets.count), to: id)]
        case .quit: return [.end(id)]
        }
    }

    /// A datagram has come from a client.
    ///
    /// - Returns: whether anybody has this word.
    mutating func observe(_ token: String, from address: SocketAddress) -> Bool {
        guard let id = byToken[token] else { return false }
        sessions[id]?.address = address
        return true
    }

    /// A client is gone.
    mutating func logOut(_ id: UInt64) -> [Effect] {
        guard let session = sessions.removeValue(forKey: id) else { return [] }
        byToken[session.token] = nil
        for name in session.watched.sorted(by: { $0.description < $1.description }) {
            watchers[name]?.removeAll { $0 == id }
            if watchers[name]?.isEmpty == true { watchers[name] = nil }
        }
        byName[session.name]?.removeAll { $0 == id }
        guard byName[session.name]?.isEmpty == true else { return [] }
        byName[session.name] = nil
        return (watchers[session.name] ?? []).map { .send(.offline(session.name), to: $0) }
    }

    private mutating func logIn(_ id: UInt64, _ name: ChatName, _ host: IPAddress?, _ port: Port) -> [Effect] {
        if sessions.count >= limits.sessions { return [.send(.refused("the relay is full"), to: id), .end(id)] }
        let others = byName[name] ?? []
        if others.count >= limits.sessionsPerName {
            return [.send(.refused("\(name) has \(others.count) clients already"), to: id), .end(id)]
        }
        let token = word()
        let address = port == .any ? nil : host.map { SocketAddress($0, port) }
        sessions[id] = Session(name: name, token: token, address: address)
        byName[name] = others + [id]
        byToken[token] = id
        let news = others.isEmpty ? (watchers[name] ?? []) : []
        return [.send(.welcome(session: id, token: token), to: id)] + news.map { .send(.online(name), to: $0) }
    }

    private mutating func watch(_ name: ChatName, _ id: UInt64) -> [Effect] {
        let isOnline = byName[name] != nil
        if sessions[id]?.watched.contains(name) == false {
            guard sessions[id]?.watched.count ?? 0 < limits.watches else {
                return [.send(.refused("you watch \(limits.watches) already"), to: id)]
            }
            sessions[id]?.watched.insert(name)
            watchers[name, default: []].append(id)
        }
        return [.send(isOnline ? .online(name) : .offline(name), to: id)]
    }

    /// Tells both where the other is.
    private func find(_ name: ChatName, _ id: UInt64, _ asker: Session) -> [Effect] {
        let targets = (byName[name] ?? []).filter { $0 != id }
        var effects: [Effect] = []
        for target in targets {
            guard let there = sessions[target]?.address, let here = asker.address else { continue }
            let key = word()
            let call = RelayContact(name: asker.name, session: id, address: here, key: key)
            effects.append(.send(.call(call), to: target))
            effects.append(.send(.at(RelayContact(name: name, session: target, address: there, key: key)), to: id))
        }
        return effects + [.send(.found(name, targets.count), to: id)]
    }

    /// 128 bits that nobody may guess.
    private func word() -> String {
        randomness.bytes(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
