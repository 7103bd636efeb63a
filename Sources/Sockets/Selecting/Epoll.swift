// SPDX-License-Identifier: Apache-2.0
import CSockets
public import SystemPackage

/// Linux's epoll as it is: flags in, flags out. Python's `select.epoll`. Portable programs use ``EpollSelector``.
///
/// C: `epoll(7)`.
public struct Epoll: ~Copyable, Sendable {
    /// Epoll's flags.
    ///
    /// C: `epoll_ctl(2)`.
    public struct Events: OptionSet, Hashable, Sendable {
        /// The system's bits.
        public let rawValue: UInt32
        /// Any bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// C: `EPOLLIN`.
        public static let input = Events(rawValue: 0x001)
        /// C: `EPOLLPRI`.
        public static let priority = Events(rawValue: 0x002)
        /// C: `EPOLLOUT`.
        public static let output = Events(rawValue: 0x004)
        /// Always reported. C: `EPOLLERR`.
        public static let error = Events(rawValue: 0x008)
        /// Always reported. C: `EPOLLHUP`.
        public static let hangUp = Events(rawValue: 0x010)
        /// The peer sends nothing more. C: `EPOLLRDHUP`.
        public static let peerClosed = Events(rawValue: 0x2000)
        /// Wakes only one of several epolls that watch the same file. C: `EPOLLEXCLUSIVE`.
        public static let exclusive = Events(rawValue: 1 << 28)
        /// Keeps the system from sleeping. C: `EPOLLWAKEUP`.
        public static let wakeUp = Events(rawValue: 1 << 29)
        /// C: `EPOLLONESHOT`.
        public static let oneShot = Events(rawValue: 1 << 30)
        /// C: `EPOLLET`.
        public static let edgeTriggered = Events(rawValue: 1 << 31)
    }

    private let owned: OwnedDescriptor

    /// Opens an empty set, closed on exec.
    ///
    /// - Throws: `.system` with `EMFILE` and its like.
    ///
    /// C: `epoll_create1(2)`.
    public init() throws(SelectorError) {
        do throws(Errno) { owned = OwnedDescriptor(try SystemCalls.epollCreate()) } catch {
            throw SelectorError(.create, -1, error: error)
        }
    }

    /// Takes over an epoll descriptor. Python's `epoll.fromfd`.
    public init(adopting descriptor: FileDescriptor) { owned = OwnedDescriptor(descriptor.rawValue) }

    /// The set's own descriptor, readable when something in it is ready.
    public var descriptor: FileDescriptor { FileDescriptor(rawValue: owned.number) }

    /// Adds a descriptor.
    ///
    /// - Throws: `.alreadyRegistered`, `.notOpen`, `.unsupported` for a regular file.
    ///
    /// C: `epoll_ctl(2)` with `EPOLL_CTL_ADD`.
    public func register(
        _ descriptor: FileDescriptor, for events: Events = [.input, .priority, .output], token: UInt64
    ) throws(SelectorError) {
        try control(.register, EPOLL_CTL_ADD, descriptor, events, token)
    }

    /// Changes a descriptor's flags and token.
    ///
    /// - Throws: `.notRegistered`, `.notOpen`.
    ///
    /// C: `epoll_ctl(2)` with `EPOLL_CTL_MOD`.
    public func modify(_ descriptor: FileDescriptor, for events: Events, token: UInt64) throws(SelectorError) {
        try control(.modify, EPOLL_CTL_MOD, descriptor, events, token)
    }

    /// Takes a descriptor out.
    ///
    /// - Throws: `.notRegistered`, `.notOpen`.
    ///
    /// C: `epoll_ctl(2)` with `EPOLL_CTL_DEL`.
    public func unregister(_ descriptor: FileDescriptor) throws(SelectorError) {
        try control(.unregister, EPOLL_CTL_DEL, descriptor, [], 0)
    }

    /// Waits; at most `maximum` events.
    ///
    /// - Throws: `.system`.
    ///
    /// C: `epoll_wait(2)`.
    public func poll(
        timeout: Duration? = nil, maximum: Int = 256
    ) throws(SelectorError) -> [(token: UInt64, events: Events)] {
        var room = unsafe [epoll_event](repeating: epoll_event(), count: max(1, maximum))
        let count: Int
        do throws(Errno) {
            count = try unsafe room.withUnsafeMutableBufferPointer { (room) throws(Errno) in
                try unsafe SystemCalls.epollWait(owned.number, into: room, timeout: timeout)
            }
        } catch {
            throw SelectorError(.wait, -1, error: error)
        }
        return unsafe room[..<count].map { unsafe ($0.data.u64, Events(rawValue: $0.events)) }
    }

    private func control(
        _ operation: SelectorError.Operation, _ code: CInt, _ descriptor: FileDescriptor, _ events: Events,
        _ token: UInt64
    ) throws(SelectorError) {
        do throws(Errno) {
            try SystemCalls.epollControl(
                owned.number, code, descriptor.rawValue, events: events.rawValue, token: token)
        } catch {
            throw SelectorError(operation, descriptor.rawValue, error: error)
        }
    }
}
