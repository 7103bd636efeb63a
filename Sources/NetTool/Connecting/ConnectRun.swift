// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// One run of `nt connect`.
struct ConnectRun: Sendable {
    private let opening: PeerOpening
    private let style: Conversation.Style
    private let translation: TranslationOptions
    private let script: Script?
    private let talk: (isVerbose: Bool, isQuiet: Bool)
    private let (onlyChecks, reconnects, speaksTelnet): (Bool, Bool, Bool)
    private let session: Session

    /// What becomes of the bytes on their way.
    private struct TranslationOptions: Sendable {
        let form: Translation.Form
        let encoding: TextEncoding?
        let sendsCRLF: Bool
        let endWord: String?
        let log: String?
    }

    init(_ options: ConnectOptions, in session: Session) throws(ToolFailure) {
        opening = try PeerOpening(
            options.address, timeout: options.timeout.duration, from: options.source?.address)
        script = options.isScripted ? try Script(session.words) : nil
        var style = options.directions.style
        style.isDatagrams = opening.isDatagrams
        if options.reconnect { style.endsWithPeer = true }
        style.isAtTerminal = style.sends && script == nil && SystemCalls.isTerminal(0)
        self.style = style
        translation = TranslationOptions(
            form: options.hex ? .hexadecimal : options.form.json ? .events : .plain,
            encoding: options.encoding?.encoding,
            sendsCRLF: options.crlf || options.telnet, endWord: options.until, log: options.log)
        talk = (options.verbosity.verbose, options.verbosity.quiet)
        (onlyChecks, reconnects, speaksTelnet) = (options.onlyChecks, options.reconnect, options.telnet)
        if speaksTelnet, opening.endpoint.scheme != .tcp, opening.endpoint.scheme != .unix {
            throw ToolFailure(.usage, "\(opening.endpoint) is no stream, and --telnet needs one")
        }
        self.session = session
    }

    func run() throws(ToolFailure) -> ExitStatus {
        if onlyChecks { return try check() }
        let loop = try EventLoop.forTool()
        return try loop.runUntilComplete { [self] () async throws(ToolFailure) in try await talk(on: loop) }
    }

    /// `-z`.
    private func check() throws(ToolFailure) -> ExitStatus {
        let name = "\(opening.endpoint)"
        var prober = Prober([try CheckTarget(opening.endpoint, named: name)], attemptLimit: opening.timeout)
        try prober.run { _ throws(ToolFailure) in false }
        if case .closed(let failure, _) = prober[0] { throw ToolFailure(failure.status, "\(name): \(failure)") }
        if talk.isVerbose { session.remark("\(name): open") }
        return .success
    }

    private func talk(on loop: EventLoop) async throws(ToolFailure) -> ExitStatus {
        let mode = TerminalMode()
        let outcome = Outcome(start: loop.timeNow)
        let watch = try await Interruption(mode: mode, isOrderly: isOrderly)
        let status: ExitStatus
        do {
            let side = try await side(on: loop, mode: mode, watch)
            status = try await watch.run {
                try await side.use { try await converse(as: side, outcome, on: loop) }
            }
        } catch {
            try end(outcome, ToolFailure(error).status, on: loop)
            throw ToolFailure(error)
        }
        try end(outcome, status, on: loop)
        return status
    }

    /// Whether ctrl-C has something to tidy up: a last event, a program that was started.
    private var isOrderly: Bool { translation.form == .events || opening.endpoint.scheme == .exec }

    // MARK: This side

    private func side(
        on loop: EventLoop, mode: TerminalMode, _ watch: Interruption
    ) async throws(ToolFailure) -> any LocalSide {
        let base: any LocalSide
        if style.isAtTerminal, translation.form == .plain, TerminalStreams.isThere {
            base = try await TerminalStreams(on: loop, mode: mode) { watch.interrupt() }
        } else {
            base = try await StandardStreams(
                reads: style.sends && script == nil, writes: style.receives || translation.form != .plain, on: loop,
                in: session)
        }
        let input = script.map { ScriptedInput($0, patience: opening.timeout, on: loop) }
        return try Translation(
            base, script: input, as: translation.form, encoding: translation.encoding,
            sendsCRLF: translation.sendsCRLF, endWord: translation.endWord, log: try await log(on: loop))
    }

