// SPDX-License-Identifier: Apache-2.0
//
// Facts:    most deadlines are moved again and again, nearly always to later, and hardly ever come.
// Decision: a binary heap of timers that know their place. Moving a timer to later only writes its time: it comes up at
//           its old place and sinks then. Arming, moving and cancelling cost no allocation (the heap keeps its room).
// Cost:     a timer that is moved on and on comes up once per old deadline and is put back.

/// Something to be done at a time. Made once by whoever has deadlines, and armed again and again.
final class LoopTimer {
    /// When it is due.
    fileprivate(set) var deadline = LoopInstant.never
    /// The deadline by which the heap is ordered: never later than `deadline`.
    fileprivate var place = LoopInstant.never
    fileprivate var index = -1
    /// Called on the loop when it is due. It may arm itself again.
    private let action: (LoopInstant) -> Void

    init(_ action: @escaping (LoopInstant) -> Void) { self.action = action }

    var isArmed: Bool { index >= 0 }

    /// Does what is to be done.
    func fire(at now: LoopInstant) { action(now) }
}

/// The timers of one loop, by time.
struct TimerQueue {
    private var heap: [LoopTimer] = []

    /// How many are armed.
    var count: Int { heap.count }

    /// When the next one may be due; nil when none is armed.
    var next: LoopInstant? { heap.first?.place }

    /// Arms a timer, or moves it.
    mutating func arm(_ timer: LoopTimer, at deadline: LoopInstant) {
        timer.deadline = deadline
        if !timer.isArmed {
            timer.place = deadline
            timer.index = heap.count
            heap.append(timer)
            rise(timer.index)
        } else if deadline < timer.place {
            timer.place = deadline
            rise(timer.index)
        }
    }

    /// Takes a timer out; nothing happens to one that is not armed.
    mutating func cancel(_ timer: LoopTimer) {
        guard timer.isArmed else { return }
        remove(at: timer.index)
    }

    /// Takes out the next timer that is due; nil when none is.
    mutating func takeDue(_ now: LoopInstant) -> LoopTimer? {
        while let first = heap.first, first.place <= now {
            if first.deadline > now {
                first.place = first.deadline
                sink(0)
                continue
            }
            remove(at: 0)
            return first
        }
        return nil
    }

    /// Takes out every timer.
    mutating func takeAll() -> [LoopTimer] {
        for timer in heap { timer.index = -1 }
        defer { heap = [] }
        return heap
    }

    private mutating func remove(at index: Int) {
        let last = heap.removeLast()
        if index < heap.count {
            let removed = heap[index]
            put(last, at: index)
            sink(index)
            rise(index)
            removed.index = -1
        } else {
            last.index = -1
        }
    }

    private mutating func put(_ timer: LoopTimer, at index: Int) {
        heap[index] = timer
        timer.index = index
    }

    private mutating func rise(_ start: Int) {
        var index = start
        let timer = heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            if heap[parent].place <= timer.place { break }
            put(heap[parent], at: index)
            index = parent
        }
        put(timer, at: index)
    }

    private mutating func sink(_ start: Int) {
        var index = start
        let timer = heap[index]
        while true {
            var child = 2 * index + 1
            if child >= heap.count { break }
            if child + 1 < heap.count && heap[child + 1].place < heap[child].place { child += 1 }
            if timer.place <= heap[child].place { break }
            put(heap[child], at: index)
            index = child
        }
        put(timer, at: index)
    }
}
