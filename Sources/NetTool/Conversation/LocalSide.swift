// SPDX-License-Identifier: Apache-2.0
import Sockets

/// This side of a conversation: where its words come from, and where the peer's go.
protocol LocalSide: Sendable {
    /// Has the streams while `body` runs; returns once everything is written.
    ///
    /// - Throws: what `body` throws, else the failure to write.
    func use(_ body: @Sendable () async throws -> Void) async throws

    /// Takes what is typed while `body` runs, for there is somebody to say it to.
    ///
    /// - Throws: what `body` throws, else the failure to begin.
    func attend(_ body: @Sendable () async throws -> Void) async throws

    /// The next bytes to send, at least 1 and at most so many; nil at the end.
    ///
    /// - Throws: the failure that ends the program.
    func receive(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]?

    /// Shows what came; waits while whoever reads it has enough.
    ///
    /// - Throws: the failure that ends the program; one without words where only a reader has gone.
    func send(_ bytes: [UInt8]) async throws(ToolFailure)

    /// Says something about the conversation, where it disturbs nothing.
    func remark(_ line: String)

    /// Nothing more will come.
    func peerHasEnded()

    /// Whether what is typed is not to be seen: the peer shows it itself, or keeps it secret.
    func hideTyping(_ isHidden: Bool)

    /// The size of the terminal; nil where there is none.
    var terminalSize: TerminalSize? { get }
}

extension LocalSide {
    func attend(_ body: @Sendable () async throws -> Void) async throws { try await body() }
    func peerHasEnded() {}
    func hideTyping(_ isHidden: Bool) {}
    var terminalSize: TerminalSize? { nil }
}