    private func log(on loop: EventLoop) async throws(ToolFailure) -> OutputQueue? {
        guard let path = translation.log else { return nil }
        return try await OutputQueue.file(path, on: loop)
    }

    // MARK: The conversation

    private func converse(as side: any LocalSide, _ outcome: Outcome, on loop: EventLoop) async throws {
        guard reconnects else {
            _ = try await converseOnce(as: side, outcome, on: loop)
            return
        }
        var backoff = Backoff()
        var randomness = loop.world.randomness
        while true {
            let start = loop.timeNow
            var reason = "the other side has ended"
            do {
                if try await converseOnce(as: side, outcome, on: loop) { return }
            } catch let failure as Conversation.Failure {
                guard case .peer(let cause) = failure, cause.status != .interrupted else { throw failure.cause }
                reason = cause.message ?? reason
            } catch {
                let cause = ToolFailure(error)
                if Task.isCancelled || [.usage, .notPermitted, .interrupted].contains(cause.status) { throw cause }
                reason = cause.message ?? reason
            }
            // What held for a while was no failure to connect.
            if start.duration(to: loop.timeNow) > .seconds(10) { backoff.reset() }
            guard let pause = backoff.next(using: &randomness) else { return }
            if !talk.isQuiet { side.remark("\(reason): again in \(TimeSpan(pause))") }
            try await loop.sleep(for: pause)
        }
    }

    /// Returns whether this side has said all that it has to say.
    private func converseOnce(
        as side: any LocalSide, _ outcome: Outcome, on loop: EventLoop
    ) async throws -> Bool {
        outcome.hasSentAll = false
        try await opening.withPeer(on: loop) { [self] opened in
            try await greet(opened, side)
            let peer: any Peer = speaksTelnet ? TelnetPeer(opened.peer, for: side) : opened.peer
            var conversation = Conversation(peer: peer, side: side, style: style, loop: loop)
            conversation.count = { outcome.note(received: $0, sent: $1) }
            conversation.peerHasEnded = { if !talk.isQuiet && !reconnects { side.remark("the other side has ended") } }
            let isDone: Bool
            do throws(Conversation.Failure) { isDone = try await conversation.run() } catch {
                if reconnects { throw error }
                throw error.cause
            }
            outcome.hasSentAll = isDone
        }
        return outcome.hasSentAll
    }

    /// Tells a person, and whoever asked, where the connection leads.
    private func greet(_ opened: PeerOpening.Opened, _ side: any LocalSide) async throws(ToolFailure) {
        if translation.form == .events {
            return try report(
                "connected",
                [.init("peer", .string(opened.name)), .init("local", JSONValue(opened.localAddress.map { "\($0)" }))])
        }
        let isTalking = style.isAtTerminal && !talk.isQuiet
        guard talk.isVerbose || isTalking else { return }
        var line = "connected \(opened.name)"
        if talk.isVerbose, let local = opened.localAddress, local.ip != nil { line += " from \(local)" }
        side.remark(isTalking ? "\(line)      ctrl-D ends your side" : line)
    }

    private func report(_ event: String, _ members: [JSONValue.Member]) throws(ToolFailure) {
        try session.print("\(JSONValue.object([.init("event", .string(event))] + members))")
    }

    /// The last event.
    private func end(_ outcome: Outcome, _ status: ExitStatus, on loop: EventLoop) throws(ToolFailure) {
        guard translation.form == .events else { return }
        let (received, sent) = outcome.counts
        try report(
            "end",
            [
                .init("bytes_in", JSONValue(received)), .init("bytes_out", JSONValue(sent)),
                .init("seconds", JSONValue(outcome.start.duration(to: loop.timeNow))),
                .init("status", JSONValue(status.rawValue)),
            ])
    }

    /// What came of it.
    private final class Outcome: Sendable {
        let start: LoopInstant
        private let stored = Mutex((received: 0, sent: 0))
        private let isDone = Atomic(false)

        init(start: LoopInstant) { self.start = start }

        var counts: (received: Int, sent: Int) { stored.withLock { $0 } }

        /// Whether this side has said all that it has to say.
        var hasSentAll: Bool {
            get { isDone.load(ordering: .relaxed) }
            set { isDone.store(newValue, ordering: .relaxed) }
        }

        func note(received: Int, sent: Int) {
            stored.withLock { $0 = ($0.received + received, $0.sent + sent) }
        }
    }
}
