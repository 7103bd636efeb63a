// SPDX-License-Identifier: Apache-2.0
//
// Decision: a transport around the transport, for servers with metrics and for whoever else asks. Where nobody does, no
//           receive and no send does anything for the sake of them.
package import Sockets

/// A transport whose bytes are counted.
final class CountingTransport: Transport {
    private let base: any Transport
    private let note: @Sendable (_ count: Int, TransportDirection) -> Void

    /// - Parameter note: called on the loop for all that has moved.
    init(_ base: any Transport, _ note: @escaping @Sendable (_ count: Int, TransportDirection) -> Void) {
        self.base = base
        self.note = note
    }

    var loop: EventLoop { base.loop }
    var localAddress: SocketAddress? { base.localAddress }
    var peer: SocketAddress? { base.peer }

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        counted(try base.receiveNow(into: &output), .receiving)
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        counted(try base.sendNow(bytes), .sending)
    }

    func sendNow(_ first: RawSpan, _ second: RawSpan) throws(SocketError) -> TransferAttempt {
        counted(try base.sendNow(first, second), .sending)
    }

    @inline(__always)
    private func counted(_ attempt: TransferAttempt, _ direction: TransportDirection) -> TransferAttempt {
        if case .moved(let count) = attempt { note(count, direction) }
        return attempt
    }

    func noteMoved(_ count: Int, _ direction: TransportDirection) {
        note(count, direction)
        base.noteMoved(count, direction)
    }

    func onSocket<Result: ~Copyable>(
        _ direction: TransportDirection?, _ body: (borrowing Socket) throws(SocketError) -> Result
    ) throws(SocketError) -> Result? {
        try base.onSocket(direction, body)
    }

    func waitToReceive() throws(SocketError) -> Waiting? { try base.waitToReceive() }
    func wakeReceiver() { base.wakeReceiver() }
    var isHeldBack: Bool { base.isHeldBack }
    func waitToSend() throws(SocketError) -> Waiting? { try base.waitToSend() }
    func waitToConnect() throws(SocketError) -> Waiting? { try base.waitToConnect() }
    func finishConnecting() throws(SocketError) { try base.finishConnecting() }
    func shutdownSending() throws(SocketError) { try base.shutdownSending() }

    /// - Precondition: it stays on its loop, where its bytes are counted.
    func move(to loop: EventLoop) {
        precondition(loop === base.loop, "a transport that is counted stays on its loop")
    }

    func close() { base.close() }
    func abort() { base.abort() }
    func cancel() { base.cancel() }
}

extension Connection {
    /// The same connection, whose bytes are counted: what has come, and what the system has taken to send, whoever
    /// reads and writes it and however.
    ///
    /// - Parameter note: called on the loop each time that bytes have moved.
    /// - Throws: as ``wrapped(by:)``.
    package nonisolated(nonsending) func counted(
        _ note: @escaping @Sendable (_ count: Int, TransportDirection) -> Void
    ) async throws(SocketError) -> Connection {
        try await wrapped { CountingTransport($0, note) }
    }
}
