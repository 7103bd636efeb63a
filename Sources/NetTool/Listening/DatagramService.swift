// SPDX-License-Identifier: Apache-2.0
//
// Hazard:   a datagram's sender is whoever it says. An answer that is longer than the question floods a stranger, and
//           two services that answer each other never stop.
// Decision: no answer is longer than its question by more than a time stamp or a greeting, and the old services that
//           answer anything (RFC 862 to 868) and names (53) get none.
import Reactor
import Sockets
import Synchronization

/// A handler at work on one socket's datagrams.
final class DatagramService: Sendable {
    private let socket: DatagramSocket
    private let handler: ListenHandler
    private let log: ClientLog
    private let admitted: AllowList
    private let decode: TextEncoding?

    init(
        _ socket: DatagramSocket, _ handler: ListenHandler, _ log: ClientLog, admitting admitted: AllowList,
        decoding: TextEncoding?
    ) {
        self.socket = socket
        self.handler = handler
        self.log = log
        self.admitted = admitted
        decode = decoding
    }

    /// Ports whose owners answer whatever comes.
    private static let talkative: Set<Port> = [0, 7, 13, 17, 19, 37, 53]

    /// Serves until the task is cancelled or the socket is closed.
    func run() async throws {
        var clock = StampClock()
        var reports = BenchReports()
        do {
            for try await datagram in socket {
                guard admitted.admits(datagram.sender) else { continue }
                log.note(Traffic(datagramsIn: 1, bytesIn: datagram.bytes.count))
                switch handler {
                case .echo: try await answer(datagram, datagram.bytes)
                case .time: try await answer(datagram, clock.stamp + datagram.bytes)
                case .greet(let text): try await answer(datagram, Array(text.utf8))
                case .log: try await tell(datagram)
                case .sink:
                    let now = socket.loop.timeNow.nanoseconds
                    if let report = reports.answer(to: datagram.bytes, from: datagram.sender, at: now) {
                        try await answer(datagram, report)
                    }
                case .discard, .exec, .stdio: break
                }
            }
        } catch let error as SocketError where error.reason == .closed || error.reason == .cancelled {
            // The end of everything.
        }
    }

    private func answer(_ datagram: Datagram, _ bytes: [UInt8]) async throws {
        if let port = datagram.sender.port, Self.talkative.contains(port) { return }
        if datagram.sender == .unix(.unnamed) { return }
        do throws(SocketError) { try await socket.reply(bytes, to: datagram) } catch {
            // That one can't be answered is no reason to leave the others without.
            if error.reason == .closed || error.reason == .cancelled { throw error }
            return log.detail("  \(datagram.sender): \(error.reason)")
        }
        log.note(Traffic(datagramsOut: 1, bytesOut: bytes.count))
    }

    private func tell(_ datagram: Datagram) async throws(ToolFailure) {
        var text = datagram.bytes.text(in: decode)
        if text.hasSuffix("\n") { text.removeLast() }
        let name = datagram.sender == .unix(.unnamed) ? "somebody" : "\(datagram.sender)"
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            try log.line(String(line), from: name)
        }
        try await log.waitForRoom()
    }
}

extension [UInt8] {
    /// The bytes as text; what is malformed becomes U+FFFD.
    func text(in encoding: TextEncoding?) -> String {
        guard let encoding, var decoder = try? TextDecoder(encoding, errors: .replacing) else {
            return String(decoding: self, as: UTF8.self)
        }
        return ((try? decoder.decode(self)) ?? "") + ((try? decoder.finish()) ?? "")
    }
}
