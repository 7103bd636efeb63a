// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Whether somebody at the keyboard has had enough.
final class InterruptedFlag: Sendable {
    private let stored = Atomic(false)

    var isSet: Bool { stored.load(ordering: .relaxed) }
    func set() { stored.store(true, ordering: .relaxed) }
}
