// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

/// What an attempt that never waits came to.
public enum TransferAttempt: Hashable, Sendable {
    /// So many bytes were moved: at least 1, or 0 for an empty message.
    case moved(Int)
    /// The stream has ended.
    case ended
    /// Nothing can be moved now.
    case wouldBlock
}

/// Calls that never wait, whatever the time limit: what an event loop is made of.
extension Socket {
    /// Receives what is there now.
    ///
    /// - Throws: as ``receive(into:flags:)``, but never `.wouldBlock` or `.timedOut`.
    ///
    /// C: `recv(2)` with `MSG_DONTWAIT`.
    public func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        if output.isFull && !kind.keepsMessages { throw Self.noRoom(output.freeCapacity) }
        let room = output.freeCapacity
        let flags = prepare(&output, .dontWait)
        let count: Int
        do throws(Errno) {
            count = try SystemCalls.receive(number, into: &output, flags: flags.rawValue)
        } catch {
            if error == .wouldBlock { return .wouldBlock }
            throw failure(.receive, error)
        }
        return try checked(count, room).map { .moved($0) } ?? .ended
    }

    /// Takes a client that waits; nil when none does. What it gets never waits: its time limit is zero.
    ///
    /// A connection that was reset while it waited is passed over.
    ///
    /// - Precondition: this socket's time limit is zero: the call has no flag for it.
    /// - Throws: as ``accept()``, but never `.wouldBlock` or `.timedOut`.
    ///
    /// C: `accept4(2)` with `SOCK_NONBLOCK`.
    public func acceptNow() throws(SocketError) -> Socket? {
        precondition(timeLimit == .zero, "a listener that may wait would")
        while true {
            do throws(Errno) {
                let (client, address) = try SystemCalls.accept(number, nonblocking: true)
                return Socket(owning: client, family, kind, protocolNumber, peer: address, timeLimit: .zero)
            } catch {
                if error == .wouldBlock { return nil }
                let failure = failure(.accept, error)
                if !failure.reason.concernsOneClient { throw failure }
            }
        }
    }

    /// Starts to connect. Where this says false the attempt goes on: once the socket is writable,
    /// ``takePendingError()`` tells what came of it.
    ///
    /// - Throws: as ``connect(to:)-(SocketAddress)``, but never `.timedOut`.
    ///
    /// C: `connect(2)` on a non-blocking socket.
    public mutating func connectNow(to address: SocketAddress) throws(SocketError) -> Bool {
        if timeLimit != .zero { try setTimeLimit(.zero) }
        peer = address
        do throws(Errno) { return try startConnecting(to: address) } catch {
            throw SocketError(.connect, error: error, subject: "\(address)")
        }
    }

    /// Sends what fits now.
    ///
    /// - Throws: as ``send(_:flags:)``, but never `.wouldBlock` or `.timedOut`.
    ///
    /// C: `send(2)` with `MSG_DONTWAIT`.
    public func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        do throws(Errno) { return try Self.sendNow(number, bytes) } catch { throw toldApart(failure(.send, error)) }
    }

    // MARK: For an engine that counts nanoseconds

    /// Receives from a stream socket by its number alone.
    ///
    /// - Throws: what the system says, but for `EAGAIN`.
    ///
    /// C: `recv(2)` with `MSG_DONTWAIT`.
    @inline(__always)
    package static func receiveNow(
        _ stream: CInt, into output: inout OutputRawSpan
    ) throws(Errno) -> TransferAttempt {
        do throws(Errno) {
            let count = try SystemCalls.receive(stream, into: &output, flags: Constants.dontWait)
            return count == 0 ? .ended : .moved(count)
        } catch {
            if error == .wouldBlock { return .wouldBlock }
            throw error
        }
    }

    /// Whether a receive that brought `count` bytes, where there was room for more, has left nothing behind. A test
    /// that plays the kernel makes receives short which have.
    @inline(__always)
    package static func isEmptied(by count: Int, of room: Int) -> Bool {
        count < room && !FaultInjection.isPlanned
    }

    /// Sends to a stream socket by its number alone.
    ///
    /// - Throws: what the system says, but for `EAGAIN`.
    ///
    /// C: `send(2)` with `MSG_DONTWAIT`.
    @inline(__always)
    package static func sendNow(_ stream: CInt, _ bytes: RawSpan) throws(Errno) -> TransferAttempt {
        do throws(Errno) { return .moved(try SystemCalls.send(stream, bytes, flags: Constants.dontWait)) } catch {
            if error == .wouldBlock { return .wouldBlock }
            throw error
        }
    }

    /// Sends two pieces to a stream socket by its number alone.
    ///
    /// - Throws: what the system says, but for `EAGAIN`.
    ///
    /// C: `sendmsg(2)` with `MSG_DONTWAIT`.
    package static func sendNow(_ stream: CInt, _ first: RawSpan, _ second: RawSpan) throws(Errno) -> TransferAttempt {
        do throws(Errno) {
            return .moved(try SystemCalls.send(stream, first, second, flags: Constants.dontWait))
        } catch {
            if error == .wouldBlock { return .wouldBlock }
            throw error
        }
    }
}
