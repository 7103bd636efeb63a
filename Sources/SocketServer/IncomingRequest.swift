// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets
import Synchronization

/// What a server has got and not handled yet: a client of a stream server, or a datagram. Python's pair of `request`
/// and `client_address`.
public final class IncomingRequest: Sendable {
    /// Who it comes from; nil, or unnamed, for a UNIX client that is bound to nothing.
    public let clientAddress: SocketAddress?

    /// What it is.
    public enum Content: Sendable {
        /// A client's connection.
        case stream(SharedSocket)
        /// The same, on a loop.
        case connection(Connection)
        /// A datagram, and the server's socket, to answer by.
        case datagram(ReceivedMessage, SharedSocket)
        /// Nothing more: the request was closed.
        case closed
    }

    /// When it was taken.
    let begun = LoopInstant.systemNow

    private let state: Mutex<State>

    private struct State {
        var content: Content
        var isAborted = false
    }

    /// A client of a stream server; for a ``ServerOverrides/getRequest(_:)`` that has its clients from elsewhere.
    public init(client: consuming Socket) {
        clientAddress = client.peer
        state = Mutex(State(content: .stream(SharedSocket(client))))
    }

    /// A datagram that came by a socket.
    public init(_ datagram: ReceivedMessage, from socket: SharedSocket) {
        clientAddress = datagram.sender
        state = Mutex(State(content: .datagram(datagram, socket)))
    }

    /// What it is now.
    public var content: Content { state.withLock { $0.content } }

    /// The client's socket; nil for a datagram, and once an asynchronous handler has the connection.
    public var socket: SharedSocket? { if case .stream(let socket) = content { socket } else { nil } }

    /// The datagram; nil for a client.
    public var datagram: ReceivedMessage? { if case .datagram(let message, _) = content { message } else { nil } }

    /// Whether the server has broken it off.
    var isAborted: Bool { state.withLock { $0.isAborted } }

    /// Makes a connection of a client's socket.
    ///
    /// - Throws: ``SocketError/isOutOfResources``; `.closed`.
    func connection(on loop: EventLoop) throws(SocketError) -> Connection {
        guard case .stream(let shared) = content else { throw SocketError(.adopt, .closed) }
        // One that somebody else made may block, which only a duplicate can be told not to.
        let connection =
            shared.socket.timeLimit == .zero
            ? Connection(adopting: shared, on: loop) : Connection(adopting: try shared.socket.duplicate(), on: loop)
        let isAborted = state.withLock { state in
            state.content = .connection(connection)
            return state.isAborted
        }
        if isAborted { connection.abort() }
        return connection
    }

    /// Lets go of what it holds.
    func close() {
        let content = state.withLock { state in
            defer { state.content = .closed }
            return state.content
        }
        if case .connection(let connection) = content { connection.close() }
    }

    /// Breaks it off: whoever waits for the client does so no longer, and a datagram is not answered any more, which
    /// its ``DatagramAnswer`` notices by itself. Any thread may call this.
    func abort() {
        let content = state.withLock { state in
            state.isAborted = true
            return state.content
        }
        switch content {
        case .stream(let shared): try? shared.socket.shutdown(.both)
        case .connection(let connection): connection.abort()
        case .datagram, .closed: break
        }
    }
}
