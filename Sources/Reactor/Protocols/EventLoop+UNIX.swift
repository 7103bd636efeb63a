// SPDX-License-Identifier: Apache-2.0
public import Sockets
public import SystemPackage

/// Listening and connecting with protocols at UNIX paths. All of it is called on the loop, or before the loop runs.
extension EventLoop {
    /// Listens at a UNIX path. One that answers is never stolen, and one whose server is dead is taken over.
    ///
    /// - Parameters:
    ///   - mode: who may connect, from the first moment on; as the process's mask says for nil.
    ///   - wantsPID: whether this process's number is left at `PATH.lock`, a symbolic link that leads nowhere, for as
    ///     long as the port listens. A living process's lock is respected, that of a dead one taken over, and others
    ///     can see who serves (``connectUNIX(_:_:timeout:checksPID:)``). The link is as Twisted makes it.
    /// - Throws: as ``listenTCP(_:_:backlog:interface:)``; ``SocketError/isAddressInUse``, with the
    ///   ``SocketError/holder``, for a path that is locked; `.unsupported` for a lock or a mode in a simulation.
    ///
    /// Twisted: `reactor.listenUNIX`.
    @discardableResult
    public func listenUNIX(
        _ path: String, _ factory: some ProtocolFactory, backlog: Int = Listener.defaultBacklog,
        mode: FilePermissions? = nil, wantsPID: Bool = false
    ) throws(SocketError) -> ListeningPort {
        let lock = wantsPID ? try lock(path) : nil
        return try enter { () throws(SocketError) in
            start(try acceptor(at: path, backlog: backlog, mode), factory, owning: lock)
        }
    }

    private func acceptor(
        at path: String, backlog: Int, _ mode: FilePermissions?
    ) throws(SocketError) -> any Acceptor {
        let address = try Self.unixAddress(path, .listen)
        guard let mode else { return try driver.listen(at: address, backlog: backlog, reusesPort: false) }
        try requireFiles(path, "mode", .listen)
        var options = ServerSocketOptions()
        options.backlog = backlog
        // A path has its mode from its socket, so that nobody connects before it has; less what the mask takes away,
        // which is given back then.
        let socket = try Socket.serving(on: address, .stream, options) { socket throws(SocketError) in
            try Self.permit(path) { () throws(Errno) in
                try SystemCalls.setPermissions(of: socket.descriptor.rawValue, to: mode)
            }
        }
        try Self.permit(path) { () throws(Errno) in
            try SystemCalls.setPermissions(of: path.utf8, in: SystemCalls.currentDirectory, to: mode)
        }
        return try driver.adopt(listening: socket)
    }

    private static func permit(_ path: String, _ body: () throws(Errno) -> Void) throws(SocketError) {
        do throws(Errno) { try body() } catch { throw SocketError(.listen, error: error, subject: path) }
    }

    /// Connects to a UNIX path.
    ///
    /// - Parameter checksPID: whether nobody is connected to unless a living process has `PATH.lock`, as
    ///   ``listenUNIX(_:_:backlog:mode:wantsPID:)`` leaves it. Each attempt looks; one that finds none fails with
    ///   ``SocketError/isConnectionRefused``.
    /// - Throws: `.address` for what can be no path; `.unsupported` for a lock in a simulation.
    ///
    /// Twisted: `reactor.connectUNIX`.
    @discardableResult
    public func connectUNIX(
        _ path: String, _ factory: some ClientProtocolFactory, timeout: Duration = .seconds(30),
        checksPID: Bool = false
    ) throws(SocketError) -> ClientConnector {
        let address = try Self.unixAddress(path, .connect)
        let way = Connector(timeout: timeout)
        if !checksPID { return try begin(ClientConnector(to: address, by: way, factory, on: self)) }
        try requireFiles(path, "lock", .connect)
        return try begin(
            ClientConnector(to: address, by: way, factory, on: self) { () throws(SocketError) in
                try Self.requireOwner(of: path)
            })
    }

    static func unixAddress(_ path: String, _ operation: SocketError.Operation) throws(SocketError) -> SocketAddress {
        do throws(AddressError) { return .unix(try UnixAddress(path: path)) } catch {
            throw SocketError(operation, .address(error))
        }
    }

    // MARK: Locks

    private static func lockPath(_ path: String) -> [UInt8] { Array("\(path).lock".utf8) }

    private func lock(_ path: String) throws(SocketError) -> ProcessLock {
        try requireFiles(path, "lock", .listen)
        let place = Self.lockPath(path)
        do throws(Errno) { return try ProcessLock.take(place) } catch {
            if error != .fileExists { throw SocketError(.listen, error: error, subject: "\(path).lock") }
            let owner = (try? ProcessLock.owner(of: place)) ?? nil
            throw SocketError(
                .listen, .system(.addressInUse), subject: path, holder: owner.map { PortHolder(process: $0) })
        }
    }

    private static func requireOwner(of path: String) throws(SocketError) {
        do throws(Errno) { if try ProcessLock.owner(of: lockPath(path)) != nil { return } } catch {
            // What is no lock is nobody's.
            if error != .fileExists { throw SocketError(.connect, error: error, subject: "\(path).lock") }
        }
        throw SocketError(.connect, .system(.connectionRefused), subject: "\(path), which no process has locked")
    }

    /// A simulated network has no files.
    private func requireFiles(
        _ path: String, _ wish: String, _ operation: SocketError.Operation
    ) throws(SocketError) {
        if driver is ReadinessDriver { return }
        throw SocketError(
            operation, .unsupported(.noFunction), subject: "\(path) with a \(wish) outside of the real world")
    }
}
