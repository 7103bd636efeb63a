// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets
import Wire

/// A chat over connections of any kind: a line of a member's goes to everybody else in its room.
///
/// ```swift
/// let chat = try ChatServer(on: loop)
/// try await chat.run {
///     let server = try await Server(on: ":9999", loop: loop) { connection in try await chat.serve(connection) }
///     try await server.run()
/// }
/// ```
/// A member needs nothing but lines: telnet, ncat, a program, a browser. It is called `guest7` until it says `/nick`;
/// ``ChatLobby`` has the rules and the commands. Lines end in LF or CR LF when they come, and in CR LF when they go.
///
/// A line is encoded once for all members of an encoding, and sent at once where it fits; what does not fit waits as a
/// reference to the same bytes. Who is behind by more than ``ChatLimits/queue`` is dropped, and nobody waits for
/// anybody else. Everything happens on one loop, which the connections have to belong to.
public final class ChatServer: @unchecked Sendable {
    /// How a chat is set up.
    public struct Settings: Sendable {
        /// The bounds.
        public var limits = ChatLimits()
        /// The encoding of members for whom no other is known.
        public var encoding = TextEncoding.utf8
        /// How long a member that leaves, or is refused, may take to read the last words.
        public var farewell = Duration.seconds(2)

        /// The defaults.
        public init() {}
    }

    /// What passed between a member and the chat.
    public struct Traffic: Hashable, Sendable {
        /// Lines and bytes from the member.
        public var linesIn = 0, bytesIn = 0
        /// Lines and bytes for it, whether it has read them yet or not.
        public var linesOut = 0, bytesOut = 0
    }

    /// The loop that all of it happens on.
    public let loop: EventLoop
    let settings: Settings
    let backplane: (any ChatBackplane)?

    // What follows is touched by the loop's thread alone.

    var lobby: ChatLobby
    var members = ChatSeats<Member>()
    private var codepages: [TextEncoding: Codepage] = [:]
    let defaultCodepage: Codepage
    let mail: Deliveries<Member>
    /// Whether those who are too far behind are being dropped.
    var isDropping = false
    /// How many lines have been handed to members since a task gave way.
    var deliveries = 0

    /// A chat without members.
    ///
    /// - Parameters:
    ///   - backplane: what joins its rooms with those of other machines.
    ///   - loop: the loop of all its connections.
    /// - Throws: ``ChatError/encoding(_:)``.
    public init(
        _ settings: Settings = Settings(), backplane: (any ChatBackplane)? = nil, on loop: EventLoop
    ) throws(ChatError) {
        self.settings = settings
        self.backplane = backplane
        self.loop = loop
        lobby = ChatLobby(limits: settings.limits)
        mail = Deliveries(on: loop, limit: settings.limits.queue)
        do throws(Codepage.Unusable) { defaultCodepage = try Codepage(settings.encoding) } catch {
            throw .encoding(settings.encoding.name)
        }
        codepages[settings.encoding] = defaultCodepage
    }

