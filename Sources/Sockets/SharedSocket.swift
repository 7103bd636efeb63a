// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// A socket that several places may hold: a dictionary and a selector, or two threads, one for each direction. It
/// closes when the last of them lets go. Two of them are equal only if they are the same object.
public final class SharedSocket: Selectable, Hashable, Sendable {
    /// The socket.
    public let socket: Socket

    /// Takes over a socket.
    public init(_ socket: consuming Socket) { self.socket = socket }

    /// The socket's descriptor.
    public var descriptor: FileDescriptor { socket.descriptor }

    /// Identity.
    public static func == (left: SharedSocket, right: SharedSocket) -> Bool { left === right }

    /// By identity.
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
