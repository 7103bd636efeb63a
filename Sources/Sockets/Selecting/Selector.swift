// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// What to wait for.
public struct Interest: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Any bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A receive or an accept would not wait: bytes, a client, the end, or an error.
    public static let readable = Interest(rawValue: 1)
    /// A send would not wait, or would fail; a connect has come to an end.
    public static let writable = Interest(rawValue: 2)
    /// Something urgent: TCP's out-of-band byte. Goes with one of the others, since only they can tell of an end.
    public static let priority = Interest(rawValue: 4)
}

/// When a selector reports a descriptor that stays ready.
public enum Trigger: Hashable, Sendable, CaseIterable {
    /// At every wait, as long as it is ready. Every mechanism can.
    case level
    /// When it becomes ready, so that one must read or write until it would block. C: `EPOLLET`.
    case edge
    /// Once, and then not until it is modified. C: `EPOLLONESHOT`.
    case oneShot
}

/// What a selector reports: one registered descriptor that is ready.
public struct SelectorEvent: Hashable, Sendable {
    /// What the descriptor was registered with.
    public let token: UInt64
    /// What it is ready for: a part of its interest, never empty.
    public let ready: Interest
    /// Whether an end or an error came with it, so that a receive that brings less than it had room for does not mean
    /// that nothing more is to be told. Select can't tell and says no; it is level-triggered and tells again.
    public let hasEnded: Bool

    /// An event.
    public init(token: UInt64, ready: Interest, hasEnded: Bool = false) {
        self.token = token
        self.ready = ready
        self.hasEnded = hasEnded
    }

    /// Token and readiness; what only some mechanisms tell does not count.
    public static func == (left: SelectorEvent, right: SelectorEvent) -> Bool {
        left.token == right.token && left.ready == right.ready
    }

    /// As equality has it.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(token)
        hasher.combine(ready)
    }
}

/// Waits for many descriptors at a time. One contract for every mechanism:
///
/// - A descriptor is registered at most once, with an interest in reading, writing or both; urgency comes on top of
///   those. What it is ready for is reported as a part of that interest. An end or an error makes it readable and
///   writable: the next call tells the story.
/// - Reports are hints: the next call may still find nothing (spurious readiness), so it should not block.
/// - Unregister before closing. A descriptor that was closed all the same reports nothing any more and stays registered
///   until it is unregistered; what a new descriptor with its number does until then is undefined. (With epoll a
///   duplicate of a closed descriptor goes on reporting.)
/// - When more are ready than there is room for, the others follow at the next waits; nobody starves.
/// - A wait that a signal interrupts goes on with the time that is left.
/// - One thread at a time.
///
/// | | select | poll | epoll |
/// |---|---|---|---|
/// | triggers | level | level | level, edge, one-shot |
/// | highest descriptor | 1,023 | any | any |
/// | regular files | always ready | always ready | `.unsupported` |
/// | cost of a wait | every descriptor up to the highest | every registered descriptor | those that are ready |
///
/// C: `select(2)`, `poll(2)`, `epoll(7)`.
public protocol Selector: AnyObject {
    /// Opens an empty selector.
    init() throws(SelectorError)

    /// The triggers that this mechanism has.
    static var triggers: Set<Trigger> { get }

    /// Starts to watch a descriptor.
    ///
    /// - Parameter token: what events will carry.
    /// - Throws: `.alreadyRegistered`, `.notOpen`, `.noInterest`, `.unsupported` (a trigger, a regular file),
    ///   `.beyondSetSize` (select only).
    func register(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger, token: UInt64
    ) throws(SelectorError)

    /// Changes interest, trigger and token of a descriptor, and arms it again after `.oneShot`.
    ///
    /// - Throws: `.notRegistered`, and as ``register(_:for:trigger:token:)``.
    func modify(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger, token: UInt64
    ) throws(SelectorError)

    /// Stops watching a descriptor.
    ///
    /// - Throws: `.notRegistered`.
    func unregister(_ descriptor: FileDescriptor) throws(SelectorError)

    /// Stops watching a descriptor that is closed next and has no duplicate, in this process or in another: a mechanism
    /// that forgets it by itself then needs no call. Optional: for the others ``unregister(_:)`` does. If there is a
    /// duplicate all the same, whatever happens to it ends waits without an event.
    ///
    /// - Throws: `.notRegistered`.
    func forget(_ descriptor: FileDescriptor) throws(SelectorError)

    /// Waits until something is ready, and appends to `events` what is, as far as there is room.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait; nil for ever, zero not at all.
    /// - Returns: how many events were appended; 0 when time is up.
    /// - Precondition: `events` has room for one.
    func wait(into events: inout OutputSpan<SelectorEvent>, timeout: Duration?) throws(SelectorError) -> Int
}

extension Selector {
    /// See the requirement.
    public func forget(_ descriptor: FileDescriptor) throws(SelectorError) { try unregister(descriptor) }

    /// Waits, with the events in a new array of at most `maximum`.
    ///
    /// - Throws: as ``wait(into:timeout:)``.
    public func wait(maximum: Int = 256, timeout: Duration? = nil) throws(SelectorError) -> [SelectorEvent] {
        try [SelectorEvent](capacity: max(1, maximum)) { output throws(SelectorError) in
            _ = try wait(into: &output, timeout: timeout)
        }
    }

    func checked(
        _ operation: SelectorError.Operation, _ descriptor: CInt, _ interest: Interest, _ trigger: Trigger,
        _ token: UInt64
    ) throws(SelectorError) -> Registry.Entry {
        if interest.isDisjoint(with: [.readable, .writable]) {
            throw SelectorError(operation, descriptor, .noInterest)
        }
        if !Self.triggers.contains(trigger) {
            throw SelectorError(operation, descriptor, .unsupported("this mechanism has no \(trigger) trigger"))
        }
        return Registry.Entry(interest: interest, trigger: trigger, token: token)
    }

    /// For mechanisms that learn of a closed descriptor only when they wait.
    func checkOpen(_ operation: SelectorError.Operation, _ descriptor: CInt) throws(SelectorError) {
        do throws(Errno) { _ = try SystemCalls.isInheritable(descriptor) } catch {
            throw SelectorError(operation, descriptor, error: error)
        }
    }
}
