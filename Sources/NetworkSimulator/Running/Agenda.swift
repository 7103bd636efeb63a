// SPDX-License-Identifier: Apache-2.0
import Reactor

/// Loops by the time at which they have something to do: a binary heap of drivers that know their places, so that each
/// is there once.
struct Agenda {
    private var heap: [MemoryDriver] = []

    /// When the next one has something to do; `.never` where none has.
    var next: LoopInstant { heap.first?.planned ?? .never }

    /// Plans a turn, or moves it; at `.never` there is none.
    mutating func move(_ driver: MemoryDriver, to time: LoopInstant) {
        if time == driver.planned { return }
        if time == .never { return remove(driver) }
        driver.planned = time
        if driver.place == nil {
            driver.place = heap.count
            heap.append(driver)
        }
        rise(driver)
        sink(driver)
    }

    /// Takes out the next one that is due; nil when none is.
    mutating func takeDue(_ now: LoopInstant) -> MemoryDriver? {
        guard let first = heap.first, first.planned <= now else { return nil }
        remove(first)
        return first
    }

    private mutating func remove(_ driver: MemoryDriver) {
        driver.planned = .never
        guard let place = driver.place, let last = heap.popLast() else { return }
        driver.place = nil
        if last === driver { return }
        put(last, at: place)
        rise(last)
        sink(last)
    }

    private mutating func put(_ driver: MemoryDriver, at place: Int) {
        heap[place] = driver
        driver.place = place
    }

    private static func comes(_ one: MemoryDriver, before other: MemoryDriver) -> Bool {
        one.planned == other.planned ? one.number < other.number : one.planned < other.planned
    }

    private mutating func rise(_ driver: MemoryDriver) {
        guard var place = driver.place else { return }
        while place > 0, Self.comes(driver, before: heap[(place - 1) / 2]) {
            put(heap[(place - 1) / 2], at: place)
            place = (place - 1) / 2
        }
        put(driver, at: place)
    }

    private mutating func sink(_ driver: MemoryDriver) {
        guard var place = driver.place else { return }
        while 2 * place + 1 < heap.count {
            var child = 2 * place + 1
            if child + 1 < heap.count, Self.comes(heap[child + 1], before: heap[child]) { child += 1 }
            if !Self.comes(heap[child], before: driver) { break }
            put(heap[child], at: place)
            place = child
        }
        put(driver, at: place)
    }
}
