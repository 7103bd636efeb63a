// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What every attempt to reach one target has in common.
struct ConnectionAttempts: Sendable {
    let connector: Connector
    let target: StreamTarget
    let loop: EventLoop
    let start: LoopInstant
    /// When all of it ends.
    let deadline: LoopInstant

    var isOver: Bool { Task.isCancelled || loop.world.now() >= deadline }

    /// Why an address can't be tried; nil when it can.
    func obstacle(to address: SocketAddress) -> SocketError.Reason? {
        if let source = connector.source, source.family != address.family {
            return .invalid("not tried: the source \(source) is of another family")
        }
        if connector.family != .unspecified && connector.family != address.family {
            return .invalid("not tried: only \(connector.family) is wanted")
        }
        return nil
    }

    /// Makes one attempt. Whatever it throws, its socket is closed.
    nonisolated(nonsending) func connect(to address: SocketAddress) async throws(SocketError) -> Connection {
        let transport = try await open(address)
        do throws(SocketError) {
            if let waiting = try transport.waitToConnect() {
                // The attempt's deadline is nothing to the connection that comes of it.
                defer { waiting.disarm() }
                try await waiting.wait(.connect, until: deadline)
            }
            try transport.finishConnecting()
            try refuseItself(transport)
        } catch {
            transport.close()
            throw SocketError(.connect, error.reason, subject: target.text)
        }
        return Connection(transport)
    }

    /// Starts to connect. A UNIX listener whose queue is full is asked again.
    private nonisolated(nonsending) func open(_ address: SocketAddress) async throws(SocketError) -> any Transport {
        var pause = QueuePause()
        while true {
            do throws(SocketError) { return try loop.driver.connect(to: address, from: connector.source) } catch {
                if error.reason != .wouldBlock { throw SocketError(.connect, error.reason, subject: target.text) }
                try await pause.wait(until: deadline, on: loop, target.text)
            }
        }
    }

    /// A port of this machine where nobody listens can be the very one that the system picks for the client: TCP then
    /// connects it to itself. Nobody who connects means that.
    private func refuseItself(_ transport: any Transport) throws(SocketError) {
        guard let local = transport.localAddress, local.ip != nil, local == transport.peer else { return }
        let isWanted = connector.source.map { $0.port == local.port } ?? false
        if !isWanted { throw SocketError(.connect, error: .connectionRefused) }
    }
}
