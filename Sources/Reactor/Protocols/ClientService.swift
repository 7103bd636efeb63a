// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A connection that is kept: made again when it fails or is lost, after pauses that a ``Backoff`` gives. Twisted's
/// `ClientService`.
///
/// ```swift
/// let service = ClientService(to: "example.test:7", ClientFactory(Listener.init), on: loop)
/// service.startService()
/// service.whenConnected { result in … }
/// ```
/// It is used on the loop, or before the loop runs.
public final class ClientService: @unchecked Sendable {
    /// The loop that it connects on.
    public let loop: EventLoop
    private let endpoint: any EndpointConvertible
    private let factory: any ClientProtocolFactory
    private let policy: Backoff
    private let prepare: (@Sendable (StreamTransport) throws -> Void)?
    private var backoff: Backoff
    private var connector: ClientConnector?
    private var call: DelayedCall?
    private var waiters: [(failuresLeft: Int?, done: @Sendable (Result<StreamTransport, any Error>) -> Void)] = []
    private var stopActions: [@Sendable () -> Void] = []
    /// Whether it keeps a connection now.
    public private(set) var isRunning = false
    /// The connection; nil while there is none.
    public private(set) var transport: StreamTransport?

    /// A service, which ``startService()`` starts.
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - factory: makes the protocols, and hears of every attempt.
    ///   - retryPolicy: the pauses between attempts.
    ///   - prepareConnection: called with each new connection before anybody is told of it; what it throws counts as a
    ///     failure, and the connection is thrown away.
    public init(
        to endpoint: some EndpointConvertible, _ factory: some ClientProtocolFactory, on loop: EventLoop,
        retryPolicy: Backoff = Backoff(), prepareConnection: (@Sendable (StreamTransport) throws -> Void)? = nil
    ) {
        self.endpoint = endpoint
        self.factory = factory
        self.loop = loop
        policy = retryPolicy
        backoff = retryPolicy
        prepare = prepareConnection
    }

    /// From now on there is a connection, or an attempt, or a pause before one.
    ///
    /// - Throws: `.address` for what is no endpoint.
    public func startService() throws(SocketError) {
        if isRunning { return }
        isRunning = true
        backoff = policy
        do throws(SocketError) { connector = try loop.connect(to: endpoint, Watching(service: self)) } catch {
            isRunning = false
            throw error
        }
    }

    /// Ends the connection, or the attempts.
    ///
    /// - Parameter done: called once there is none any more. Who waits for a connection hears `.cancelled`.
    public func stopService(_ done: (@Sendable () -> Void)? = nil) {
        if let done { stopActions.append(done) }
        isRunning = false
        call?.cancel()
        call = nil
        tellAll(.failure(SocketError(.connect, .cancelled, subject: "\(endpoint)")))
        if let connector, connector.state != .disconnected { connector.disconnect() } else { finishStop() }
    }

    /// Calls `done` with the connection, now if there is one.
    ///
    /// - Parameter failAfterFailures: after so many failed attempts from now on `done` hears of the last one; nil to
    ///   wait for ever. At least 1.
    public func whenConnected(
        failAfterFailures: Int? = nil, _ done: @escaping @Sendable (Result<StreamTransport, any Error>) -> Void
    ) {
        precondition(failAfterFailures ?? 1 >= 1, "after \(failAfterFailures ?? 0) failures")
        if let transport { return done(.success(transport)) }
        if !isRunning { return done(.failure(SocketError(.connect, .cancelled, subject: "\(endpoint)"))) }
        waiters.append((failAfterFailures, done))
    }

    private func finishStop() {
        let actions = stopActions
        stopActions = []
        for action in actions { action() }
    }

    private func tellAll(_ result: Result<StreamTransport, any Error>) {
        let all = waiters
        waiters = []
        for waiter in all { waiter.done(result) }
    }

    fileprivate func connected(_ transport: StreamTransport) throws {
        try prepare?(transport)
        self.transport = transport
        backoff.reset()
        tellAll(.success(transport))
    }

    fileprivate func failed(_ error: any Error) {
        var due: [@Sendable (Result<StreamTransport, any Error>) -> Void] = []
        for index in waiters.indices {
            guard let left = waiters[index].failuresLeft else { continue }
            waiters[index].failuresLeft = left - 1
            if left == 1 { due.append(waiters[index].done) }
        }
        waiters.removeAll { $0.failuresLeft == 0 }
        for done in due { done(.failure(error)) }
    }

    fileprivate func lost() {
        transport = nil
        if !isRunning { return finishStop() }
        if loop.callbacks.life.isStopping { return }
        var randomness = loop.world.randomness
        guard let pause = backoff.next(using: &randomness) else {
            isRunning = false
            return
        }
        call = loop.callLater(pause) { [weak self] in self?.connector?.connect() }
    }

    /// The factory that a service connects with: tells the service, then the one that it was given.
    private struct Watching: ClientProtocolFactory {
        let service: ClientService

        func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)? {
            service.factory.buildProtocol(peer).map { Watched(wrapped: $0, service: service) }
        }

        func startFactory() { service.factory.startFactory() }
        func stopFactory() { service.factory.stopFactory() }
        func startedConnecting(_ connector: ClientConnector) { service.factory.startedConnecting(connector) }

        func clientConnectionFailed(_ connector: ClientConnector, _ error: SocketError) {
            service.factory.clientConnectionFailed(connector, error)
            service.failed(error)
            service.lost()
        }

        func clientConnectionLost(_ connector: ClientConnector, _ reason: CloseReason) {
            service.factory.clientConnectionLost(connector, reason)
            if service.transport == nil { service.failed(reason) }
            service.lost()
        }
    }

    private struct Watched: ProtocolWrapper {
        var wrapped: any StreamProtocol
        let service: ClientService

        mutating func connectionMade(_ transport: StreamTransport) throws {
            try wrapped.connectionMade(transport)
            try service.connected(transport)
        }
    }
}
