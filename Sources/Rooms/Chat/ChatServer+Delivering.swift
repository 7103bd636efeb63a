// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// How what was said gets to the members.
extension ChatServer {
    /// Somebody whose connection is served. Touched on the chat's loop alone.
    final class Member: @unchecked Sendable {
        let connection: Connection
        var codepage: Codepage
        var id = ChatMember(0)
        var outbox = Outbox()
        let note: (@Sendable (Traffic) -> Void)?
        /// Nothing more is sent.
        var isGone = false
        /// It has said goodbye.
        var isEnding = false
        var isTooSlow = false
        /// A task waits until more fits.
        var isPumped = false
        /// Told when nothing is left to be sent.
        var flushed: Waiting?
        /// What a telnet client waits to hear.
        var answers: [UInt8] = []

        init(_ connection: Connection, codepage: Codepage, note: (@Sendable (Traffic) -> Void)?) {
            self.connection = connection
            self.codepage = codepage
            self.note = note
        }

        /// The text of a line.
        func text(of line: RawSpan) -> String {
            note?(Traffic(linesIn: 1, bytesIn: line.byteCount))
            guard TelnetCommands.areIn(line) else { return codepage.text(line) }
            let commands = TelnetCommands(in: line.withUnsafeBytes { Array($0) })
            answers += commands.answers
            return codepage.text(commands.text.span.bytes)
        }
    }

    /// A line, in every encoding that somebody reads it in.
    struct Line {
        private let text: String
        private var known: [(codepage: Codepage, bytes: [UInt8])] = []

        init(_ text: String) { self.text = text + "\r\n" }

        mutating func bytes(for codepage: Codepage) -> [UInt8] {
            for entry in known where entry.codepage === codepage { return entry.bytes }
            let bytes = codepage.bytes(text)
            known.append((codepage, bytes))
            return bytes
        }
    }

    func perform(_ effects: [ChatEffect]) {
        for effect in effects {
            switch effect {
            case .tell(let lines, let id): if let member = members[id] { tell(lines, to: member) }
            case .announce(let text, let room, let author): announce(text, in: room, except: author)
            case .encode(let name, let id): if let member = members[id] { encode(name, for: member) }
            case .end(let id): members[id]?.isEnding = true
            case .publish(let message): backplane?.publish(message)
            }
        }
        dropOverdue()
    }

    /// Tells one member several lines at once.
    func tell(_ lines: [String], to member: Member) {
        let text = lines.map { $0 + "\r\n" }.joined()
        deliver(member.codepage.bytes(text), to: member)
        member.note?(Traffic(linesOut: lines.count - 1))
    }

    private func announce(_ text: String, in room: ChatName, except author: ChatMember?) {
        var line = Line(text)
        let audience = lobby.members(of: room)
        deliveries += audience.count
        for id in audience where id != author {
            guard let member = members[id] else { continue }
            deliver(line.bytes(for: member.codepage), to: member)
        }
    }

    /// Sends a line at once if nothing waits before it, and as much of it as fits; the rest waits.
    func deliver(_ line: [UInt8], to member: Member) {
        if member.isGone { return }
        member.note?(Traffic(linesOut: 1, bytesOut: line.count))
        var sent = 0
        if member.outbox.isEmpty {
            do throws(SocketError) { sent = try member.connection.sendNow(line.span.bytes) } catch {
                // Its own task hears of it.
                member.isGone = true
                return member.connection.abort()
            }
            if sent == line.count { return }
        }
        keep(line, droppingFirst: sent, for: member)
    }

    @inline(never)
    private func keep(_ line: [UInt8], droppingFirst sent: Int, for member: Member) {
        member.outbox.append(line, droppingFirst: sent)
        if member.outbox.cost > settings.limits.queue {
            (member.isGone, member.isTooSlow) = (true, true)
            overdue.append(member)
        } else if !member.isPumped {
            member.isPumped = true
            stalled.append(member)
            stallNews.wake()
        }
    }

    /// Drops who is too far behind. That is news for others, some of whom may then be too far behind.
    private func dropOverdue() {
        if isDropping || overdue.isEmpty { return }
        isDropping = true
        while let member = overdue.popLast() {
            member.connection.abort()
            depart(member, because: "it reads too slowly")
        }
        isDropping = false
    }

    private func encode(_ name: String, for member: Member) {
        do {
            member.codepage = try codepage(try TextEncoding(name))
            tell(["* your text is \(member.codepage.encoding.name) now"], to: member)
        } catch {
            tell(["* no lines in \(name.quotable(maximumLength: 40)) here"], to: member)
        }
    }

    // MARK: What goes on beside the members' own tasks

    /// Waits for room at those who read slowly, and listens to the backplane, until it is cancelled.
    nonisolated(nonsending) func work() async {
        await withDiscardingTaskGroup { group in
            if let backplane {
                group.addTask(executorPreference: loop) { [self] in
                    await backplane.run(on: loop) { [self] message in perform(lobby.receive(message)) }
                }
            }
            while let member = await nextStalled() {
                group.addTask(executorPreference: loop) { [self] in await pump(member) }
            }
            group.cancelAll()
        }
    }

    private nonisolated(nonsending) func nextStalled() async -> Member? {
        while true {
            if let member = stalled.popLast() { return member }
            do throws(SocketError) { try await stallNews.wait(.wait, until: .never) } catch { return nil }
        }
    }

    /// Sends what waits for a member, as it reads.
    private nonisolated(nonsending) func pump(_ member: Member) async {
        do throws(SocketError) {
            while !member.outbox.isEmpty {
                try await member.connection.waitToSend()
                try send(member)
            }
        } catch {
            member.isGone = true
            member.connection.abort()
        }
        member.isPumped = false
        member.flushed?.wake()
    }

    // Never inlined: the copy that it sends must not be in the frame of a task that waits.
    @inline(never)
    private func send(_ member: Member) throws(SocketError) {
        if member.outbox.isEmpty { return }
        let bytes = member.outbox.next(upTo: Self.batch)
        member.outbox.remove(try member.connection.sendNow(bytes.span.bytes))
    }

    /// How much of what waits is copied together at a time.
    private static let batch = 65_536
}
