// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// One attempt to reach a target that never blocks: each of its addresses in turn, all within one limit.
///
/// Whoever drives it calls ``start(at:)``, waits for ``interest`` on ``descriptor`` until ``deadline``, and calls
/// ``proceed(at:)`` then, until it answers something else than `.pending`.
final class ConnectionAttempt {
    enum Progress: Hashable {
        case pending
        case open
        case failed(CheckFailure)
    }

    /// When ``proceed(at:)`` is due even if nothing happens.
    private(set) var deadline: Duration
    private let kind: SocketKind
    private let limit: Duration
    private let end: Duration
    private var addresses: ArraySlice<SocketAddress>
    private var socket: SharedSocket?

    /// - Parameters:
    ///   - addresses: in the order in which to try them, at least one.
    ///   - limit: for all of them together.
    init(_ addresses: [SocketAddress], kind: SocketKind, within limit: Duration, from now: Duration) {
        self.addresses = addresses[...]
        self.kind = kind
        self.limit = limit
        end = now + limit
        deadline = end
    }

    /// The descriptor to wait for while the attempt is pending.
    var descriptor: FileDescriptor? { socket?.descriptor }

    /// What to wait for: a stream is connected when it can be written to; a datagram is answered.
    var interest: Poll.Events { kind == .datagram ? .input : .output }

    /// Starts with the next address, and goes on while addresses fail at once.
    func start(at now: Duration) -> Progress {
        var failure = CheckFailure.unreachable("no address")
        while let address = addresses.popFirst() {
            // An address that is silent leaves the others their share of the time.
            deadline = now + (end - now) / (addresses.count + 1)
            switch begin(address) {
            case .failed(let reason): failure = reason
            case let progress: return progress
            }
        }
        return .failed(failure)
    }

    /// Looks at what came of it once the descriptor is ready or the deadline has passed.
    func proceed(at now: Duration) -> Progress {
        guard let ended = socket else { return start(at: now) }
        let progress = result(of: ended.socket, at: now)
        if progress == .pending { return .pending }
        socket = nil
        if case .failed = progress, !addresses.isEmpty { return start(at: now) }
        return progress
    }

    private func begin(_ address: SocketAddress) -> Progress {
        do throws(SocketError) {
            var opening = try Socket(address.family, kind)
            try opening.setTimeLimit(.zero)
            let isConnected = try Self.connect(&opening, to: address)
            if isConnected, kind != .datagram || address.unix != nil {
                return opening.isConnectedToItself ? .failed(.refused) : .open
            }
            // UDP knows no connections: an empty datagram asks, and a closed port answers through ICMP.
            if isConnected { _ = try opening.send([]) }
            socket = SharedSocket(opening)
            return .pending
        } catch {
            return .failed(CheckFailure(error, after: limit))
        }
    }

    /// Whether the socket is connected at once; false while an IP connection is on its way.
    private static func connect(_ socket: inout Socket, to address: SocketAddress) throws(SocketError) -> Bool {
        do throws(SocketError) {
            try socket.connect(to: address)
            return true
        } catch {
            if error.reason == .wouldBlock, address.unix == nil { return false }
            throw error
        }
    }

    private func result(of socket: borrowing Socket, at now: Duration) -> Progress {
        do throws(SocketError) {
            if let error = try socket.takePendingError() {
                return .failed(CheckFailure(SocketError(.connect, error: error), after: limit))
            }
            if kind == .datagram { return try answer(to: socket, at: now) }
            // Without a peer there is neither a connection nor an error yet.
            if (try? socket.peerAddress) == nil { return now < deadline ? .pending : .failed(.silent(limit)) }
            return socket.isConnectedToItself ? .failed(.refused) : .open
        } catch {
            return .failed(CheckFailure(error, after: limit))
        }
    }

    private func answer(to socket: borrowing Socket, at now: Duration) throws(SocketError) -> Progress {
        do throws(SocketError) {
            _ = try socket.receive(upTo: 1)
            return .open
        } catch {
            switch error.reason {
            case .wouldBlock: return now < deadline ? .pending : .failed(.unanswered(limit))
            case .truncated: return .open
            default: throw error
            }
        }
    }
}

extension Socket {
    /// Whether this is a TCP connection with itself: on loopback the system may pick the very port that is asked for as
    /// the port to ask from, and both ends open at the same time. Nobody listens there.
    ///
    /// RFC 9293 §3.5.
    var isConnectedToItself: Bool {
        guard family != .unix, let local = try? localAddress else { return false }
        return local == (try? peerAddress)
    }
}
