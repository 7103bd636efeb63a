// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// The other side of a conversation, whatever carries it.
protocol Peer: Sendable {
    /// The most bytes that go with one ``send(_:)``.
    var maximumLength: Int { get }
    /// Whether it may read no further, and that is no failure.
    var mayStopReading: Bool { get }

    /// Waits for bytes; nil at its end.
    nonisolated(nonsending) func nextBytes() async throws(SocketError) -> [UInt8]?
    nonisolated(nonsending) func send(_ bytes: [UInt8]) async throws(SocketError)
    /// Tells that nothing more comes, where that can be told.
    nonisolated(nonsending) func endSending() async
    /// Who waits for it gets `.closed`. Any thread may call this.
    func close()
}

extension Peer {
    var mayStopReading: Bool { false }
}

extension Connection: Peer {
    var maximumLength: Int { 65_536 }

    nonisolated(nonsending) func nextBytes() async throws(SocketError) -> [UInt8]? { try await receive(upTo: 65_536) }

    nonisolated(nonsending) func endSending() async { try? await shutdownSending() }
}

/// A datagram socket with one peer, or with whoever spoke last.
final class DatagramPeer: Peer {
    private let socket: DatagramSocket
    /// Whom to answer, where the socket itself has no peer.
    private let speaker: Mutex<SocketAddress?>
    /// What came before the conversation began.
    private let first: Mutex<[UInt8]?>
    private let heard: @Sendable (SocketAddress) -> Void

    /// - Parameters:
    ///   - first: a datagram that came already.
    ///   - heard: told each sender.
    init(
        _ socket: DatagramSocket, first: Datagram? = nil, heard: @escaping @Sendable (SocketAddress) -> Void = { _ in }
    ) {
        self.socket = socket
        speaker = Mutex(first?.sender)
        self.first = Mutex(first?.bytes)
        self.heard = heard
    }

    /// What passes any network in at most a few packets, and most programs' buffers.
    var maximumLength: Int { 8192 }

    nonisolated(nonsending) func nextBytes() async throws(SocketError) -> [UInt8]? {
        if let bytes = first.withLock({ $0.take() }) { return bytes }
        let datagram = try await socket.receive()
        if socket.peer == nil { speaker.withLock { $0 = datagram.sender } }
        heard(datagram.sender)
        return datagram.bytes
    }

    nonisolated(nonsending) func send(_ bytes: [UInt8]) async throws(SocketError) {
        if socket.peer != nil { return try await socket.send(bytes) }
        if let address = speaker.withLock({ $0 }) { try await socket.send(bytes, to: address) }
    }

    nonisolated(nonsending) func endSending() async {}

    func close() { socket.close() }
}

/// A program's standard input and output.
final class ProgramPeer: Peer {
    private let process: Subprocess

    init(_ process: Subprocess) { self.process = process }

    var maximumLength: Int { 65_536 }

    /// Whether it has failed is told by how it ends: `head` has not.
    var mayStopReading: Bool { true }

    nonisolated(nonsending) func nextBytes() async throws(SocketError) -> [UInt8]? {
        try await process.output?.receive(upTo: 65_536)
    }

    nonisolated(nonsending) func send(_ bytes: [UInt8]) async throws(SocketError) {
        try await process.input?.send(bytes)
    }

    nonisolated(nonsending) func endSending() async { process.input?.close() }

    func close() {
        process.input?.close()
        process.output?.close()
    }
}
