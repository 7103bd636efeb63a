// SPDX-License-Identifier: Apache-2.0
//
// Facts:    epoll can be told once and for all (edge-triggered, both directions); poll and select look at their whole
//           list at every wait, and a write interest that is always on makes them spin.
// Decision: with epoll a watcher is registered when it is made and never again. With the others it is in the list only
//           for the directions that somebody waits for.
// Hazard:   an event that was collected before its watcher was closed, and is told after. Tokens carry a generation.
import CSockets
package import Sockets

/// Something with a descriptor that a driver watches.
protocol ReadinessWatcher: AnyObject {
    var watchedDescriptor: FileDescriptor { get }
    func becomeReady(_ ready: Interest, hasEnded: Bool)
}

/// The system's network, by way of a selector: one contract, three mechanisms.
@safe package final class ReadinessDriver: NetworkDriver, @unchecked Sendable {
    private struct Slot {
        var watcher: (any ReadinessWatcher)?
        var generation: UInt32 = 0
        /// What the selector was told, for mechanisms that are told again and again.
        var interest: Interest = []
    }

    private let selector: any Selector
    /// Told once, for both directions.
    private let isEdgeTriggered: Bool
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private let wakeCounter: OwnedDescriptor
    private let room: UnsafeMutableBufferPointer<SelectorEvent>
    unowned let loop: EventLoop

    /// The most events that one wait takes. Whoever is woken runs when all are told, and by then what the waking has
    /// touched should still be in the processor's cache: with 512, a thousand busy connections missed it 36 times a
    /// request, with 64 or fewer 23 times. It costs a system call for 64 requests.
    private static let batch = 64
    private static let wakeToken = UInt64.max
    private static let shortagePause = Duration.milliseconds(10)

    init(_ mechanism: World.Mechanism, loop: EventLoop) throws(SocketError) {
        self.loop = loop
        isEdgeTriggered = mechanism == .epoll
        do throws(SelectorError) {
            switch mechanism {
            case .epoll: selector = try EpollSelector()
            case .poll: selector = try PollSelector()
            case .select: selector = try SelectSelector()
            }
        } catch {
            throw SocketError(error)
        }
        do throws(Errno) { wakeCounter = OwnedDescriptor(try SystemCalls.eventDescriptor()) } catch {
            throw SocketError(.open, error: error, subject: "a loop's counter")
        }
        // Behind what may fail: only a whole driver has a deinit.
        unsafe room = .allocate(capacity: Self.batch)
        do throws(SelectorError) {
            try selector.register(
                FileDescriptor(rawValue: wakeCounter.number), for: .readable, trigger: .level, token: Self.wakeToken)
        } catch {
            throw SocketError(error)
        }
    }

    deinit {
        unsafe room.deallocate()
    }

    package func wake() {
        // It fails only when the counter is full, and then the wait ends anyway.
        SystemCalls.signal(wakeCounter.number)
    }

    package func wait(_ timeout: Duration?) throws(SocketError) {
        var output = unsafe OutputSpan(buffer: room, initializedCount: 0)
        let count: Int
        do throws(SelectorError) { count = try selector.wait(into: &output, timeout: timeout) } catch {
            let failure = SocketError(error)
            guard failure.isOutOfResources else { throw failure }
            // The kernel has no memory for its answer (poll, select): what a loop can do is ask again, not at once.
            SystemCalls.pause(Self.shortagePause)
            return
        }
        unsafe _ = output.finalize(for: room)
        for index in 0..<count { unsafe dispatch(room[index]) }
    }

    private func dispatch(_ event: SelectorEvent) {
        if event.token == Self.wakeToken {
            SystemCalls.clearSignal(wakeCounter.number)
            return
        }
        let index = Int(event.token & 0xFFFF_FFFF)
        guard slots.indices.contains(index), slots[index].generation == UInt32(event.token >> 32),
            let watcher = slots[index].watcher
        else { return }
        if !isEdgeTriggered { try? change(index, to: slots[index].interest.subtracting(event.ready)) }
        watcher.becomeReady(event.ready, hasEnded: event.hasEnded)
    }

    // MARK: Watchers

    /// Starts to watch; the slot is what the other calls take.
    func add(_ watcher: any ReadinessWatcher) throws(SocketError) -> Int {
        let index: Int
        if let free = freeSlots.popLast() {
            index = free
        } else {
            index = slots.count
            slots.append(Slot())
        }
        slots[index].watcher = watcher
        slots[index].interest = []
        if isEdgeTriggered {
            do throws(SelectorError) {
                try selector.register(
                    watcher.watchedDescriptor, for: [.readable, .writable, .priority], trigger: .edge,
                    token: token(index))
            } catch {
                release(index)
                throw SocketError(error)
            }
        }
        return index
    }

    /// Somebody is about to wait.
    ///
    /// - Throws: `.invalid` for a descriptor that can't be watched: one beyond select's set. The wait would never end.
    @inline(__always)
    func arm(_ index: Int, _ interest: Interest) throws(SocketError) {
        if isEdgeTriggered { return }
        do throws(SelectorError) { try change(index, to: slots[index].interest.union(interest)) } catch {
            throw SocketError(error)
        }
    }

    /// Nothing is told to this watcher any more. Called before its descriptor is closed.
    ///
    /// - Parameter isLast: nobody else can have a duplicate of the descriptor.
    func remove(_ index: Int, isLast: Bool = false) {
        if let watcher = slots[index].watcher, isEdgeTriggered || !slots[index].interest.isEmpty {
            let descriptor = watcher.watchedDescriptor
            if isLast { try? selector.forget(descriptor) } else { try? selector.unregister(descriptor) }
        }
        release(index)
    }

    package func retire() {
        let watchers = slots.map(\.watcher)
        for index in slots.indices { slots[index].watcher = nil }
        // One that ends here takes itself out of the slots.
        withExtendedLifetime(watchers) {}
    }

    private func release(_ index: Int) {
        slots[index].watcher = nil
        slots[index].generation &+= 1
        freeSlots.append(index)
    }

    private func token(_ index: Int) -> UInt64 {
        UInt64(slots[index].generation) << 32 | UInt64(truncatingIfNeeded: index)
    }

    /// Level-triggered mechanisms: what is waited for now.
    private func change(_ index: Int, to interest: Interest) throws(SelectorError) {
        guard let watcher = slots[index].watcher, interest != slots[index].interest else { return }
        let descriptor = watcher.watchedDescriptor
        if interest.isEmpty {
            try selector.unregister(descriptor)
        } else if slots[index].interest.isEmpty {
            try selector.register(descriptor, for: interest, trigger: .level, token: token(index))
        } else {
            try selector.modify(descriptor, for: interest, trigger: .level, token: token(index))
        }
        slots[index].interest = interest
    }
}

extension SocketError {
    package init(_ error: SelectorError) {
        let reason: Reason =
            switch error.reason {
            case .system(let number): Reason(number, during: .open)
            default: .invalid("\(error)")
            }
        self.init(.open, reason, subject: "the loop's selector")
    }
}
