// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A client's connection, and the attempts to have one: Twisted's `IConnector`. (``Connector`` is the value that says
/// how addresses are tried.)
///
/// Any thread may call its methods; they take effect on the loop.
public final class ClientConnector: LoopService, @unchecked Sendable {
    /// Where a connector stands.
    public enum State: Hashable, Sendable {
        /// There is neither a connection nor an attempt.
        case disconnected
        /// An attempt is under way.
        case connecting
        /// There is a connection.
        case connected
    }

    /// The loop that it connects on.
    public let loop: EventLoop
    /// Where it connects to, as it was given. Twisted: `getDestination`.
    public let destination: String
    private let endpoint: any EndpointConvertible
    private let way: Connector
    private let factory: any ClientProtocolFactory
    /// Looks, before each attempt, whether there is anybody to connect to.
    private let check: (@Sendable () throws(SocketError) -> Void)?
    private var phase = Phase.idle
    private var hasStarted = false

    private enum Phase {
        case idle
        /// The factory is told that an attempt begins.
        case starting
        case attempting(LoopTask)
        /// The attempt has been given up, and has not ended yet.
        case stopping
        /// The factory is about to hear that it failed.
        case failing
        case connected(StreamTransport)
    }

    /// Where it stands. On the loop.
    public var state: State {
        switch phase {
        case .idle: .disconnected
        case .starting, .attempting, .stopping, .failing: .connecting
        case .connected: .connected
        }
    }

    init(
        to endpoint: any EndpointConvertible, by way: Connector, _ factory: any ClientProtocolFactory,
        on loop: EventLoop, check: (@Sendable () throws(SocketError) -> Void)? = nil
    ) {
        self.endpoint = endpoint
        self.way = way
        self.factory = factory
        self.loop = loop
        self.check = check
        destination = "\(endpoint)"
    }

    /// Connects, or connects anew; nothing happens while there is a connection or an attempt. A loop that is being
    /// stopped connects to nobody.
    public func connect() {
        loop.perform { [self] in
            guard case .idle = phase, !loop.callbacks.life.isStopping else { return }
            phase = .starting
            loop.callbacks.enter(self)
            if !hasStarted {
                hasStarted = true
                factory.startFactory()
            }
            factory.startedConnecting(self)
            // Whoever was told of the attempt may have stopped it.
            if case .starting = phase { begin() }
        }
    }

    private func begin() {
        do throws(SocketError) { try check?() } catch { return fail(error) }
        let attempt = LoopTask(on: loop) { [self] in
            do throws(SocketError) {
                let connection = try await way.connect(to: endpoint, on: loop)
                finish(connection.handOver())
            } catch {
                fail(error)
            }
        }
        phase = .attempting(attempt)
    }

    private func finish(_ carrier: any Transport) {
        if case .stopping = phase {
            carrier.abort()
            return fail(SocketError(.connect, .cancelled, subject: destination))
        }
        guard let handler = factory.buildProtocol(carrier.peer ?? .unix(.unnamed)) else {
            carrier.close()
            return fail(SocketError(.connect, .invalid("the factory made no protocol"), subject: destination))
        }
        let transport = StreamTransport(carrier, handler, owner: .connector(self))
        phase = .connected(transport)
        // From a phase of its own: a task is no place to call a protocol from.
        loop.callbacks.append { [self] in
            loop.callbacks.leave(self)
            transport.begin()
        }
    }

    private func fail(_ error: SocketError) {
        phase = .failing
        loop.callbacks.append { [self] in
            phase = .idle
            loop.callbacks.leave(self)
            factory.clientConnectionFailed(self, error)
            stopFactoryIfDone()
        }
    }

    func transportEnded(_ transport: StreamTransport, _ reason: CloseReason) {
        phase = .idle
        factory.clientConnectionLost(self, reason)
        stopFactoryIfDone()
    }

    private func stopFactoryIfDone() {
        guard hasStarted, state == .disconnected else { return }
        hasStarted = false
        factory.stopFactory()
    }

    /// Gives the attempt up; the factory hears `.cancelled`, unless the attempt has failed already.
    public func stopConnecting() {
        loop.perform { [self] in
            switch phase {
            case .starting: fail(SocketError(.connect, .cancelled, subject: destination))
            case .attempting(let attempt):
                attempt.cancel()
                phase = .stopping
            case .idle, .stopping, .failing, .connected: break
            }
        }
    }

    /// Gives the attempt up, or ends the connection.
    public func disconnect() {
        loop.perform { [self] in
            if case .connected(let transport) = phase { transport.loseConnection() } else { stopConnecting() }
        }
    }

    func end() { stopConnecting() }
}
