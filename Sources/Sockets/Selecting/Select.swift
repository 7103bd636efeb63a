// SPDX-License-Identifier: Apache-2.0
//
// Facts:    an fd_set is a bit field of FD_SETSIZE (1,024) bits; FD_SET beyond it writes past the end.
// Decision: the number is checked before the macro sees it, and answered with a typed error.
import CSockets
import SystemPackage

/// Which of many are ready: seed 004's `select`, for descriptors, numbers, ``SharedSocket``s, or a mix of them.
///
/// ```swift
/// var inputs: [SharedSocket] = [listener]
/// for ready in try select(readable: inputs).readable { … }
/// ```
///
/// - Parameters:
///   - readable: those that may have something to receive, a client, or the end.
///   - writable: those that may take something.
///   - exceptional: those that may have something urgent.
///   - timeout: nil waits for ever, zero polls, else the most time to wait.
/// - Returns: the ready ones of each list, in its order; three empty lists when time is up.
/// - Throws: `.beyondSetSize` for a descriptor of 1,024 or more, `.notOpen` for one that is closed.
///
/// C: `pselect(2)`.
public func select<Item: Selectable>(
    readable: [Item], writable: [Item] = [], exceptional: [Item] = [], timeout: Duration? = nil
) throws(SelectorError) -> (readable: [Item], writable: [Item], exceptional: [Item]) {
    var sets = DescriptorSets()
    for item in readable { try sets.insert(item.descriptor.rawValue, .readable) }
    for item in writable { try sets.insert(item.descriptor.rawValue, .writable) }
    for item in exceptional { try sets.insert(item.descriptor.rawValue, .priority) }
    try sets.wait(timeout)
    return (
        readable.filter { sets.contains($0.descriptor.rawValue, .readable) },
        writable.filter { sets.contains($0.descriptor.rawValue, .writable) },
        exceptional.filter { sets.contains($0.descriptor.rawValue, .priority) }
    )
}

/// ``select(readable:writable:exceptional:timeout:)`` for a mix of kinds.
///
/// - Throws: as for one kind.
///
/// C: `pselect(2)`.
@_disfavoredOverload
public func select(
    readable: [any Selectable], writable: [any Selectable] = [], exceptional: [any Selectable] = [],
    timeout: Duration? = nil
) throws(SelectorError) -> (readable: [any Selectable], writable: [any Selectable], exceptional: [any Selectable]) {
    let ready: (readable: [FileDescriptor], writable: [FileDescriptor], exceptional: [FileDescriptor]) = try select(
        readable: readable.map { $0.descriptor }, writable: writable.map { $0.descriptor },
        exceptional: exceptional.map { $0.descriptor }, timeout: timeout)
    func those(_ items: [any Selectable], in descriptors: [FileDescriptor]) -> [any Selectable] {
        let found = Set(descriptors)
        return items.filter { found.contains($0.descriptor) }
    }
    return (
        those(readable, in: ready.readable), those(writable, in: ready.writable),
        those(exceptional, in: ready.exceptional)
    )
}

/// The three sets of a `select`, which a number beyond them never reaches.
struct DescriptorSets {
    /// C: `FD_SETSIZE`.
    static let size = Int(nw_fd_setsize)

    private var sets = (read: fd_set(), write: fd_set(), except: fd_set())
    private var highest: CInt = -1

    mutating func insert(
        _ descriptor: CInt, _ interest: Interest, for operation: SelectorError.Operation = .wait
    ) throws(SelectorError) {
        try Self.check(descriptor, for: operation)
        if interest.contains(.readable) { unsafe nw_fd_set(descriptor, &sets.read) }
        if interest.contains(.writable) { unsafe nw_fd_set(descriptor, &sets.write) }
        if interest.contains(.priority) { unsafe nw_fd_set(descriptor, &sets.except) }
        highest = max(highest, descriptor)
    }

    /// - Throws: `.notOpen` when one of them is closed.
    mutating func wait(_ timeout: Duration?) throws(SelectorError) {
        // The kernel looks no further than its table of descriptors reaches, and ignores what is beyond without a word.
        // Where the highest one is open the table reaches over all of them; it always has room for 64.
        if highest >= 64 {
            do throws(Errno) { _ = try SystemCalls.isInheritable(highest) } catch {
                throw SelectorError(.wait, highest, error: error)
            }
        }
        do throws(Errno) { _ = try SystemCalls.select(highest: highest, &sets, timeout: timeout) } catch {
            throw SelectorError(.wait, -1, error: error)
        }
    }

    func contains(_ descriptor: CInt, _ interest: Interest) -> Bool {
        guard (0..<Self.size).contains(Int(descriptor)) else { return false }
        var sets = sets
        switch interest {
        case .readable: return unsafe nw_fd_isset(descriptor, &sets.read) != 0
        case .writable: return unsafe nw_fd_isset(descriptor, &sets.write) != 0
        default: return unsafe nw_fd_isset(descriptor, &sets.except) != 0
        }
    }

    /// - Throws: `.notOpen` for a negative number, `.beyondSetSize` for one that is too high.
    static func check(_ descriptor: CInt, for operation: SelectorError.Operation) throws(SelectorError) {
        if descriptor < 0 { throw SelectorError(operation, descriptor, .notOpen) }
        if descriptor >= size { throw SelectorError(operation, descriptor, .beyondSetSize(size)) }
    }
}
