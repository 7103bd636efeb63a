// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// The selector over `select`: descriptors below 1,024, level-triggered; a wait costs every number up to the highest.
///
/// C: `select(2)`.
public final class SelectSelector: Selector {
    private var registry = Registry()
    /// Descriptors that were found closed: registered, and left out of the sets.
    private var closed: Set<CInt> = []
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
        try DescriptorSets.check(descriptor.rawValue, for: .register)
        try checkOpen(.register, descriptor.rawValue)
        try registry.insert(entry, for: descriptor.rawValue)
    }

    /// See ``Selector/modify(_:for:trigger:token:)``.
    public func modify(
        _ descriptor: FileDescriptor, for interest: Interest, trigger: Trigger = .level, token: UInt64
    ) throws(SelectorError) {
        let entry = try checked(.modify, descriptor.rawValue, interest, trigger, token)
        try registry.requireEntry(for: descriptor.rawValue)
        try checkOpen(.modify, descriptor.rawValue)
        try registry.replace(entry, for: descriptor.rawValue)
        closed.remove(descriptor.rawValue)
    }

    /// See ``Selector/unregister(_:)``.
    public func unregister(_ descriptor: FileDescriptor) throws(SelectorError) {
        try registry.remove(descriptor.rawValue)
        closed.remove(descriptor.rawValue)
    }

    /// See ``Selector/wait(into:timeout:)``. C: `pselect(2)`.
    public func wait(into events: inout OutputSpan<SelectorEvent>, timeout: Duration?) throws(SelectorError) -> Int {
        precondition(!events.isFull, "there must be room for an event")
        var patience = Patience(timeout)
        while true {
            var sets = DescriptorSets()
            for descriptor in registry.descriptors where !closed.contains(descriptor) {
                guard let entry = registry[descriptor] else { continue }
                try sets.insert(descriptor, entry.interest)
            }
            do throws(SelectorError) {
                try sets.wait(patience.left())
            } catch {
                guard error.reason == .notOpen, findClosed() else { throw error }
                continue
            }
            return append(ready(in: sets), to: &events, after: &turn)
        }
    }

    private func ready(in sets: DescriptorSets) -> [ReadyDescriptor] {
        registry.descriptors.compactMap { descriptor in
            guard let entry = registry[descriptor] else { return nil }
            var ready: Interest = []
            for interest in [Interest.readable, .writable, .priority] where sets.contains(descriptor, interest) {
                ready.insert(interest)
            }
            return ready.isEmpty ? nil : ReadyDescriptor(descriptor, entry.token, ready)
        }
    }

    /// Leaves those out that are closed, which the kernel does not name; false when there is none.
    private func findClosed() -> Bool {
        let found = registry.descriptors.filter { !closed.contains($0) && (try? checkOpen(.wait, $0)) == nil }
        closed.formUnion(found)
        return !found.isEmpty
    }
}
