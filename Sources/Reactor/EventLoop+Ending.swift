// SPDX-License-Identifier: Apache-2.0
//
// Facts:    connections outlive the thread that turned their loop: a program stops its loops and lets go of the rest,
//           in whatever order. What is brought to a loop then stays where it is: nobody looks into the inbox.
// Hazard:   a connection that is closed too late keeps its descriptor for the life of the process; and a loop whose
//           timers, watchers or tasks hold it is never freed, with a selector and a counter that are descriptors too.
// Decision: a loop that ends lets go of all that it holds. What is brought to it from then on is done at once, by the
//           thread that brings it, one at a time.
// Cost:     one comparison, under the inbox's lock, for what comes from other threads. Tasks can't go on there.
import Sockets
import Synchronization

extension EventLoop {
    /// There will be no further turn. The last thing that a loop's thread does, on no loop.
    package func retire() {
        slot(set: true)
        callbacks.retire()
        slot(set: false)
        let armed = timers.takeAll()
        let watched = watches
        watches = [:]
        driver.retire()
        // What goes with these may bring more.
        withExtendedLifetime((armed, watched)) {}
        inbox.withLock { $0.isRetired = true }
        clearRetiredInbox()
    }

    /// Does what was brought to a loop that nobody turns any more, on the calling thread, as if that were the loop's.
    func clearRetiredInbox() {
        // Who is at it takes what others bring meanwhile.
        let isMine = inbox.withLock { inbox in
            defer { inbox.isBeingCleared = true }
            return !inbox.isBeingCleared
        }
        guard isMine else { return }
        let outer = unsafe Self.current.value
        unsafe Self.current.value = Unmanaged.passUnretained(self).toOpaque()
        defer { unsafe Self.current.value = outer }
        while let actions = takeActions() { for action in actions { action() } }
    }

    /// What is to be done; nil, and the next who comes is at it, when there is nothing.
    private func takeActions() -> [@Sendable () -> Void]? {
        inbox.withLock { inbox in
            inbox.isBeingCleared = !inbox.actions.isEmpty
            defer { inbox.actions = [] }
            return inbox.actions.isEmpty ? nil : inbox.actions
        }
    }
}
