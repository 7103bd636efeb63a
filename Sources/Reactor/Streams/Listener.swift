// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Somewhere for clients to connect to: TCP, a UNIX path, a socket that was there already.
///
/// ```swift
/// let listener = try await Listener(on: "unix:/run/app.sock")
/// for try await connection in listener {
///     try await connection.send("hello\r\n")
///     connection.close()
/// }
/// ```
/// One client after the other; a ``Server`` serves many at a time, and pauses by itself while descriptors are short.
///
/// One task at a time accepts. The listener stops listening, and a UNIX path that it made is removed, when it is closed
/// or the last reference to it is gone.
public final class Listener: Sendable {
    /// Finished connections that wait to be accepted, unless another number is given.
    public static let defaultBacklog = 1024

    let acceptor: any Acceptor
    /// The loop that the listener and its connections belong to.
    public let loop: EventLoop

    init(_ acceptor: any Acceptor, on loop: EventLoop) {
        self.acceptor = acceptor
        self.loop = loop
    }

    /// Listens: when this returns clients can connect.
    ///
    /// Endpoints are those of ``Socket/listening(on:family:backlog:reusesPort:)``, whose rules for UNIX paths hold here
    /// too: one that answers is never stolen. An inherited socket (`fd:3`, `systemd:name`) is taken over, once.
    ///
    /// - Parameters:
    ///   - backlog: how many finished connections wait to be accepted.
    ///   - reusesPort: lets several listeners have the same port, each with a share of the clients (`SO_REUSEPORT`).
    ///   - loop: where to accept; the task's own loop, else one of the process's.
    /// - Throws: as ``Socket/listening(on:family:backlog:reusesPort:)``, and `.timedOut`, `.cancelled` from looking up
    ///   a name.
    public convenience init(
        on endpoint: some EndpointConvertible, backlog: Int = Listener.defaultBacklog, reusesPort: Bool = false,
        loop: EventLoop? = nil
    ) async throws(SocketError) {
        let loop = try EventLoop.forCaller(loop, .listen)
        let target = try await ListenTarget(endpoint, on: loop)
        if case .descriptors(let numbers) = target.place, numbers.count > 1 {
            let text = "systemd passes \(numbers.count) sockets of this name, and a listener has one"
            throw SocketError(.listen, .invalid(text), subject: target.text)
        }
        let acceptors = try await loop.run { () throws(SocketError) in
            try target.listen(backlog: backlog, reusesPort: reusesPort, on: loop)
        }
        self.init(acceptors[0], on: loop)
    }

    /// Takes over a socket that is bound, or listens already; if this throws it is closed.
    ///
    /// - Parameter backlog: how many finished connections wait to be accepted, if it does not listen yet.
    /// - Throws: `.invalid` for a socket that is none of a stream; what `listen(2)` says.
    public convenience init(
        adopting socket: consuming Socket, backlog: Int = Listener.defaultBacklog, loop: EventLoop? = nil
    ) async throws(SocketError) {
        let loop = try EventLoop.forCaller(loop, .listen)
        try socket.listenIfItDoesNot(backlog: backlog)
        let parcel = Parcel(socket)
        let acceptor = try await loop.run { () throws(SocketError) in
            try loop.driver.adopt(listening: try parcel.open(.listen))
        }
        self.init(acceptor, on: loop)
    }

    deinit { acceptor.close() }

    /// Where it listens, with the real port.
    public var localAddress: SocketAddress { acceptor.localAddress }

    /// Waits for a client. The connection belongs to the caller, who closes it; if the caller is gone by then, nobody
    /// ever has it and it is closed.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.timedOut` (the task's own deadline), `.busy`;
    ///   ``SocketError/isOutOfResources``, after which the client still waits and the listener is as good as before. A
    ///   few descriptors are left to the program itself.
    public nonisolated(nonsending) func accept() async throws(SocketError) -> Connection {
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in try await accept() })
        }
        while true {
            // Where clients never cease to come there is no wait that would notice.
            if Task.isCancelled { throw SocketError(.accept, .cancelled, subject: "\(localAddress)") }
            if let transport = try acceptor.acceptNow() { return Connection(transport) }
            try await acceptor.waitForClient(until: Deadline.current)
        }
    }

    /// Stops listening: whoever waits here gets `.closed`, a loop over the connections ends, and clients are refused.
    /// What was accepted lives on. Any thread may call this, again and again.
    public func close() { acceptor.close() }
}

extension Listener: AsyncSequence {
    /// The clients, one after the other, until the listener is closed.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let listener: Listener

        /// The next client; nil once the listener is closed.
        ///
        /// - Throws: as ``Listener/accept()``.
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)?
        ) async throws(SocketError) -> Connection? {
            do throws(SocketError) { return try await listener.accept() } catch {
                if error.reason == .closed { return nil }
                throw error
            }
        }
    }

    /// Every call to it gets clients of its own: no client is given twice.
    public func makeAsyncIterator() -> Iterator { Iterator(listener: self) }
}

extension Connection {
    /// Makes a connection of a socket that is connected already, from another library or another process; if this
    /// throws the socket is closed. Twisted's `adoptStreamConnection`.
    ///
    /// - Parameter loop: the loop that it then belongs to; the task's own, else one of the process's.
    /// - Throws: `.invalid` for a socket that is none of a stream; ``SocketError/isNotConnected``.
    public static nonisolated(nonsending) func adopting(
        _ socket: consuming Socket, on loop: EventLoop? = nil
    ) async throws(SocketError) -> Connection {
        let loop = try EventLoop.forCaller(loop, .adopt)
        if socket.kind != .stream {
            throw SocketError(.adopt, .invalid("a \(socket.kind) socket is no stream"))
        }
        _ = try socket.peerAddress
        let parcel = Parcel(socket)
        return try await loop.run { () throws(SocketError) in
            Connection(try loop.driver.adopt(connected: try parcel.open(.adopt)))
        }
    }
}

extension Socket {
    /// Sees to it that clients can connect.
    ///
    /// - Throws: `.invalid` for a socket that is none of a stream; what `listen(2)` says.
    func listenIfItDoesNot(backlog: Int) throws(SocketError) {
        if kind != .stream { throw SocketError(.listen, .invalid("a \(kind) socket has no connections to accept")) }
        if try !self[.isListening] { try listen(backlog: backlog) }
    }
}
