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
    private var attempt: LoopTask?
    private var transport: StreamTransport?
    private var hasStarted = false
    /// Where it stands. On the loop.
    public private(set) var state = State.disconnected

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
            guard state == .disconnected, !loop.callbacks.life.isStopping else { return }
            state = .connecting
            loop.callbacks.enter(self)
            if !hasStarted {
                hasStarted = true
                factory.startFactory()
            }
            factory.startedConnecting(self)
            // Whoever was told of the attempt may have stopped it.
            if state == .connecting { begin() }
        }
    }

    private func begin() {
        do throws(SocketError) { try check?() } catch { return fail(error) }
        attempt = LoopTask(on: loop) { [self] in
            do throws(SocketError) {
                let connection = try await way.connect(to: endpoint, on: loop)
                finish(connection.handOver())
            } catch {
                fail(error)
            }
        }
    }

    private func finish(_ carrier: any Transport) {
        attempt = nil
        if state != .connecting {
            carrier.abort()
            return fail(SocketError(.connect, .cancelled, subject: destination))
        }
        guard let handler = factory.buildProtocol(carrier.peer ?? .unix(.unnamed)) else {
            carrier.close()
            return fail(SocketError(.connect, .invalid("the factory made no protocol"), subject: destination))
        }
        state = .connected
        let transport = StreamTransport(carrier, handler, owner: .connector(self))
        self.transport = transport
        // From a phase of its own: a task is no place to call a protocol from.
        loop.callbacks.append { [self] in
            loop.callbacks.leave(self)
            transport.begin()
        }
    }

    private func fail(_ error: SocketError) {
        attempt = nil
        loop.callbacks.append { [self] in
            state = .disconnected
            loop.callbacks.leave(self)
            factory.clientConnectionFailed(self, error)
            stopFactoryIfDone()
        }
    }

    func transportEnded(_ transport: StreamTransport, _ reason: CloseReason) {
        self.transport = nil
        state = .disconnected
        factory.clientConnectionLost(self, reason)
        stopFactoryIfDone()
    }

    private func stopFactoryIfDone() {
        guard hasStarted, state == .disconnected else { return }
        hasStarted = false
        factory.stopFactory()
    }

    /// Gives the attempt up; the factory hears `.cancelled`.
    public func stopConnecting() {
        loop.perform { [self] in
            guard state == .connecting else { return }
            if let attempt { attempt.cancel() } else { fail(SocketError(.connect, .cancelled, subject: destination)) }
        }
    }

    /// Gives the attempt up, or ends the connection.
    public func disconnect() {
        loop.perform { [self] in
            if let transport { transport.loseConnection() } else { stopConnecting() }
        }
    }

    func end() { stopConnecting() }
}
