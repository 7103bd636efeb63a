// SPDX-License-Identifier: Apache-2.0

/// What a server makes one of for each request. Calls block.
///
/// ```swift
/// struct Shout: BaseRequestHandler {
///     func handle(_ request: StreamRequest) throws {
///         while let said = try request.socket.receive(upTo: 1024) {
///             try request.socket.sendAll(said.decoded(as: .utf8).uppercased().utf8)
///         }
///     }
/// }
/// ```
/// Which request it takes says which servers it is for: a ``StreamRequest`` those of TCP and UNIX streams, a
/// ``DatagramRequest`` those of datagrams. ``StreamRequestHandler`` and ``DatagramRequestHandler`` add what is usual.
///
/// Python: `socketserver.BaseRequestHandler`. What is `self.request`, `self.client_address` and `self.server` there is
/// all in the request here.
public protocol BaseRequestHandler: SendableMetatype {
    /// What it handles: ``StreamRequest`` or ``DatagramRequest``.
    associatedtype Request

    /// Comes first. If it throws, nothing else is called.
    mutating func setup(_ request: Request) throws

    /// Does the work.
    mutating func handle(_ request: Request) throws

    /// Comes last, even after ``handle(_:)`` has thrown.
    mutating func finish(_ request: Request) throws
}

extension BaseRequestHandler {
    /// Does nothing.
    public mutating func setup(_ request: Request) throws {}

    /// Does nothing.
    public mutating func finish(_ request: Request) throws {}

    /// The three in their order.
    mutating func run(_ request: Request) throws {
        try setup(request)
        do { try handle(request) } catch {
            // The first error is the one that tells what went wrong.
            try? finish(request)
            throw error
        }
        try finish(request)
    }
}
