// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage

/// One run of `nt connect`.
struct ConnectRun: Sendable {
    private let endpoint: Endpoint
    private let timeout: Duration
    private let source: SocketAddress?
    private let style: Conversation.Style
    private let verbosity: (isVerbose: Bool, isQuiet: Bool)
    private let session: Session

    init(_ options: ConnectOptions, in session: Session) throws(ToolFailure) {
        endpoint = try StreamEndpoint.read(options.address, for: "connect")
        if case .host(.everyInterface, _) = endpoint.target {
            throw ToolFailure(.usage, "\(endpoint) is a place to listen on: say which host to connect to")
        }
        timeout = options.timeout.duration
        source = options.source?.address
        var style = options.directions.style
        style.sendsCRLF = options.crlf
        self.style = style
        verbosity = (options.verbosity.verbose, options.verbosity.quiet)
        self.session = session
    }

    func run() throws(ToolFailure) -> ExitStatus {
        let loop = try EventLoop.forTool()
        return try loop.runUntilComplete { [self] () async throws(ToolFailure) in
            let signals = try await TerminationSignals([.interrupt])
            // Nothing has to be tidied up: what was received is written already.
            async let _ = signals.watch(endingAt: 1)
            do { try await talk(on: loop) } catch { throw ToolFailure(error) }
            return .success
        }
    }

    private func talk(on loop: EventLoop) async throws {
        let streams = try await StandardStreams(for: style, on: loop)
        try await withConnection(to: endpoint, timeout: timeout, from: source, on: loop) { [self] connection in
            greet(connection)
            var conversation = Conversation(connection: connection, streams: streams, style: style)
            if isTalking {
                // Who types goes on to wait for an answer that can't come.
                conversation.peerHasEnded = { [session] in
                    session.remark("the other side has ended      ctrl-D ends yours")
                }
            }
            do throws(Conversation.Failure) { try await conversation.run() } catch { throw error.cause }
        }
    }

    /// Whether a person types who wants to be told.
    private var isTalking: Bool {
        !verbosity.isQuiet && style.sends && SystemCalls.isTerminal(FileDescriptor.standardInput.rawValue)
    }

    /// Tells a person, and whoever asked, where the connection leads.
    private func greet(_ connection: Connection) {
        guard verbosity.isVerbose || isTalking else { return }
        var line = "connected \(connection.peer.map { $0.toolText } ?? "\(endpoint)")"
        if verbosity.isVerbose, let local = connection.localAddress, local.ip != nil { line += " from \(local)" }
        session.remark(isTalking ? "\(line)      ctrl-D ends your side" : line)
    }
}
