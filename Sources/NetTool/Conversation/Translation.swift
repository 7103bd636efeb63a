// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// Between a person's text and the bytes that pass: line ends and encodings, and the forms in which what passes is
/// shown. It stands in front of the streams.
final class Translation: LocalSide {
    /// How what passes is shown.
    enum Form: Sendable {
        /// What comes, as it is.
        case plain
        /// Both directions, sixteen bytes a line.
        case hexadecimal
        /// Both directions as events.
        case events
    }

    private struct Outgoing: ~Copyable {
        var decoder: TextDecoder?
        var encoder: TextEncoder?
        var endings: LineEndings?
        var endWord: EndWord?
        var dump = HexDump(mark: ">")
    }

    private struct Incoming: ~Copyable {
        var decoder: TextDecoder?
        var dump = HexDump(mark: "<")
    }

    private let side: any LocalSide
    private let script: ScriptedInput?
    private let form: Form
    private let log: OutputQueue?
    private let outgoing: Mutex<Outgoing>
    private let incoming: Mutex<Incoming>

    /// - Parameters:
    ///   - script: what is sent in the place of what the side says.
    ///   - endWord: a line that is the end.
    ///   - log: where everything is written that passes.
    init(
        _ side: any LocalSide, script: ScriptedInput? = nil, as form: Form, encoding: TextEncoding?, sendsCRLF: Bool,
        endWord: String?,
        log: OutputQueue?
    ) throws(ToolFailure) {
        self.side = side
        self.script = script
        self.form = form
        self.log = log
        do throws(TextError) {
            var outgoing = Outgoing(endings: sendsCRLF ? LineEndings() : nil, endWord: endWord.map(EndWord.init))
            var incoming = Incoming()
            if let encoding {
                outgoing.decoder = try TextDecoder(.utf8, errors: .replacing)
                outgoing.encoder = try TextEncoder(encoding, errors: .replacing)
                incoming.decoder = try TextDecoder(encoding, errors: .replacing)
            }
            self.outgoing = Mutex(outgoing)
            self.incoming = Mutex(incoming)
        } catch {
            throw ToolFailure(.usage, "\(error)")
        }
    }

    func use(_ body: @Sendable () async throws -> Void) async throws {
        try await side.use { [log] in
            if let log { try await log.use(body) } else { try await body() }
        }
    }

    func attend(_ body: @Sendable () async throws -> Void) async throws { try await side.attend(body) }

    func remark(_ line: String) { side.remark(line) }

    func peerHasEnded() { script?.peerHasEnded() }

    func hideTyping(_ isHidden: Bool) { side.hideTyping(isHidden) }

    var terminalSize: TerminalSize? { side.terminalSize }

    // MARK: What is sent

    func receive(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]? {
        while !hasEnded, let typed = try await words(upTo: maximum) {
            let bytes = try outgoing.withLock { outgoing throws(ToolFailure) in try Self.bytes(of: typed, &outgoing) }
            // Of the end word nothing is left; of a character that has only begun nothing yet.
            guard let bytes else { return nil }
            if bytes.isEmpty { continue }
            try await show(bytes, isIncoming: false)
            return bytes
        }
        return nil
    }

    /// Whether the end word has come, behind other words.
    private var hasEnded: Bool { outgoing.withLock { $0.endWord?.isOver == true } }

    private func words(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]? {
        if let script { try await script.receive() } else { try await side.receive(upTo: maximum) }
    }

    private static func bytes(of typed: [UInt8], _ outgoing: inout Outgoing) throws(ToolFailure) -> [UInt8]? {
        var bytes = typed
        if outgoing.endWord != nil {
            guard let rest = outgoing.endWord?.passed(bytes) else { return nil }
            bytes = rest
        }
        if let expanded = outgoing.endings?.expanded(bytes) { bytes = expanded }
        do throws(TextError) {
            if let text = try outgoing.decoder?.decode(bytes) { bytes = try outgoing.encoder?.encode(text) ?? bytes }
        } catch {
            throw ToolFailure(.badData, "\(error)")
        }
        return bytes
    }

    // MARK: What comes

    func send(_ bytes: [UInt8]) async throws(ToolFailure) {
        script?.hear(bytes)
        try await show(bytes, isIncoming: true)
    }

    private func show(_ bytes: [UInt8], isIncoming: Bool) async throws(ToolFailure) {
        if let log {
            try log.write(bytes)
            try await log.waitForRoom()
        }
        switch form {
        case .plain:
            if isIncoming { try await side.send(try decoded(bytes)) }
        case .hexadecimal:
            let lines =
                isIncoming
                ? incoming.withLock { $0.dump.lines(of: bytes) } : outgoing.withLock { $0.dump.lines(of: bytes) }
            try await side.send(Array(lines.utf8))
        case .events:
            let text = isIncoming ? String(decoding: try decoded(bytes), as: UTF8.self) : nil
            try await side.send(Self.event(isIncoming ? "received" : "sent", bytes.count, text))
        }
    }

    private func decoded(_ bytes: [UInt8]) throws(ToolFailure) -> [UInt8] {
        do throws(TextError) {
            return try incoming.withLock { incoming throws(TextError) in
                try incoming.decoder?.decode(bytes).utf8.map { $0 } ?? bytes
            }
        } catch {
            throw ToolFailure(.badData, "\(error)")
        }
    }

    private static func event(_ name: String, _ count: Int, _ text: String?) -> [UInt8] {
        var members: [JSONValue.Member] = [.init("event", .string(name)), .init("bytes", JSONValue(count))]
        if let text { members.append(.init("text", .string(text))) }
        return Array("\(JSONValue.object(members))\n".utf8)
    }
}
