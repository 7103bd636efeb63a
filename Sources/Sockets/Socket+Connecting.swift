// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

extension Socket {
    /// The backlog that a listener gets by default: as long as the system allows.
    ///
    /// C: `SOMAXCONN`, `/proc/sys/net/core/somaxconn`.
    public static let maximumBacklog = 4096

    /// Gives the socket an address. A server needs it, or nobody finds the port; a client may do it before it connects.
    ///
    /// - Throws: ``SocketError/isAddressInUse`` (with the ``SocketError/holder``, where the system tells),
    ///   ``SocketError/isAddressNotAvailable``, ``SocketError/isPermissionDenied`` for a port below 1024 without
    ///   rights.
    ///
    /// C: `bind(2)`.
    public func bind(to address: SocketAddress) throws(SocketError) {
        do throws(Errno) { try SystemCalls.bind(number, to: address) } catch {
            throw Self.bindError(.bind, error, address, kind)
        }
    }

    /// Makes the socket passive: from now on clients can connect. Without ``bind(to:)`` the system picks a port.
    ///
    /// The backlog bounds the finished connections that nobody has accepted yet, and nothing else; Linux admits one
    /// more, and lets further clients wait rather than refusing them. How many clients are served at a time is for the
    /// server to say.
    ///
    /// - Parameter backlog: 0 up to ``maximumBacklog``; a negative number counts as 0, as in Python.
    ///
    /// C: `listen(2)`.
    public func listen(backlog: Int = Socket.maximumBacklog) throws(SocketError) {
        do throws(Errno) { try SystemCalls.listen(number, backlog: CInt(clamping: max(0, backlog))) } catch {
            throw failure(.listen, error)
        }
    }

    /// Waits for a client and returns a socket for it alone, which remembers the client's address as its ``peer``. The
    /// listener goes on listening.
    ///
    /// A connection that was reset while it waited is passed over. The new socket blocks, whatever the listener's
    /// limit.
    ///
    /// - Throws: `.timedOut`, `.wouldBlock`, ``SocketError/isOutOfResources``; the client then goes on waiting.
    ///
    /// C: `accept4(2)`.
    public func accept() throws(SocketError) -> Socket {
        var patience = Patience(timeLimit)
        while true {
            do throws(SocketError) {
                return try attempt(.accept, Constants.pollIn, &patience) { () throws(Errno) in
                    let (client, address) = try SystemCalls.accept(number, nonblocking: false)
                    return Socket(owning: client, family, kind, protocolNumber, peer: address)
                }
            } catch {
                if !error.reason.concernsOneClient { throw error }
            }
        }
    }

    /// Connects, waiting at most for the socket's time limit. A datagram socket gets a default peer and sends nothing.
    ///
    /// After `.wouldBlock` or `.timedOut` the attempt goes on: once the socket is writable, connecting to the same
    /// address again tells what came of it. After any other error the socket is no longer of use: open a new one.
    ///
    /// - Throws: ``SocketError/isConnectionRefused``, ``SocketError/isUnreachable``, `.timedOut`, `.wouldBlock`.
    ///
    /// C: `connect(2)`.
    public mutating func connect(to address: SocketAddress) throws(SocketError) {
        do throws(Errno) {
            if try !startConnecting(to: address) { try finishConnecting() }
            peer = address
        } catch {
            throw SocketError(.connect, error: error, subject: "\(address)")
        }
    }

    /// The same, with the error as a value: Python's `connect_ex`.
    ///
    /// C: `connect(2)`.
    public mutating func connectResult(to address: SocketAddress) -> Result<Void, SocketError> {
        do throws(SocketError) { return .success(try connect(to: address)) } catch { return .failure(error) }
    }

    /// Ends one direction, or both. What was sent before still arrives; after `.sending` the peer sees the end of the
    /// stream and may go on sending.
    ///
    /// C: `shutdown(2)`.
    public func shutdown(_ direction: ShutdownDirection) throws(SocketError) {
        do throws(Errno) { try SystemCalls.shutdown(number, direction.systemValue) } catch {
            throw failure(.shutdown, error)
        }
    }

    /// True once connected; false while the attempt goes on.
    func startConnecting(to address: SocketAddress) throws(Errno) -> Bool {
        while true {
            do throws(Errno) {
                try SystemCalls.connect(number, to: address)
                return true
            } catch {
                switch error {
                // Of a UNIX attempt that a signal broke off nothing is left; any other goes on by itself.
                case .interrupted where family == .unix: continue
                // Of a blocking attempt this means that SO_SNDTIMEO ran out.
                case .nowInProgress where timeLimit == nil: throw .timedOut
                case .nowInProgress, .alreadyInProcess, .interrupted: return false
                // A UNIX listener's queue is full. There is nothing to poll for: only a blocking call can wait.
                case .wouldBlock where family == .unix && timeLimit != .zero: return try connectBlocking(to: address)
                default: throw error
                }
            }
        }
    }

    private func finishConnecting() throws(Errno) {
        if timeLimit == .zero { throw .wouldBlock }
        if try !SystemCalls.poll(number, for: Constants.pollOut, timeout: timeLimit) { throw .timedOut }
        let pending = try SystemCalls.integerOption(number, .error)
        if pending != 0 { throw Errno(rawValue: pending) }
        // An attempt that a signal broke off before it began leaves no error, and no peer either.
        _ = try SystemCalls.peerAddress(number)
    }

    /// Lets the kernel wait for room in the listener's queue, for as long as the time limit says.
    private func connectBlocking(to address: SocketAddress) throws(Errno) -> Bool {
        var patience = Patience(timeLimit)
        try SystemCalls.setNonblocking(number, false)
        defer {
            try? SystemCalls.setNonblocking(number, timeLimit != nil)
            if timeLimit != nil { try? SystemCalls.setSendTimeout(number, .zero) }
        }
        while true {
            if let left = patience.left() {
                if left == .zero { throw .timedOut }
                try SystemCalls.setSendTimeout(number, left)
            }
            do throws(Errno) {
                try SystemCalls.connect(number, to: address)
                return true
            } catch {
                if error != .interrupted { throw error == .wouldBlock ? .timedOut : error }
            }
        }
    }

    static func bindError(
        _ operation: SocketError.Operation, _ error: Errno, _ address: SocketAddress, _ kind: SocketKind
    ) -> SocketError {
        SocketError(
            operation, .init(error, during: operation), subject: "\(address)",
            holder: error == .addressInUse ? PortHolder(of: address, kind: kind) : nil)
    }
}

extension SocketError.Reason {
    /// Whether an error of `accept` speaks of one connection that did not live to be accepted, and not of the listener.
    ///
    /// Linux passes on what is pending on the new socket: `accept(2)`, "Error handling".
    package var concernsOneClient: Bool {
        switch self {
        case .broken: true
        case .system(let error):
            [
                .protocolError, .networkDown, .hostIsDown, .noRouteToHost, .networkUnreachable, .protocolNotAvailable,
                Errno(rawValue: ENONET),
            ].contains(error)
        default: false
        }
    }
}
