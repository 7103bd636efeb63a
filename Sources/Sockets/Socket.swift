// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// A socket: one owner of one descriptor, which it closes exactly once.
///
/// ```swift
/// let server = try Socket.listening(on: "localhost:6789")
/// let client = try server.accept()
/// print("connected from", client.peer ?? "nowhere")
/// while let said = try client.receive(upTo: 1000) { try client.sendAll(said) }
/// ```
///
/// Calls block, by default for ever, or for ``timeLimit``. A socket can't be copied, so nothing can read from one that
/// is closed: that does not compile. What tasks or collections share is a ``SharedSocket``.
///
/// Guarantees: descriptors are closed on exec; `EINTR` and `SIGPIPE` never reach the caller; the end of a stream is nil
/// and never an empty read.
///
/// C: `socket(2)`, `socket(7)`.
public struct Socket: ~Copyable, Sendable {
    let owned: OwnedDescriptor

    /// Removes the path of a listening UNIX socket when the last socket for it is gone.
    var path: BoundPath?

    /// The descriptor, for calls that this type does not have. It is valid as long as the socket lives.
    public var descriptor: FileDescriptor { FileDescriptor(rawValue: owned.number) }

    /// The family of its addresses.
    public let family: AddressFamily

    /// How it carries bytes.
    public let kind: SocketKind

    /// The protocol, as the system answered it: never `.automatic` where the system knows better. Nil where the system
    /// does not tell.
    public let protocolNumber: ProtocolNumber?

    /// The peer, remembered from `accept` or `connect`: it stays known after a reset, when the system has forgotten it.
    public internal(set) var peer: SocketAddress?

    /// How long a call may wait: nil for ever, `.zero` not at all (``SocketError/Reason/wouldBlock``), else this long
    /// in all, after which it throws ``SocketError/Reason/timedOut``. Set it with ``setTimeLimit(_:)``.
    public internal(set) var timeLimit: Duration?

    /// Opens a socket; without arguments a TCP socket for IPv4.
    ///
    /// - Throws: `.unsupported` where the system lacks the combination, ``SocketError/isPermissionDenied`` for `.raw`
    ///   without rights, ``SocketError/isOutOfResources`` when no descriptor is left.
    ///
    /// C: `socket(2)`.
    public init(
        _ family: AddressFamily = .ipv4, _ kind: SocketKind = .stream, _ protocolNumber: ProtocolNumber = .automatic
    ) throws(SocketError) {
        do throws(Errno) {
            let number = try SystemCalls.socket(
                family: family.rawValue, kind: kind.rawValue, protocolNumber: protocolNumber.rawValue)
            self.init(owning: number, family, kind, peer: nil)
        } catch {
            throw SocketError(.open, error: error, subject: "\(family) \(kind) \(protocolNumber)")
        }
    }

    /// Takes over an open descriptor and asks the system what it is. On an error the descriptor stays the caller's.
    ///
    /// - Throws: ``SocketError/Reason/system(_:)`` with `ENOTSOCK` or `EBADF`.
    ///
    /// C: `getsockopt(2)` with `SO_DOMAIN`, `SO_TYPE`.
    public init(adopting descriptor: FileDescriptor) throws(SocketError) {
        do throws(Errno) {
            let number = descriptor.rawValue
            let family = try SystemCalls.integerOption(number, .domain)
            let kind = try SystemCalls.integerOption(number, .kind)
            let isNonblocking = try SystemCalls.isNonblocking(number)
            self.init(
                owning: number, AddressFamily(rawValue: family), SocketKind(rawValue: kind),
                peer: try? SystemCalls.peerAddress(number), timeLimit: isNonblocking ? .zero : nil)
        } catch {
            throw SocketError(.adopt, error: error, subject: "descriptor \(descriptor.rawValue)")
        }
    }

    /// Owns a descriptor whose nature is known; its protocol is asked for unless it is told.
    init(
        owning number: CInt, _ family: AddressFamily, _ kind: SocketKind, _ protocolNumber: ProtocolNumber? = nil,
        peer: SocketAddress?, timeLimit: Duration? = nil
    ) {
        owned = OwnedDescriptor(number)
        self.family = family
        self.kind = kind
        self.protocolNumber = protocolNumber ?? Self.protocolNumber(of: number)
        self.peer = peer
        self.timeLimit = timeLimit
    }

    private static func protocolNumber(of descriptor: CInt) -> ProtocolNumber? {
        (try? SystemCalls.integerOption(descriptor, .protocolNumber)).map(ProtocolNumber.init(rawValue:))
    }

    /// Closes now and reports what the end of the scope would swallow. The descriptor is gone either way.
    ///
    /// C: `close(2)`.
    public consuming func close() throws(SocketError) {
        let number = self.number
        do throws(Errno) {
            try owned.close()
        } catch {
            throw SocketError(.close, error: error, subject: "descriptor \(number)")
        }
    }

    /// Gives the descriptor away: the caller closes it. The path of a UNIX listener stays.
    public consuming func detach() -> FileDescriptor {
        path?.keep()
        return FileDescriptor(rawValue: owned.detach())
    }

    /// A second socket for the same connection. Both see the same data and options; the time limit is copied.
    ///
    /// C: `fcntl(2)` with `F_DUPFD_CLOEXEC`.
    public func duplicate() throws(SocketError) -> Socket {
        do throws(Errno) {
            let number = try SystemCalls.duplicate(descriptor.rawValue)
            var copy = Socket(owning: number, family, kind, protocolNumber, peer: peer, timeLimit: timeLimit)
            copy.path = path
            return copy
        } catch {
            throw SocketError(.duplicate, error: error, subject: subject)
        }
    }

    /// The socket's own address.
    ///
    /// C: `getsockname(2)`.
    public var localAddress: SocketAddress {
        get throws(SocketError) {
            do throws(Errno) { return try SystemCalls.localAddress(number) } catch {
                throw SocketError(.localAddress, error: error, subject: subject)
            }
        }
    }

    /// The peer's address as the system knows it now; after a reset it has none (see ``peer``).
    ///
    /// C: `getpeername(2)`.
    public var peerAddress: SocketAddress {
        get throws(SocketError) {
            do throws(Errno) { return try SystemCalls.peerAddress(number) } catch {
                throw SocketError(.peerAddress, error: error, subject: subject)
            }
        }
    }

    /// Whether programs that this one starts get the descriptor too; false at first (PEP 446's reason: leaks).
    ///
    /// C: `fcntl(2)` with `FD_CLOEXEC`.
    public var isInheritable: Bool {
        get throws(SocketError) {
            do throws(Errno) { return try SystemCalls.isInheritable(number) } catch {
                throw SocketError(.inherit, error: error, subject: subject)
            }
        }
    }

    /// Lets programs that this one starts have the descriptor, or not.
    ///
    /// C: `fcntl(2)` with `FD_CLOEXEC`.
    public func setInheritable(_ isInheritable: Bool) throws(SocketError) {
        do throws(Errno) { try SystemCalls.setInheritable(number, isInheritable) } catch {
            throw SocketError(.inherit, error: error, subject: subject)
        }
    }

    var number: CInt { owned.number }

    /// What errors name: the peer, else the socket's own address.
    var subject: String? {
        // A socket for datagrams may have been given its peer since.
        let address = peer ?? (try? SystemCalls.peerAddress(number)) ?? (try? SystemCalls.localAddress(number))
        return address.map { "\($0)" }
    }
}
