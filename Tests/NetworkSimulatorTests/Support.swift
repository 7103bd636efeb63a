// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets

/// The reason of the socket error that a body throws; nil when it throws none.
func reason(_ body: () async throws -> Void) async -> SocketError.Reason? {
    do {
        try await body()
        return nil
    } catch { return (error as? SocketError)?.reason }
}

extension DatagramSocket {
    /// The next datagram as text.
    func text() async throws -> String { String(decoding: try await receive().bytes, as: UTF8.self) }

    /// Whether nothing arrives for a moment.
    func isSilent() async -> Bool {
        await reason { _ = try await withDeadline(.milliseconds(50)) { try await receive() } } == .timedOut
    }
}

/// What a test throws where it finds something else than it should.
struct Surprise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String = "something else was expected") { self.description = description }
}

/// Throws where a condition does not hold: an exploration notices nothing else.
func check(_ condition: Bool, _ text: @autoclosure () -> String = "a condition does not hold") throws {
    if !condition { throw Surprise(text()) }
}
