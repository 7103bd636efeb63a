// SPDX-License-Identifier: Apache-2.0
import Dispatch

/// Something that one thread gives and another one, blocked until then, takes.
public final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Not given yet.
    public init() {}

    /// Lets one taker go on.
    public func give() { semaphore.signal() }

    /// Takes it if it is there.
    public func take() -> Bool { semaphore.wait(timeout: .now()) == .success }

    /// Blocks until it is there, and takes it.
    public func wait() { semaphore.wait() }
}
