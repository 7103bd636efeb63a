// SPDX-License-Identifier: Apache-2.0
import CSockets
public import SystemPackage

/// A poll object, as Python's `select.poll()`: register descriptors, then ask which have events.
///
/// ```swift
/// var poll = Poll()
/// poll.register(listener, for: .input)
/// for (descriptor, events) in try poll.wait() where events.contains(.input) { … }
/// ```
/// Registering for `.output` what can be written to anyway makes every wait return at once (seed 004 did): ask for it
/// only while there is something to write.
///
/// C: `poll(2)`.
public struct Poll: Sendable {
    /// Poll's flags.
    ///
    /// C: `poll(2)`.
    public struct Events: OptionSet, Hashable, Sendable {
        /// The system's bits.
        public let rawValue: Int16
        /// Any bits.
        public init(rawValue: Int16) { self.rawValue = rawValue }

        /// There is something to receive, or a client, or the end. C: `POLLIN`.
        public static let input = Events(rawValue: 0x001)
        /// Something urgent. C: `POLLPRI`.
        public static let priority = Events(rawValue: 0x002)
        /// A send would not wait. C: `POLLOUT`.
        public static let output = Events(rawValue: 0x004)
        /// An error is pending; always reported. C: `POLLERR`.
        public static let error = Events(rawValue: 0x008)
        /// Both directions have ended; always reported. C: `POLLHUP`.
        public static let hangUp = Events(rawValue: 0x010)
        /// The descriptor is not open; always reported. C: `POLLNVAL`.
        public static let invalid = Events(rawValue: 0x020)
        /// The peer sends nothing more. C: `POLLRDHUP`.
        public static let peerClosed = Events(rawValue: 0x2000)
    }

    private var entries: [pollfd] = []
    private var positions: [CInt: Int] = [:]

    /// Nothing registered.
    public init() {}

    /// Adds a descriptor, or changes what it waits for if it is there.
    ///
    /// - Parameter events: Python's default.
    public mutating func register(
        _ selectable: borrowing some Selectable & ~Copyable, for events: Events = [.input, .priority, .output]
    ) {
        let number = selectable.descriptor.rawValue
        if let position = positions[number] {
            entries[position].events = events.rawValue
        } else {
            positions[number] = entries.count
            entries.append(pollfd(fd: number, events: events.rawValue, revents: 0))
        }
    }

    /// Changes what a descriptor waits for.
    ///
    /// - Throws: `.notRegistered`.
    public mutating func modify(
        _ selectable: borrowing some Selectable & ~Copyable, for events: Events
    ) throws(SelectorError) {
        let number = selectable.descriptor.rawValue
        guard let position = positions[number] else { throw SelectorError(.modify, number, .notRegistered) }
        entries[position].events = events.rawValue
    }

    /// Takes a descriptor out.
    ///
    /// - Throws: `.notRegistered`.
    public mutating func unregister(_ selectable: borrowing some Selectable & ~Copyable) throws(SelectorError) {
        let number = selectable.descriptor.rawValue
        guard let position = positions.removeValue(forKey: number) else {
            throw SelectorError(.unregister, number, .notRegistered)
        }
        let last = entries.removeLast()
        if position < entries.count {
            entries[position] = last
            positions[last.fd] = position
        }
    }

    /// Waits until at least one descriptor has an event.
    ///
    /// - Parameter timeout: nil for ever, zero not at all.
    /// - Returns: those that have events; none when time is up.
    /// - Throws: `.system`.
    ///
    /// C: `ppoll(2)`.
    public mutating func wait(
        timeout: Duration? = nil
    ) throws(SelectorError) -> [(descriptor: FileDescriptor, events: Events)] {
        let count: Int
        do throws(Errno) {
            count = try unsafe entries.withUnsafeMutableBufferPointer { (entries) throws(Errno) in
                try unsafe SystemCalls.poll(entries, timeout: timeout)
            }
        } catch {
            throw SelectorError(.wait, -1, error: error)
        }
        if count == 0 { return [] }
        return entries.lazy.filter { $0.revents != 0 }
            .map { (FileDescriptor(rawValue: $0.fd), Events(rawValue: $0.revents)) }
    }
}
