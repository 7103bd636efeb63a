// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// A client that connects again when its connection fails or is lost, each time after a longer pause: Twisted's
/// `ReconnectingClientFactory`. A factory of a client has it by ``ClientProtocolFactory/reconnecting(_:)``.
///
/// ```swift
/// try loop.connectTCP("example.test", 7, ClientFactory(Listener.init).reconnecting())
/// ```
public final class ReconnectingClientFactory<Base: ClientProtocolFactory>: ClientProtocolFactory {
    private let base: Base
    private let state: Mutex<(backoff: Backoff, isTrying: Bool, call: DelayedCall?)>

    /// Twisted's pauses: a second, e times as long each time, an hour at most, 11.96 % of it by chance.
    public static var twistedBackoff: Backoff {
        Backoff(initial: .seconds(1), factor: 2.718281828459045, jitter: 0.119_626_565_82, maximum: .seconds(3600))
    }

    init(_ base: Base, _ backoff: Backoff) {
        self.base = base
        state = Mutex((backoff, true, nil))
    }

    /// The pauses begin anew: whoever knows that a connection serves its purpose says so. On the loop.
    public func resetDelay() { state.withLock { $0.backoff.reset() } }

    /// There are no more attempts; one that waits is called off. On the loop.
    public func stopTrying() {
        let call = state.withLock { state in
            state.isTrying = false
            return state.call.take()
        }
        call?.cancel()
    }

    private func retry(_ connector: ClientConnector) {
        let loop = connector.loop
        if loop.callbacks.life.isStopping { return }
        var randomness = loop.world.randomness
        let pause = state.withLock { $0.isTrying ? $0.backoff.next(using: &randomness) : nil }
        guard let pause else { return }
        let call = loop.callLater(pause) { [weak self] in
            self?.state.withLock { $0.call = nil }
            connector.connect()
        }
        state.withLock { $0.call = call }
    }

    /// The protocol of the factory within.
    public func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)? { base.buildProtocol(peer) }
    /// Starts the factory within.
    public func startFactory() { base.startFactory() }
    /// Stops the factory within.
    public func stopFactory() { base.stopFactory() }
    /// Tells the factory within.
    public func startedConnecting(_ connector: ClientConnector) { base.startedConnecting(connector) }

    /// Tells the factory within, and tries again later.
    public func clientConnectionFailed(_ connector: ClientConnector, _ error: SocketError) {
        base.clientConnectionFailed(connector, error)
        retry(connector)
    }

    /// Tells the factory within, and tries again later.
    public func clientConnectionLost(_ connector: ClientConnector, _ reason: CloseReason) {
        base.clientConnectionLost(connector, reason)
        retry(connector)
    }
}

extension ClientProtocolFactory {
    /// The same factory, with a connection that is made again when it fails or is lost.
    public func reconnecting(_ backoff: Backoff? = nil) -> ReconnectingClientFactory<Self> {
        ReconnectingClientFactory(self, backoff ?? ReconnectingClientFactory<Self>.twistedBackoff)
    }
}
