// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a datagram may be lost, doubled, or stopped by a machine between the two; a translator lets one in only
//           after one has gone out to the same address, and forgets within half a minute or two where it did.
// Decision: the relay is told where we are until it says that it knows, and every 15 s from then on. Both send to each
//           other at once, since the relay has told both. A text goes directly where the other has answered, again
//           until it says that it has it, and by the relay where it does not. It has a number, so that who gets it both
//           ways reads it once.
// Cost:     the first message to somebody takes a question to the relay, and up to 600 ms where there is no direct way.
public import Reactor
public import Sockets

/// A client of a ``RelayServer``: it talks to other users directly where it can, and by the relay where it can't.
///
/// ```swift
/// try await RelayClient.run(as: "ann", at: "relay.example:5000") { ann in
///     let route = try await ann.send("hello", to: bob)      // .direct, .relayed, .nobody
///     while let event = try await ann.next() { print(event) }
/// }
/// ```
public final class RelayClient: @unchecked Sendable {
    /// What happens.
    public enum Event: Hashable, Sendable {
        /// Somebody says something; whether directly, or by the relay. The text is made harmless.
        case message(String, from: ChatName, isDirect: Bool)
        /// A user that we watch has come, or has gone.
        case online(ChatName), offline(ChatName)
    }

    /// Which way a message went.
    public enum Route: Hashable, Sendable {
        /// To every client of the user directly; each has said that it has it.
        case direct
        /// By the relay, to so many clients.
        case relayed(Int)
        /// The user has no client now.
        case nobody
    }

    /// The most events that wait to be taken; the oldest go first.
    public static let maximumEvents = 1000

    /// Our number at the relay.
    public let session: UInt64

    private let link: RelayLink
    /// The word by which the relay knows our datagrams.
    private let token: String
    private let socket: DatagramSocket?
    private let loop: EventLoop

    // What follows is touched by the loop's thread alone.

    /// Those whom we know a way to, by the word that we share.
    private var peers: [String: Peer] = [:]
    private var events: [Event] = []
    private var isOver = false
    /// The relay knows where our datagrams come from, or hears none.
    private var isIntroduced = false
    private let news: Waiting
    /// Something has come that somebody may wait for.
    private var answers: [Waiting] = []
    private var found: [ChatName: (contacts: [RelayContact], count: Int?)] = [:]
    private var sent: [UInt64: Int] = [:]
    private var isSending = false
    private var lastNumber: UInt64 = 0
    /// What was read, by session and number: the newest ones.
    private var read = RecentNumbers()

    private struct Peer {
        let contact: RelayContact
        var isOpen = false
        var acknowledged: Set<UInt64> = []
    }

    private init(_ link: RelayLink, session: UInt64, token: String, socket: DatagramSocket?, loop: EventLoop) {
        (self.link, self.session, self.token, self.socket, self.loop) = (link, session, token, socket, loop)
        news = Waiting(on: loop)
    }

    /// Logs in, runs `body`, and logs out.
    ///
    /// - Parameters:
    ///   - server: the relay, by TCP; datagrams go to the same address.
    ///   - isDirect: whether to talk by UDP at all.
    /// - Throws: ``RelayError``, and what `body` throws.
    public static func run<Result: Sendable>(
        as name: ChatName, at server: some EndpointConvertible, isDirect: Bool = true, on loop: EventLoop,
        _ body: @escaping @Sendable (RelayClient) async throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(loop) {
            let connection = try await Connector().connect(to: server, on: loop)
            defer { connection.close() }
            let local = connection.localAddress?.ip
            var socket: DatagramSocket?
            if isDirect, let local { socket = try await DatagramSocket(on: SocketAddress(local, 0), loop: loop) }
            defer { socket?.close() }
            let link = RelayLink(connection)
            let (session, token) = try await link.logIn(name, socket?.localAddress.port ?? 0)
            let client = RelayClient(link, session: session, token: token, socket: socket, loop: loop)
            async let _: Void = client.listen()
            async let _: Void = client.hear(from: connection.peer)
            async let _: Void = link.work()
            return try await body(client)
        }
    }

