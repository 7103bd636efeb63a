// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// The selector over `poll`: any descriptor, level-triggered; a wait costs every registered one.
///
/// C: `poll(2)`.
public final class PollSelector: Selector {
    private var poll = Poll()
    private var registry = Registry()
    /// Where the last wait stopped for want of room: the next one begins behind it.
    private var turn: CInt = -1

    /// Opens an empty selector.
    public init() throws(SelectorError) {}

    /// Level only.
    public static let triggers: Set<Trigger> = [.level]

    /// See ``Selector/register(_:for:trigger:token:)``.
    public func register(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger = .level, token: UInt64
    ) throws(SelectorError) {
        let entry = try checked(.register, descriptor.rawValue, interest, trigger, token)
        try checkOpen(.register, descriptor.rawValue)
        try registry.insert(entry, for: descriptor.rawValue)
        poll.register(descriptor, for: Poll.Events(interest))
    }

    /// See ``Selector/modify(_:for:trigger:token:)``.
    public func modify(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger = .level, token: UInt64
    ) throws(SelectorError) {
        let entry = try checked(.modify, descriptor.rawValue, interest, trigger, token)
        try registry.requireEntry(for: descriptor.rawValue)
        try checkOpen(.modify, descriptor.rawValue)
        try registry.replace(entry, for: descriptor.rawValue)
        poll.register(descriptor, for: Poll.Events(interest))
    }

    /// See ``Selector/unregister(_:)``.
    public func unregister(_ descriptor: FileDescriptor) throws(SelectorError) {
        try registry.remove(descriptor.rawValue)
        // A descriptor that was found closed has left the list already.
        try? poll.unregister(descriptor)
    }

    /// See ``Selector/wait(into:timeout:)``. C: `ppoll(2)`.
    public func wait(into events: inout OutputSpan<SelectorEvent>, timeout: Duration?) throws(SelectorError) -> Int {
        precondition(!events.isFull, "there must be room for an event")
        var patience = Patience(timeout)
        while true {
            let found = try poll.wait(timeout: patience.left())
            let ready = found.compactMap(ready).sorted { $0.descriptor < $1.descriptor }
            if !ready.isEmpty { return append(ready, to: &events, after: &turn) }
            // Only closed descriptors reported, and they are out of the list now.
            if found.isEmpty { return 0 }
        }
    }

    private func ready(_ descriptor: FileDescriptor, _ events: Poll.Events) -> ReadyDescriptor? {
        if events.contains(.invalid) {
            try? poll.unregister(descriptor)
            return nil
        }
        guard let entry = registry[descriptor.rawValue] else { return nil }
        let ready = Interest(events).intersection(entry.interest)
        let hasEnded = !events.isDisjoint(with: [.peerClosed, .hangUp, .error])
        return ready.isEmpty ? nil : ReadyDescriptor(descriptor.rawValue, entry.token, ready, hasEnded: hasEnded)
    }
}

extension Poll.Events {
    init(_ interest: Interest) {
        self = []
        if interest.contains(.readable) { insert([.input, .peerClosed]) }
        if interest.contains(.writable) { insert(.output) }
        if interest.contains(.priority) { insert(.priority) }
    }
}

extension Interest {
    /// What a poll entry is ready for, in select's sense: an end or an error is readable, an error writable too.
    init(_ events: Poll.Events) {
        self = []
        if !events.isDisjoint(with: [.input, .peerClosed, .hangUp, .error]) { insert(.readable) }
        if !events.isDisjoint(with: [.output, .error, .hangUp]) { insert(.writable) }
        if events.contains(.priority) { insert(.priority) }
    }
}
