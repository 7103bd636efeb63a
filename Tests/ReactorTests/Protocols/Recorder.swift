// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization
import TestSupport

/// What protocols were told, in order, for a test to look at.
final class Recorder: Sendable {
    private let state = Mutex<(notes: [String], transports: [StreamTransport])>(([], []))

    func note(_ text: String) { state.withLock { $0.notes.append(text) } }
    func note(_ transport: StreamTransport) { state.withLock { $0.transports.append(transport) } }

    var notes: [String] { state.withLock { $0.notes } }
    var transport: StreamTransport? { state.withLock { $0.transports.last } }
    func has(_ text: String) -> Bool { notes.contains(text) }
}

/// A protocol that writes down what it hears, and answers as it is told.
struct RecordingProtocol: StreamProtocol {
    let recorder: Recorder
    var made: @Sendable (StreamTransport) throws -> Void = { _ in }
    var received: @Sendable ([UInt8], StreamTransport) throws -> Void = { _, _ in }
    private var text = ""

    init(
        _ recorder: Recorder, made: @escaping @Sendable (StreamTransport) throws -> Void = { _ in },
        received: @escaping @Sendable ([UInt8], StreamTransport) throws -> Void = { _, _ in }
    ) {
        self.recorder = recorder
        self.made = made
        self.received = received
    }

    mutating func connectionMade(_ transport: StreamTransport) throws {
        recorder.note("made")
        recorder.note(transport)
        try made(transport)
    }

    mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws {
        text += data.text
        recorder.note("received so far \(text)")
        try received(data.array, transport)
    }

    mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {
        recorder.note("lost: \(reason)")
    }
}

struct EchoProtocol: StreamProtocol {
    func dataReceived(_ data: RawSpan, _ transport: StreamTransport) { transport.write(data) }
}

/// Waits on the loop's own time, so that a network in memory goes on meanwhile.
func until(on loop: EventLoop, _ condition: @Sendable () -> Bool) async throws {
    let end = loop.timeNow.advanced(by: .seconds(20))
    while !condition() {
        if loop.timeNow > end { throw Late() }
        try await loop.sleep(for: .milliseconds(1))
    }
}

struct Late: Error {}

/// The address of a port that a factory listens on.
func listen(_ factory: some ProtocolFactory, on loop: EventLoop) async throws -> (ListeningPort, SocketAddress) {
    let port = try await loop.run { () throws(SocketError) in
        try loop.listenTCP(0, factory, interface: "127.0.0.2")
    }
    return (port, port.host)
}