    /// What happens next; nil once the relay is gone.
    ///
    /// - Throws: `.cancelled`, `.timedOut` at the task's deadline, `.busy`.
    public nonisolated(nonsending) func next() async throws(SocketError) -> Event? {
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in try await next() })
        }
        while events.isEmpty {
            if isOver { return nil }
            if news.isBusy { throw SocketError(.receive, .busy) }
            try await news.wait(.receive, until: Deadline.current)
        }
        return events.removeFirst()
    }

    /// Asks to be told when a user comes and goes; the first answer comes at once.
    public nonisolated(nonsending) func watch(_ name: ChatName) async throws(SocketError) {
        try await loop.run { [self] () throws(SocketError) in link.say(.watch(name)) }
    }

    /// Says something to every client of a user.
    ///
    /// - Throws: ``RelayError/gone`` when the relay is; ``RelayError/busy`` while another text is being sent;
    ///   ``RelayError/text(limit:)`` for a text of several lines, or of too many bytes.
    public nonisolated(nonsending) func send(_ text: String, to name: ChatName) async throws(RelayError) -> Route {
        let limit = RelayCommand.maximumLength - 256
        if text.utf8.count > limit || text.utf8.contains(where: { $0 == 10 || $0 == 13 }) { throw .text(limit: limit) }
        if !loop.isCurrent { return try await sendElsewhere(text, to: name) }
        if isSending { throw .busy }
        isSending = true
        defer { isSending = false }
        lastNumber += 1
        let number = lastNumber
        try await waitForIntroduction()
        let (contacts, count) = try await find(name)
        if count == 0 { return .nobody }
        if contacts.count == count, text.utf8.count <= RelayDatagram.maximumText {
            if await reach(contacts), await tell(text, number, contacts) { return .direct }
        }
        link.say(.text(text, to: name, number: number))
        try await wait(for: Self.patience) { sent[number] != nil }
        let reached = sent.removeValue(forKey: number) ?? 0
        return reached == 0 ? .nobody : .relayed(reached)
    }

    @concurrent private func sendElsewhere(_ text: String, to name: ChatName) async throws(RelayError) -> Route {
        try await withTaskExecutorPreference(loop) { () async throws(RelayError) in try await send(text, to: name) }
    }

    // MARK: Ways to others

    /// How long the relay may take to answer.
    private static let patience = Duration.seconds(10)
    /// How often a datagram is sent before the other can't be reached, and how long it may take to answer each.
    private static let attempts = 3
    private static let answerTime = Duration.milliseconds(200)

    /// Whoever is to send to us has to be told where that is.
    private nonisolated(nonsending) func waitForIntroduction() async throws(RelayError) {
        try await wait(for: Self.patience) { isIntroduced }
    }

    private nonisolated(nonsending) func find(
        _ name: ChatName
    ) async throws(RelayError) -> (contacts: [RelayContact], count: Int) {
        found[name] = ([], nil)
        defer { found[name] = nil }
        link.say(.find(name))
        try await wait(for: Self.patience) { found[name]?.count != nil }
        return (found[name]?.contacts ?? [], found[name]?.count ?? 0)
    }

    /// Whether everyone answers.
    private nonisolated(nonsending) func reach(_ contacts: [RelayContact]) async -> Bool {
        for contact in contacts { know(contact) }
        for _ in 0..<Self.attempts {
            let silent = contacts.filter { peers[$0.key]?.isOpen != true }
            if silent.isEmpty { return true }
            for contact in silent { await send(.hello(key: contact.key), to: contact.address) }
            try? await wait(for: Self.answerTime) { silent.allSatisfy { peers[$0.key]?.isOpen == true } }
        }
        return contacts.allSatisfy { peers[$0.key]?.isOpen == true }
    }

    /// Whether everyone has got it.
    private nonisolated(nonsending) func tell(
        _ text: String, _ number: UInt64, _ contacts: [RelayContact]
    ) async -> Bool {
        for _ in 0..<Self.attempts {
            let silent = contacts.filter { peers[$0.key]?.acknowledged.contains(number) != true }
            for contact in silent {
                let address = peers[contact.key]?.contact.address ?? contact.address
                await send(.text(text, key: contact.key, number: number), to: address)
            }
            try? await wait(for: Self.answerTime) {
                contacts.allSatisfy { peers[$0.key]?.acknowledged.contains(number) == true }
            }
        }
        defer { for contact in contacts { peers[contact.key]?.acknowledged.remove(number) } }
        return contacts.allSatisfy { peers[$0.key]?.acknowledged.contains(number) == true }
    }

    private func know(_ contact: RelayContact) {
        // Those of yesterday don't count: every question brings new words.
        if peers.count >= Self.maximumEvents { peers.removeAll() }
        if peers[contact.key] == nil { peers[contact.key] = Peer(contact: contact) }
    }

    private nonisolated(nonsending) func send(_ datagram: RelayDatagram, to address: SocketAddress) async {
        // What does not go is lost, as datagrams are.
        try? await socket?.send(datagram.bytes, to: address)
    }

    /// Waits until something is so.
    private nonisolated(nonsending) func wait(
        for limit: Duration, until isSo: () -> Bool
    ) async throws(RelayError) {
        let end = loop.timeNow.advanced(by: limit)
        while !isSo() {
            if isOver { throw .gone }
            let waiting = Waiting(on: loop)
            answers.append(waiting)
            defer { waiting.disarm() }
            do throws(SocketError) { try await waiting.wait(.receive, until: end) } catch {
                answers.removeAll { $0 === waiting }
                throw error.reason == .cancelled ? .cancelled : .gone
            }
        }
    }

    private func somethingCame() {
        let waiting = answers
        answers = []
        for place in waiting { place.wake() }
    }

    private func note(_ event: Event) {
        if events.count >= Self.maximumEvents { events.removeFirst() }
        events.append(event)
        news.wake()
    }

    // MARK: What comes

    private nonisolated(nonsending) func listen() async {
        while let notice = await link.next() {
            switch notice {
            case .online(let name): note(.online(name))
            case .offline(let name): note(.offline(name))
            case .at(let contact): found[contact.name]?.contacts.append(contact)
            case .found(let name, let count): found[name]?.count = count
            case .sent(let number, let count): sent[number] = count
            case .call(let contact):
                know(contact)
                await send(.hello(key: contact.key), to: contact.address)
            case .text(let text, let name, let session, let number):
                if read.isNew(session, number) { note(.message(text.legible, from: name, isDirect: false)) }
            case .welcome, .refused: break
            }
            somethingCame()
        }
        isOver = true
        news.wake()
        somethingCame()
    }

    private nonisolated(nonsending) func hear(from relay: SocketAddress?) async {
        guard let socket, let relay else { return introduced() }
        async let _: Void = knock(at: relay)
        while true {
            do throws(SocketError) { await take(try await socket.receive()) } catch {
                if error.reason == .closed || error.reason == .cancelled { return }
            }
        }
    }

    /// Tells the relay where we are, and keeps the way open: translators forget one that is silent.
    private nonisolated(nonsending) func knock(at relay: SocketAddress) async {
        var attempts = 0
        repeat {
            if attempts == Self.attempts { introduced() }
            attempts += 1
            await send(.here(token: token), to: relay)
        } while (try? await loop.sleep(for: isIntroduced ? .seconds(15) : Self.answerTime)) != nil
    }

    private func introduced() {
        isIntroduced = true
        somethingCame()
    }

    private nonisolated(nonsending) func take(_ datagram: Datagram) async {
        switch RelayDatagram(datagram.bytes) {
        case .hello(let key):
            guard open(key, datagram.sender) else { return }
            await send(.heard(key: key), to: datagram.sender)
        case .heard(let key): _ = open(key, datagram.sender)
        case .text(let text, let key, let number):
            guard open(key, datagram.sender), let contact = peers[key]?.contact else { return }
            await send(.got(key: key, number: number), to: datagram.sender)
            if read.isNew(contact.session, number) {
                note(.message(text.legible, from: contact.name, isDirect: true))
            }
        case .got(let key, let number):
            guard open(key, datagram.sender) else { return }
            peers[key]?.acknowledged.insert(number)
        case .seen(let word):
            if word == token { introduced() }
            return
        case .here, nil: return
        }
        somethingCame()
    }

    /// Notes that somebody is there, if we share the word. Only where it comes from is answered.
    private func open(_ key: String, _ sender: SocketAddress) -> Bool {
        guard let known = peers[key] else { return false }
        if known.contact.address != sender {
            // A translator gave it another port than the relay saw: this is the one that works.
            let contact = RelayContact(
                name: known.contact.name, session: known.contact.session, address: sender, key: key)
            peers[key] = Peer(contact: contact, isOpen: true, acknowledged: known.acknowledged)
        }
        peers[key]?.isOpen = true
        return true
    }
}

/// Why a client can't do what it was asked.
public enum RelayError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The relay did not let us in, for this reason.
    case refused(String)
    /// The relay is gone, or does not answer.
    case gone
    /// A text is one line, of so many bytes at most.
    case text(limit: Int)
    /// Another text is being sent.
    case busy
    /// The task was cancelled.
    case cancelled

    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .refused(let reason): "the relay says: \(reason.quotable(maximumLength: 100))"
        case .gone: "the relay is gone"
        case .text(let limit): "a text is one line of \(limit) bytes at most"
        case .busy: "another text is being sent"
        case .cancelled: "cancelled"
        }
    }
}

/// Which numbers of each session were seen: the newest 1,024 in all.
struct RecentNumbers: Sendable {
    private struct Key: Hashable { let session, number: UInt64 }

    static let maximum = 1024
    private var known: Set<Key> = []
    private var order: [Key] = []

    mutating func isNew(_ session: UInt64, _ number: UInt64) -> Bool {
        let key = Key(session: session, number: number)
        guard known.insert(key).inserted else { return false }
        order.append(key)
        if order.count >= 2 * Self.maximum {
            for old in order.prefix(Self.maximum) { known.remove(old) }
            order.removeFirst(Self.maximum)
        }
        return true
    }
}
