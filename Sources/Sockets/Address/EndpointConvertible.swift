// SPDX-License-Identifier: Apache-2.0

/// What can be given where an endpoint is wanted: a text, an ``Endpoint``, a ``SocketAddress``.
///
/// ```swift
/// Socket.listening(on: "localhost:80")
/// Socket.listening(on: .public(80))
/// ```
public protocol EndpointConvertible: Sendable {
    /// The endpoint.
    ///
    /// - Throws: ``AddressError`` where the text is none.
    func endpoint() throws(AddressError) -> Endpoint
}

extension String: EndpointConvertible {
    /// Reads this text as ``Endpoint`` does.
    public func endpoint() throws(AddressError) -> Endpoint { try Endpoint(self) }
}

extension Endpoint: EndpointConvertible {
    /// This endpoint.
    public func endpoint() -> Endpoint { self }
}

extension SocketAddress: EndpointConvertible {
    /// This address over TCP, or as a UNIX-domain stream.
    public func endpoint() throws(AddressError) -> Endpoint { try Endpoint(self) }
}

extension EndpointConvertible where Self == Endpoint {
    /// Every interface of this machine, by both families: `*:80`. Whoever can reach this machine can reach it.
    public static func `public`(_ port: Port) -> Endpoint { Endpoint(.everyInterface, port) }
}
