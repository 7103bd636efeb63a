// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// What is registered with a selector, by descriptor. Descriptors are small numbers that the system hands out again, so
/// an array serves better than a dictionary: looking one up is an index.
struct Registry {
    struct Entry {
        var interest: Interest
        var trigger: Trigger
        var token: UInt64
    }

    private var entries: [Entry?] = []
    private(set) var count = 0

    /// The entry of a descriptor; nil where there is none.
    subscript(descriptor: CInt) -> Entry? {
        guard let index = Int(exactly: descriptor), entries.indices.contains(index) else { return nil }
        return entries[index]
    }

    /// - Throws: `.alreadyRegistered`, or `.notOpen` for a negative number.
    mutating func insert(_ entry: Entry, for descriptor: CInt) throws(SelectorError) {
        if descriptor < 0 { throw SelectorError(.register, descriptor, .notOpen) }
        if self[descriptor] != nil { throw SelectorError(.register, descriptor, .alreadyRegistered) }
        let missing = Int(descriptor) + 1 - entries.count
        if missing > 0 { entries.append(contentsOf: repeatElement(nil, count: missing)) }
        entries[Int(descriptor)] = entry
        count += 1
    }

    /// - Throws: `.notRegistered`.
    func requireEntry(for descriptor: CInt) throws(SelectorError) {
        if self[descriptor] == nil { throw SelectorError(.modify, descriptor, .notRegistered) }
    }

    /// - Throws: `.notRegistered`.
    mutating func replace(_ entry: Entry, for descriptor: CInt) throws(SelectorError) {
        try requireEntry(for: descriptor)
        entries[Int(descriptor)] = entry
    }

    /// - Throws: `.notRegistered`.
    @discardableResult
    mutating func remove(_ descriptor: CInt) throws(SelectorError) -> Entry {
        guard let entry = self[descriptor] else { throw SelectorError(.unregister, descriptor, .notRegistered) }
        entries[Int(descriptor)] = nil
        count -= 1
        return entry
    }

    /// Every registered descriptor, in the order of their numbers.
    var descriptors: some Sequence<CInt> {
        entries.indices.lazy.filter { entries[$0] != nil }.map { CInt($0) }
    }
}