    /// Runs `body` with the chat at work: servers that hand their connections to ``serve(_:encoding:note:)``. Without
    /// it a member who reads slowly gets nothing more, and the backplane is not connected.
    ///
    /// - Throws: what `body` throws.
    @concurrent public func run<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(loop) {
            async let _: Void = work()
            return try await body()
        }
    }

    /// How many members there are.
    public nonisolated(nonsending) func memberCount() async throws(SocketError) -> Int {
        try await loop.run { [self] () throws(SocketError) in lobby.memberCount }
    }

    /// Lets a connection take part until it ends, or is let go.
    ///
    /// - Parameters:
    ///   - encoding: of the member's text, if it is known.
    ///   - note: told what passes, on the loop.
    /// - Throws: ``ChatError``; ``FrameError`` and `SocketError` of the connection; `.invalid` for one of another loop.
    public nonisolated(nonsending) func serve(
        _ connection: Connection, encoding: TextEncoding? = nil, note: (@Sendable (Traffic) -> Void)? = nil
    ) async throws {
        guard connection.loop === loop, loop.isCurrent else {
            throw SocketError(.adopt, .invalid("the connection is not on the chat's loop: give it to its server too"))
        }
        let member = Member(connection, codepage: try codepage(encoding), note: note)
        try await welcome(member)
        var isLastWord = false
        do {
            try await listen(to: member)
            isLastWord = member.isEnding
        } catch let error as FrameError {
            let end = self.end(of: member, after: error)
            guard case .lineTooLong = end as? ChatError else {
                depart(member, because: nil)
                throw end
            }
            tell(["* a line may have \(settings.limits.line) bytes; goodbye"], to: member)
            await part(from: member, because: "its line was too long", lingering: true)
            throw end
        }
        await part(from: member, because: nil, lingering: isLastWord)
    }

    // MARK: Coming and going

    /// Takes a member in.
    ///
    /// - Throws: why it may not come; it has been told.
    private nonisolated(nonsending) func welcome(_ member: Member) async throws {
        let connection = member.connection
        member.id = members.take(member)
        guard let effects = lobby.enter(member.id) else {
            members.leave(member.id)
            tell(["* the chat is full"], to: member)
            try? await connection.close(within: settings.farewell)
            throw ChatError.full
        }
        connection.endsWhenDrained = true
        perform(effects)
        // A peer that vanished without a word would keep its place for ever.
        try? await connection.set(.keepAlive, to: true)
        // Telnet marks a place in its commands with an urgent byte, which is one of them.
        try? await connection.set(.outOfBandInline, to: true)
    }

    /// Reads lines until the member ends, or is let go.
    private nonisolated(nonsending) func listen(to member: Member) async throws {
        let limit = settings.limits.line
        let frames = member.connection.frames(ChatLineFramer(limit: limit))
        while !member.isEnding {
            guard let heard = try await frames.withNext({ member.take($0, limit: limit) }) else {
                if let last = member.takeLast(), last != .line("") { try hear(last, from: member) }
                return
            }
            try hear(heard, from: member)
            // One who pastes a book does not keep everybody else waiting.
            if deliveries >= Self.deliveriesInARow {
                deliveries = 0
                await Task.yield()
            }
        }
    }

    /// After so many lines to members others have their turn.
    private static let deliveriesInARow = 256

    // Never inlined, so that its variables are not in the frame of every member that waits.
    @inline(never)
    private func hear(_ heard: Member.Heard, from member: Member) throws(FrameError) {
        if !member.answers.isEmpty {
            deliver(member.answers, to: member)
            deliveries += 1
            member.answers = []
        }
        switch heard {
        case .line(let line): perform(lobby.receive(line, from: member.id))
        // The answers alone may have been too much for it.
        case .piece: perform([])
        case .overlong: throw .framing(FramingError("line", .tooLong(limit: settings.limits.line)))
        }
    }

    /// What the end of a connection was, in the chat's words where it has any.
    private func end(of member: Member, after error: FrameError) -> any Error {
        if member.isTooSlow { return ChatError.tooSlow(limit: settings.limits.queue) }
        if case .tooLong(let limit) = error.framingError?.reason { return ChatError.lineTooLong(limit: limit) }
        return error
    }

    func depart(_ member: Member, because reason: String?) {
        mail.forget(member)
        guard members.leave(member.id) != nil else { return }
        perform(lobby.leave(member.id, because: reason))
    }

    /// Lets a member read what it was told, then lets it go.
    private nonisolated(nonsending) func part(
        from member: Member, because reason: String?, lingering: Bool
    ) async {
        if members.leave(member.id) != nil { perform(lobby.leave(member.id, because: reason)) }
        await mail.flush(member, within: settings.farewell)
        depart(member, because: reason)
        if lingering { try? await member.connection.close(within: settings.farewell) }
    }

    /// The most encodings that one chat's members may use.
    private static let maximumEncodings = 64

    /// How lines in an encoding are read and written; the chat's own for nil.
    func codepage(_ encoding: TextEncoding?) throws(ChatError) -> Codepage {
        guard let encoding else { return defaultCodepage }
        if let known = codepages[encoding] { return known }
        // Members choose them by name, and the system knows over a thousand names.
        if codepages.count >= Self.maximumEncodings { throw .encoding(encoding.name) }
        do throws(Codepage.Unusable) {
            let codepage = try Codepage(encoding)
            codepages[encoding] = codepage
            return codepage
        } catch {
            throw .encoding(encoding.name)
        }
    }
}
