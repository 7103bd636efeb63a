// SPDX-License-Identifier: Apache-2.0
//
// Facts:    epoll keys its entries by descriptor and open file. Closing a descriptor removes the entry, unless a
//           duplicate keeps the file open. ERR and HUP are reported whether asked for or not.
// Hazard:   a program that waits for writability alone would be told of "readable", and differently by each mechanism.
//           And an entry whose descriptor was closed while a duplicate lives can't be removed any more: it would end
//           every wait at once, for ever.
// Decision: a table by descriptor beside the kernel's own, so that an event can be cut down to the interest and every
//           mechanism gives the same errors; the kernel's 64 bits carry the descriptor. Unregistering a descriptor that
//           was closed before opens a new set and registers the others there.
// Cost:     32 bytes a descriptor and an index per event; that mistake costs one system call per descriptor.
import CSockets
public import SystemPackage

/// The selector for Linux: a wait costs what is ready and not what is registered.
///
/// C: `epoll(7)`.
@safe public final class EpollSelector: Selector {
    private var epoll: Epoll
    private var registry = Registry()
    private var room: [epoll_event]

    /// The most events that one wait takes from the kernel.
    public static let maximumBatch = 1024

    /// Opens an empty selector.
    public init() throws(SelectorError) {
        epoll = try Epoll()
        unsafe room = [epoll_event](repeating: epoll_event(), count: Self.maximumBatch)
    }

    /// All of them.
    public static let triggers: Set<Trigger> = [.level, .edge, .oneShot]

    /// See ``Selector/register(_:for:trigger:token:)``. C: `epoll_ctl(2)`.
    public func register(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger = .level, token: UInt64
    ) throws(SelectorError) {
        let number = descriptor.rawValue
        let entry = try checked(.register, number, interest, trigger, token)
        if number < 0 { throw SelectorError(.register, number, .notOpen) }
        if registry[number] != nil { throw SelectorError(.register, number, .alreadyRegistered) }
        // The kernel first: a number that it knows is small enough for a table.
        try epoll.register(descriptor, for: Epoll.Events(interest, trigger), token: UInt64(number))
        try registry.insert(entry, for: number)
    }

    /// See ``Selector/modify(_:for:trigger:token:)``. C: `epoll_ctl(2)`.
    public func modify(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger = .level, token: UInt64
    ) throws(SelectorError) {
        let number = descriptor.rawValue
        let entry = try checked(.modify, number, interest, trigger, token)
        try registry.requireEntry(for: number)
        do throws(SelectorError) {
            try epoll.modify(descriptor, for: Epoll.Events(interest, trigger), token: UInt64(number))
        } catch {
            // The kernel forgot an entry that is in our table: the descriptor was closed.
            throw error.reason == .notRegistered ? SelectorError(.modify, number, .notOpen) : error
        }
        try registry.replace(entry, for: number)
    }

    /// See ``Selector/unregister(_:)``. C: `epoll_ctl(2)`.
    public func unregister(_ descriptor: FileDescriptor) throws(SelectorError) {
        try registry.remove(descriptor.rawValue)
        do throws(SelectorError) { try epoll.unregister(descriptor) } catch {
            if error.reason != .notOpen && error.reason != .notRegistered { throw error }
            try reopen()
        }
    }

    /// The kernel forgets an entry with the last descriptor of its file. See ``Selector/forget(_:)``.
    public func forget(_ descriptor: FileDescriptor) throws(SelectorError) {
        try registry.remove(descriptor.rawValue)
    }

    /// Moves to a new set, and leaves behind what can't be removed from the old one. An edge or a one-shot may be told
    /// once more.
    private func reopen() throws(SelectorError) {
        let fresh = try Epoll()
        for number in registry.descriptors {
            guard let entry = registry[number] else { continue }
            let events = Epoll.Events(entry.interest, entry.trigger)
            do throws(SelectorError) {
                try fresh.register(FileDescriptor(rawValue: number), for: events, token: UInt64(number))
            } catch {
                // Closed too, and its turn to be unregistered will come.
                if error.reason != .notOpen { throw error }
            }
        }
        epoll = fresh
    }

    /// See ``Selector/wait(into:timeout:)``. C: `epoll_wait(2)`.
    public func wait(into events: inout OutputSpan<SelectorEvent>, timeout: Duration?) throws(SelectorError) -> Int {
        precondition(!events.isFull, "there must be room for an event")
        let limit = min(events.freeCapacity, Self.maximumBatch)
        let count: Int
        do throws(Errno) {
            count = try unsafe room.withUnsafeMutableBufferPointer { (room) throws(Errno) in
                let part = unsafe UnsafeMutableBufferPointer(rebasing: room[..<limit])
                return try unsafe SystemCalls.epollWait(epoll.descriptor.rawValue, into: part, timeout: timeout)
            }
        } catch {
            throw SelectorError(.wait, -1, error: error)
        }
        var appended = 0
        for index in 0..<count {
            let event = unsafe room[index]
            guard let entry = unsafe registry[CInt(truncatingIfNeeded: event.data.u64)] else { continue }
            let found = unsafe Epoll.Events(rawValue: event.events)
            let ready = Interest(found).intersection(entry.interest)
            if ready.isEmpty { continue }
            let hasEnded = !found.isDisjoint(with: [.peerClosed, .hangUp, .error])
            events.append(SelectorEvent(token: entry.token, ready: ready, hasEnded: hasEnded))
            appended += 1
        }
        return appended
    }
}

extension Epoll.Events {
    init(_ interest: Interest, _ trigger: Trigger) {
        self = []
        if interest.contains(.readable) { insert([.input, .peerClosed]) }
        if interest.contains(.writable) { insert(.output) }
        if interest.contains(.priority) { insert(.priority) }
        switch trigger {
        case .level: break
        case .edge: insert(.edgeTriggered)
        case .oneShot: insert(.oneShot)
        }
    }
}

extension Interest {
    /// What an epoll entry is ready for, in select's sense: an end or an error is readable, an error writable too.
    init(_ events: Epoll.Events) {
        self = []
        if !events.isDisjoint(with: [.input, .peerClosed, .hangUp, .error]) { insert(.readable) }
        if !events.isDisjoint(with: [.output, .error, .hangUp]) { insert(.writable) }
        if events.contains(.priority) { insert(.priority) }
    }
}
