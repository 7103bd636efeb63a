// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization

/// A transport with one fault, to see whether the conformance suite finds it.
final class FaultyTransport: Transport, Sendable {
    private let base: any Transport
    private let fault: Fault
    private let ends = Atomic(0)

    init(_ connection: Connection, _ fault: Fault) {
        base = connection.transport
        self.fault = fault
    }

    var loop: EventLoop { base.loop }
    var localAddress: SocketAddress? { base.localAddress }
    var peer: SocketAddress? { base.peer }

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        do throws(SocketError) {
            let attempt = try base.receiveNow(into: &output)
            guard attempt == .ended else { return attempt }
            if fault == .endsByEmptyRead { return .moved(0) }
            ends.add(1, ordering: .relaxed)
            return .ended
        } catch {
            if case .broken = error.reason, fault == .swallowsReset { return .ended }
            throw error
        }
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        do throws(SocketError) {
            if fault == .swapsBytes {
                let swapped = [UInt8](bytes.withUnsafeBytes { $0.reversed() })
                return try base.sendNow(swapped.span.bytes)
            }
            if fault == .losesByte && bytes.byteCount > 10_000 {
                let attempt = try base.sendNow(bytes.extracting(droppingFirst: 1))
                return attempt == .moved(bytes.byteCount - 1) ? .moved(bytes.byteCount) : attempt
            }
            let attempt = try base.sendNow(bytes)
            return attempt == .wouldBlock && fault == .sendsBeyondRoom ? .moved(bytes.byteCount) : attempt
        } catch {
            if case .broken = error.reason, fault == .swallowsReset { return .moved(bytes.byteCount) }
            throw error
        }
    }

    func waitToReceive() throws(SocketError) -> Waiting? {
        // Nobody ever wakes who waits here.
        if fault == .endsOnce && ends.load(ordering: .relaxed) > 0 { return Waiting(on: loop) }
        do throws(SocketError) {
            let waiting = try base.waitToReceive()
            return waiting != nil && fault == .missesWakeups ? Waiting(on: loop) : waiting
        } catch {
            if error.reason == .busy, fault == .queuesReaders { return Waiting(on: loop) }
            throw error
        }
    }

    func wakeReceiver() { base.wakeReceiver() }

    func waitToSend() throws(SocketError) -> Waiting? {
        let waiting = try base.waitToSend()
        return fault == .sendsBeyondRoom ? nil : waiting
    }

    func waitToConnect() throws(SocketError) -> Waiting? { try base.waitToConnect() }

    func finishConnecting() throws(SocketError) { try base.finishConnecting() }
    func shutdownSending() throws(SocketError) { try base.shutdownSending() }
    func move(to loop: EventLoop) { base.move(to: loop) }
    func abort() { base.abort() }
    func cancel() { base.cancel() }

    func close() {
        if fault != .closesSilently { return base.close() }
        loop.perform { [base] in try? base.shutdownSending() }
    }
}
