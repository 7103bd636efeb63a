// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Opens a socket for datagrams at an address, runs `body`, and closes.
///
/// ```swift
/// try await withDatagramSocket(on: ":8080") { socket in
///     for try await datagram in socket {
///         try await socket.send("got \(datagram.bytes.count)", to: datagram.sender)
///     }
/// }
/// ```
/// The task that calls this uses the socket: cancelling it cancels the socket as a whole.
///
/// - Parameters:
///   - endpoint: where to receive: `:8080` and `udp://:8080` on this machine only, `*:8080` by every interface and both
///     families, `*:0` for a client that sends to other machines, `unix-dgram:/path`, `unix-dgram:` for a name that the
///     system makes up, `fd:3` for a socket that this process inherited. A group, `udp://239.1.1.1:5000`, is joined, by
///     the interface of the option `iface` and from the address of the option `source`; the option `ttl` says how far
///     what is sent to groups goes.
///   - loop: the loop to open it on; the task's own, else one of the process's.
/// - Throws: `.address`, `.unresolved`, ``SocketError/isAddressInUse``, ``SocketError/isAddressNotAvailable``,
///   ``SocketError/isPermissionDenied``, `.invalid` for an endpoint that carries no datagrams; what `body` throws.
public nonisolated(nonsending) func withDatagramSocket<Result: Sendable>(
    on endpoint: some EndpointConvertible, options: DatagramSocket.Options = DatagramSocket.Options(),
    loop: EventLoop? = nil, _ body: @Sendable (DatagramSocket) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop.forCaller(loop, .bind)
    return try await withTaskExecutorPreference(loop) {
        try await use(try await DatagramSocket(on: endpoint, options: options, loop: loop), body)
    }
}

/// Opens a socket for datagrams to and from one peer, runs `body`, and closes. Nothing is sent, and nobody is asked.
///
/// ```swift
/// let answer = try await withDatagramSocket(to: "localhost:7") { socket in
///     try await socket.send("hello")
///     return try await withDeadline(.seconds(1)) { try await socket.receive().bytes }
/// }
/// ```
///
/// - Parameters:
///   - endpoint: the peer. For a group the options `iface` and `ttl` say which way and how far.
///   - source: the local address; the system chooses for nil.
/// - Throws: as ``withDatagramSocket(on:options:loop:_:)``; ``SocketError/isUnreachable`` where no way leads there;
///   ``SocketError/isConnectionRefused`` where there is no such UNIX socket.
public nonisolated(nonsending) func withDatagramSocket<Result: Sendable>(
    to endpoint: some EndpointConvertible, from source: SocketAddress? = nil,
    options: DatagramSocket.Options = DatagramSocket.Options(), loop: EventLoop? = nil,
    _ body: @Sendable (DatagramSocket) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop.forCaller(loop, .connect)
    return try await withTaskExecutorPreference(loop) {
        try await use(try await DatagramSocket(to: endpoint, from: source, options: options, loop: loop), body)
    }
}

private nonisolated(nonsending) func use<Result: Sendable>(
    _ socket: DatagramSocket, _ body: @Sendable (DatagramSocket) async throws -> Result
) async throws -> Result {
    defer { socket.close() }
    return try await withOwnership(of: socket) { try await body(socket) }
}
