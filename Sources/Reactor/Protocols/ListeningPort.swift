// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Somewhere where a factory's clients connect: Twisted's `IListeningPort`. It listens until it is stopped, or its loop
/// is.
///
/// While descriptors or memory are short it pauses, as a ``Server`` does.
public final class ListeningPort: LoopService, WaitObserver, @unchecked Sendable {
    /// The loop that it listens on.
    public let loop: EventLoop
    private let acceptor: any Acceptor
    private let factory: any ProtocolFactory
    /// What tells others whose the path is.
    private let lock: ProcessLock?
    private var isListening = false
    private var hasStarted = false
    private var clientCount = 0
    private var pause = AcceptPause()
    private var timer: LoopTimer?

    init(
        _ acceptor: any Acceptor, _ factory: any ProtocolFactory, owning lock: ProcessLock?, on loop: EventLoop
    ) {
        self.acceptor = acceptor
        self.factory = factory
        self.lock = lock
        self.loop = loop
    }

    /// Where it listens, with the real port. Twisted: `getHost`.
    public var host: SocketAddress { acceptor.localAddress }

    /// The port; nil where there is none (UNIX).
    public var port: Port? { host.port }

    /// How many connections there are. On the loop.
    public var connectionCount: Int { clientCount }

    /// Begins to accept. Called on the loop.
    func start() {
        isListening = true
        hasStarted = true
        loop.callbacks.enter(self)
        factory.startFactory()
        loop.callbacks.append { [self] in accept() }
    }

    /// Stops listening: clients are refused from now on, and the connections that there are go on. Any thread may call
    /// this, again and again. Twisted: `stopListening`.
    ///
    /// - Parameter done: called on the loop once it has stopped.
    public func stopListening(_ done: (@Sendable () -> Void)? = nil) {
        loop.perform { [self] in
            end()
            if let done { loop.callbacks.append(done) }
        }
    }

    func end() {
        if !isListening { return }
        isListening = false
        if let timer { loop.timers.cancel(timer) }
        acceptor.close()
        lock?.release()
        loop.callbacks.leave(self)
        stopFactoryIfDone()
    }

    func waitEnded(_ role: WaitRole, _ reason: SocketError.Reason?) {
        if reason == nil { accept() } else { end() }
    }

    /// Takes every client that waits, and waits for the next.
    private func accept() {
        while isListening {
            do throws(SocketError) {
                if let carrier = try acceptor.acceptNow() {
                    _ = pause.end(at: loop.now)
                    begin(carrier)
                } else if let waiting = try acceptor.waitForClient() {
                    return waiting.observe(self, as: .accepting)
                }
            } catch {
                return error.isOutOfResources ? rest() : end()
            }
        }
    }

    private func begin(_ carrier: any Transport) {
        guard let handler = factory.buildProtocol(carrier.peer ?? .unix(.unnamed)) else { return carrier.close() }
        clientCount += 1
        StreamTransport(carrier, handler, owner: .port(self)).begin()
    }

    /// Nothing is left to accept with: tries again when something may be.
    private func rest() {
        let (length, _) = pause.begin(at: loop.now)
        if pause.wasInVain { pause.shed(acceptor) }
        pause.wasInVain = true
        let timer = timer ?? LoopTimer { [weak self] _ in self?.accept() }
        self.timer = timer
        loop.timers.arm(timer, at: loop.now.advanced(by: length))
    }

    func transportEnded(_ transport: StreamTransport, _ reason: CloseReason) {
        clientCount -= 1
        stopFactoryIfDone()
    }

    private func stopFactoryIfDone() {
        guard hasStarted, !isListening, clientCount == 0 else { return }
        hasStarted = false
        factory.stopFactory()
    }
}

extension ListeningPort: CustomStringConvertible {
    /// Where it listens.
    public var description: String { "\(host)" }
}
