// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Descriptors of one's own on a loop: pipes, terminals, devices, another library's sockets. Python: `add_reader`,
/// `add_writer`.
///
/// The descriptor stays its owner's. End every wait for it before it is closed (``stopWatching(_:)``): its number may
/// mean something else a moment later.
extension EventLoop {
    /// Waits until reading would not have to wait: bytes, the end, or an error. If that is so already this still takes
    /// a turn of the loop.
    ///
    /// - Parameter deadline: when to give up, besides the task's own deadline.
    /// - Throws: `.busy` when somebody waits for that already, `.timedOut`, `.cancelled`, `.closed` after
    ///   ``stopWatching(_:)``, `.invalid` for what the mechanism can't watch (a regular file with epoll, a number above
    ///   1,023 with select), `.unsupported` in a simulation.
    ///
    /// C: `epoll_ctl(2)`, `poll(2)`, `select(2)`.
    public nonisolated(nonsending) func waitUntilReadable(
        _ descriptor: FileDescriptor, until deadline: LoopInstant = .never
    ) async throws(SocketError) {
        try await wait(for: .readable, descriptor, until: deadline)
    }

    /// Waits until writing would not have to wait, or would fail.
    ///
    /// - Throws: as ``waitUntilReadable(_:until:)``.
    ///
    /// C: `epoll_ctl(2)`, `poll(2)`, `select(2)`.
    public nonisolated(nonsending) func waitUntilWritable(
        _ descriptor: FileDescriptor, until deadline: LoopInstant = .never
    ) async throws(SocketError) {
        try await wait(for: .writable, descriptor, until: deadline)
    }

    /// Calls `action` on the loop, once a turn for as long as reading would not have to wait, until it is cancelled.
    ///
    /// - Throws: `.busy` when somebody waits for that already, `.invalid`, `.unsupported`.
    public nonisolated(nonsending) func whenReadable(
        _ descriptor: FileDescriptor, _ action: @escaping @Sendable () -> Void
    ) async throws(SocketError) -> DescriptorCallback {
        try await call(action, for: .readable, descriptor)
    }

    /// Calls `action` on the loop, once a turn for as long as writing would not have to wait, until it is cancelled.
    ///
    /// - Throws: as ``whenReadable(_:_:)``.
    public nonisolated(nonsending) func whenWritable(
        _ descriptor: FileDescriptor, _ action: @escaping @Sendable () -> Void
    ) async throws(SocketError) -> DescriptorCallback {
        try await call(action, for: .writable, descriptor)
    }

    /// Forgets a descriptor that is about to be closed: who waits for it gets `.closed`, and callbacks come to an end.
    /// Any thread may call this; on the loop it has been done when it returns.
    public func stopWatching(_ descriptor: FileDescriptor) {
        perform { [self] in endWaits(for: descriptor, .closed) }
    }

    nonisolated(nonsending) func wait(
        for interest: Interest, _ descriptor: FileDescriptor, until deadline: LoopInstant
    ) async throws(SocketError) {
        if !isCurrent {
            return try await run(async: { [self] () async throws(SocketError) in
                try await wait(for: interest, descriptor, until: deadline)
            })
        }
        let waiting = Waiting(on: self)
        try listen(to: descriptor, for: interest, .task(waiting))
        defer { waiting.disarm() }
        do throws(SocketError) { try await waiting.wait(.wait, until: Deadline.earliest(deadline)) } catch {
            watches[descriptor.rawValue]?.remove(interest, of: waiting)
            throw SocketError(.wait, error.reason, subject: "descriptor \(descriptor.rawValue)")
        }
    }

    private nonisolated(nonsending) func call(
        _ action: @escaping @Sendable () -> Void, for interest: Interest, _ descriptor: FileDescriptor
    ) async throws(SocketError) -> DescriptorCallback {
        let callback = DescriptorCallback(action, for: interest, descriptor, on: self)
        try await run { [self] () throws(SocketError) in
            try listen(to: descriptor, for: interest, .callback(callback))
        }
        return callback
    }
}

/// A call that a loop makes whenever a descriptor is ready.
public final class DescriptorCallback: Sendable {
    let action: @Sendable () -> Void
    let isOnce: Bool
    private let interest: Interest
    private let descriptor: FileDescriptor
    private let loop: EventLoop

    init(
        _ action: @escaping @Sendable () -> Void, for interest: Interest, _ descriptor: FileDescriptor,
        on loop: EventLoop, isOnce: Bool = false
    ) {
        self.action = action
        self.isOnce = isOnce
        self.interest = interest
        self.descriptor = descriptor
        self.loop = loop
    }

    /// There are no more calls. Any thread may say so, again and again; on the loop it counts at once.
    public func cancel() {
        loop.perform { [self] in loop.watches[descriptor.rawValue]?.remove(interest, of: self) }
    }
}
