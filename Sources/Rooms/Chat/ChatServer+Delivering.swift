// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// How what was said gets to the members.
extension ChatServer {
    /// Somebody whose connection is served. Touched on the chat's loop alone.
    final class Member: Recipient, @unchecked Sendable {
        var codepage: Codepage
        var id = ChatMember(0)
        let note: (@Sendable (Traffic) -> Void)?
        /// It has said goodbye.
        var isEnding = false
        /// What a telnet client waits to hear.
        var answers: [UInt8] = []
        /// The line that has commands in it and is not whole yet.
        private var telnet: TelnetLine?

        init(_ connection: Connection, codepage: Codepage, note: (@Sendable (Traffic) -> Void)?) {
            self.codepage = codepage
            self.note = note
            super.init(connection)
        }

        /// What a frame of ``ChatLineFramer`` was.
        enum Heard: Equatable {
            case line(String)
            /// Of a line that goes on.
            case piece
            /// Of a line that has more text than it may.
            case overlong
        }

        /// Takes a line, or a piece of one.
        func take(_ frame: RawSpan, limit: Int) -> Heard {
            let (length, hasEnd, hasCommands) = Self.look(at: frame)
            if telnet == nil, hasEnd, !hasCommands {
                note?(Traffic(linesIn: 1, bytesIn: length))
                return .line(codepage.text(frame.extracting(0..<length)))
            }
            return takeCommands(frame.extracting(0..<length).withUnsafeBytes { Array($0) }, hasEnd, limit)
        }

        /// How many bytes a frame has without a line's end, whether it has one, and whether telnet's byte is in it.
        private static func look(at frame: RawSpan) -> (length: Int, hasEnd: Bool, hasCommands: Bool) {
            frame.withUnsafeBytes { bytes in
                let hasCommands = bytes.contains(TelnetLine.interpret)
                guard bytes.last == 0x0A else { return (bytes.count, false, hasCommands) }
                let hasReturn = bytes.count > 1 && bytes[bytes.count - 2] == 0x0D
                return (bytes.count - (hasReturn ? 2 : 1), true, hasCommands)
            }
        }

        private func takeCommands(_ bytes: [UInt8], _ hasEnd: Bool, _ limit: Int) -> Heard {
            note?(Traffic(bytesIn: bytes.count))
            let line = telnet ?? TelnetLine(limit: limit)
            telnet = line
            answers += line.append(bytes)
            if hasEnd {
                if bytes.isEmpty { line.dropReturn() }
                return takeLast() ?? .piece
            }
            return line.isTooLong ? .overlong : .piece
        }

        /// The line that is not whole yet and will be no longer; nil where there is none.
        func takeLast() -> Heard? {
            guard let line = telnet else { return nil }
            telnet = nil
            line.finish()
            if line.isTooLong { return .overlong }
            note?(Traffic(linesIn: 1))
            return .line(codepage.text(line.text.span.bytes))
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
        // Copies, because each look at one of this object's own properties is checked while the program runs.
        let seats = members
        var (codepage, bytes) = (defaultCodepage, line.bytes(for: defaultCodepage))
        for id in audience where id != author {
            guard let member = seats[id] else { continue }
            if member.codepage !== codepage {
                codepage = member.codepage
                bytes = line.bytes(for: codepage)
            }
            deliver(bytes, to: member)
        }
    }

    func deliver(_ line: [UInt8], to member: Member) {
        member.note?(Traffic(linesOut: 1, bytesOut: line.count))
        mail.deliver(line, to: member)
    }

    /// Drops who is too far behind. That is news for others, some of whom may then be too far behind.
    private func dropOverdue() {
        if isDropping { return }
        isDropping = true
        while let member = mail.takeOverdue() { depart(member, because: "it reads too slowly") }
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
        async let _: Void = mail.work()
        await backplane?.run(on: loop) { [self] message in perform(lobby.receive(message)) }
        // Without one there is nothing to wait for but the end.
        try? await Waiting(on: loop).wait(.wait, until: .never)
    }
}
