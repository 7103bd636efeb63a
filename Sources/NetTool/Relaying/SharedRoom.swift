// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The memory that many lines may take together. Each has a limit of its own, and there may be ten thousand of them,
/// made by whoever forges that many senders.
final class SharedRoom: Sendable {
    /// The most bytes that all datagrams under way in one relay may take.
    static let defaultLimit = 64 << 20

    private let limit: Int
    private let taken = Atomic<Int>(0)

    init(limit: Int = defaultLimit) { self.limit = limit }

    /// Takes a part of it, if there is so much left.
    func take(_ count: Int) -> Bool {
        let before = taken.add(count, ordering: .relaxed).oldValue
        if before + count <= limit { return true }
        giveBack(count)
        return false
    }

    func giveBack(_ count: Int) { taken.subtract(count, ordering: .relaxed) }
}
