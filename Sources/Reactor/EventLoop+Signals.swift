// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a signal to the process goes to any thread that does not block it. signalfd reads what every thread blocks,
//           and a program has threads of others, and its main one, that block nothing.
// Decision: signalfd, and a disposition for these signals that makes a thread which meets one block it and send it on.
//           Nothing of the program's runs in a handler.
// Cost:     the first signal takes a detour over every thread that does not block it, and loses its sender there.
public import Sockets

extension EventLoop {
    /// Signals to the process, as they come: nothing of this happens unasked.
    ///
    /// ```swift
    /// for try await signal in try await loop.signals([.terminate, .interrupt]) { server.drain(); break }
    /// ```
    /// From this call on, and for the life of the process, these signals do nothing by themselves: they wait until
    /// somebody reads them. Several of one kind that wait may arrive as one. Where several sequences ask for one signal
    /// one of them gets it. Programs that this one starts have them as ever.
    ///
    /// - Throws: `.system` with `EINVAL` for a signal that nobody can catch (`.kill`), `.unsupported` in a simulation,
    ///   ``SocketError/isOutOfResources``.
    ///
    /// C: `signalfd(2)`, `sigaction(2)`.
    public nonisolated(nonsending) func signals(_ signals: [Signal]) async throws(SocketError) -> Signals {
        try await run { [self] () throws(SocketError) in
            guard driver is ReadinessDriver else {
                throw SocketError(.wait, .unsupported(.noFunction), subject: "signals outside of the real world")
            }
            do throws(Errno) {
                let descriptor = try SignalDescriptor(SignalSet(signals))
                for signal in signals { try SystemCalls.redirect(signal) }
                try SystemCalls.block(SignalSet(signals))
                return Signals(Signals.Source(descriptor, on: self))
            } catch {
                throw SocketError(.wait, error: error, subject: signals.map { "\($0)" }.joined(separator: ", "))
            }
        }
    }
}

/// Signals to the process, without an end.
public struct Signals: AsyncSequence, Sendable {
    /// What it gives.
    public typealias Element = Signal
    /// What it throws.
    public typealias Failure = SocketError

    fileprivate let source: Source

    init(_ source: Source) { self.source = source }

    final class Source: Sendable {
        private let descriptor: SignalDescriptor
        private let loop: EventLoop

        init(_ descriptor: consuming SignalDescriptor, on loop: EventLoop) {
            self.descriptor = descriptor
            self.loop = loop
        }

        nonisolated(nonsending) func next() async throws(SocketError) -> Signal {
            while true {
                do throws(Errno) {
                    if let arrival = try descriptor.next() { return arrival.signal }
                } catch {
                    throw SocketError(.wait, error: error, subject: "signals")
                }
                try await loop.waitUntilReadable(FileDescriptor(rawValue: descriptor.number))
            }
        }
    }

    /// Begins to listen.
    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    /// One listener.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let source: Source

        /// Waits for the next signal; never nil.
        ///
        /// - Throws: `.cancelled`, `.timedOut`; `.busy` when another task listens to the same sequence.
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)? = #isolation
        ) async throws(SocketError) -> Signal? {
            try await source.next()
        }
    }
}
