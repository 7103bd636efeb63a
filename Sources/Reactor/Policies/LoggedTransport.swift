// SPDX-License-Identifier: Apache-2.0
import Logging
import Sockets
import Wire

/// A transport whose traffic is written down. All state is the loop's.
final class LoggedTransport: Transport, @unchecked Sendable {
    private let base: any Transport
    private let log: TrafficLog
    private var received: Scribe
    private var sent: Scribe
    private var hasEnded = false

    init(_ base: any Transport, _ log: TrafficLog) {
        self.base = base
        self.log = log
        received = Scribe("received", log, base.peer)
        sent = Scribe("sent", log, base.peer)
    }

    var loop: EventLoop { base.loop }
    var localAddress: SocketAddress? { base.localAddress }
    var peer: SocketAddress? { base.peer }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        let before = output.byteCount
        let attempt = try base.receiveNow(into: &output)
        guard log.isWanted else { return attempt }
        switch attempt {
        case .moved: received.note(output.bytes.extracting(droppingFirst: before))
        case .ended:
            if hasEnded { break }
            hasEnded = true
            received.finish()
            log.write("peer has ended", about: peer)
        case .wouldBlock: break
        }
        return attempt
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        let attempt = try base.sendNow(bytes)
        if log.isWanted, case .moved(let count) = attempt { sent.note(bytes.extracting(first: count)) }
        return attempt
    }

    func sendNow(_ first: RawSpan, _ second: RawSpan) throws(SocketError) -> TransferAttempt {
        let attempt = try base.sendNow(first, second)
        if log.isWanted, case .moved(let count) = attempt {
            sent.note(first.extracting(first: count))
            sent.note(second.extracting(first: max(0, count - first.byteCount)))
        }
        return attempt
    }

    func noteMoved(_ count: Int, _ direction: TransportDirection) {
        if log.isWanted {
            if direction == .receiving { received.note(unseen: count) } else { sent.note(unseen: count) }
        }
        base.noteMoved(count, direction)
    }

    func onSocket<Result: ~Copyable>(
        _ direction: TransportDirection?, _ body: (borrowing Socket) throws(SocketError) -> Result
    ) throws(SocketError) -> Result? {
        try base.onSocket(direction, body)
    }

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? { try base.waitToReceive() }
    func wakeReceiver() { base.wakeReceiver() }
    var isHeldBack: Bool { base.isHeldBack }
    func waitToSend() throws(SocketError) -> Waiting? { try base.waitToSend() }
    func waitToConnect() throws(SocketError) -> Waiting? { try base.waitToConnect() }
    func finishConnecting() throws(SocketError) { try base.finishConnecting() }

    /// - Precondition: it stays on its loop, where its traffic is written.
    func move(to loop: EventLoop) {
        precondition(loop === base.loop, "a transport that is logged stays on its loop")
    }

    // MARK: The end

    func shutdownSending() throws(SocketError) {
        try base.shutdownSending()
        sent.finish()
    }

    func close() {
        finish()
        base.close()
    }

    func abort() {
        finish()
        base.abort()
    }

    func cancel() { base.cancel() }

    /// Writes what has begun and will not be ended.
    private func finish() {
        loop.perform { [self] in
            received.finish()
            sent.finish()
        }
    }
}

/// Writes one direction down.
private struct Scribe {
    private let message: Logger.Message
    private let log: TrafficLog
    private let peer: SocketAddress?
    /// The beginning of a line, one byte more than an entry shows at most.
    private var line: [UInt8] = []
    /// How long the line is by now.
    private var length = 0

    init(_ message: Logger.Message, _ log: TrafficLog, _ peer: SocketAddress?) {
        self.message = message
        self.log = log
        self.peer = peer
    }

    mutating func note(_ bytes: RawSpan) {
        if bytes.isEmpty { return }
        if log.form == .pieces { return write(bytes, bytes.byteCount) }
        for offset in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if byte == UInt8(ascii: "\n") {
                writeLine()
            } else {
                length += 1
                if line.count <= log.maximumLength { line.append(byte) }
            }
        }
    }

    /// Bytes passed that nobody here has seen.
    mutating func note(unseen count: Int) {
        finish()
        log.write(message, about: peer, bytes: count)
    }

    /// There is no more: what has begun is an entry too.
    mutating func finish() { if length > 0 { writeLine() } }

    private mutating func writeLine() {
        if line.last == UInt8(ascii: "\r"), line.count == length {
            line.removeLast()
            length -= 1
        }
        write(unsafe line.span.bytes, length)
        line.removeAll(keepingCapacity: true)
        length = 0
    }

    private func write(_ bytes: RawSpan, _ length: Int) {
        log.write(message, about: peer, text: bytes.quoted(maximumLength: log.maximumLength), bytes: length)
    }
}
