// SPDX-License-Identifier: Apache-2.0
import Reactor

/// Whom a delivery is for.
protocol Addressee: AnyObject {
    /// Something is due. It may be called once more than needed.
    func arrive(at now: LoopInstant)

    /// The host at which it would have arrived has crashed.
    func vanish()
}

extension Addressee {
    func vanish() {}
}

/// What is to happen on a loop or on the network, and when.
typealias EventQueue = TimedQueue<any Addressee>

/// Elements by time, and by the order in which they were posted where that is the same: a binary heap.
struct TimedQueue<Element> {
    private struct Entry {
        let time: LoopInstant
        let number: UInt64
        let element: Element

        func comes(before other: Entry) -> Bool {
            time.nanoseconds < other.time.nanoseconds
                || time.nanoseconds == other.time.nanoseconds && number < other.number
        }
    }

    private var heap: [Entry] = []
    private var posted: UInt64 = 0

    /// When the next one is due; `.never` when there is none.
    var next: LoopInstant { heap.first?.time ?? .never }
    /// The next one.
    var first: Element? { heap.first?.element }

    mutating func post(_ element: Element, at time: LoopInstant) {
        posted &+= 1
        heap.append(Entry(time: time, number: posted, element: element))
        var index = heap.count - 1
        while index > 0, heap[index].comes(before: heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Takes out the next one that is due; nil when none is.
    mutating func takeDue(_ now: LoopInstant) -> Element? {
        guard next <= now, let first = heap.first, let last = heap.popLast() else { return nil }
        if heap.isEmpty { return first.element }
        heap[0] = last
        var index = 0
        while let child = lesserChild(of: index), heap[child].comes(before: heap[index]) {
            heap.swapAt(child, index)
            index = child
        }
        return first.element
    }

    private func lesserChild(of index: Int) -> Int? {
        let (left, right) = (2 * index + 1, 2 * index + 2)
        if left >= heap.count { return nil }
        return right < heap.count && heap[right].comes(before: heap[left]) ? right : left
    }
}
