// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a loop appends a job and runs one for each thing that happens. In an array of a class each of these pays
//           for the checks of exclusive access and of uniqueness, more than for the work.
// Decision: memory of our own, which grows and is used again.

/// Jobs of tasks, in the order in which they came.
@safe final class JobQueue {
    /// How many wait.
    private(set) var count = 0
    private var capacity = JobQueue.firstCapacity
    private var memory = UnsafeMutablePointer<UnownedJob>.allocate(capacity: JobQueue.firstCapacity)
    /// Where the jobs are that run: it changes places with the memory of those that wait.
    private var otherCapacity = JobQueue.firstCapacity
    private var otherMemory = UnsafeMutablePointer<UnownedJob>.allocate(capacity: JobQueue.firstCapacity)

    /// Draws the order in which jobs run that wait at the same time; nil where it is the one in which they came.
    var order: Randomness?

    private static let firstCapacity = 16

    deinit {
        unsafe memory.deallocate()
        unsafe otherMemory.deallocate()
    }

    @inline(__always)
    func append(_ job: UnownedJob) {
        if count == capacity { grow() }
        unsafe (memory + count).initialize(to: job)
        count &+= 1
    }

    /// Runs the jobs that wait now. Those that come meanwhile wait for the next call.
    ///
    /// - Returns: how many ran.
    func run(on executor: UnownedTaskExecutor) -> Int {
        let batch = count
        let running = unsafe memory
        unsafe memory = otherMemory
        unsafe otherMemory = running
        (capacity, otherCapacity) = (otherCapacity, capacity)
        count = 0
        if order != nil { unsafe shuffle(running, batch) }
        for index in 0..<batch { unsafe running[index].runSynchronously(on: executor) }
        return batch
    }

    /// Fisher and Yates.
    private func shuffle(_ jobs: UnsafeMutablePointer<UnownedJob>, _ count: Int) {
        guard var numbers = order, count > 1 else { return }
        for last in (1..<count).reversed() {
            let place = Int(numbers.next() % UInt64(last + 1))
            unsafe (jobs[last], jobs[place]) = (jobs[place], jobs[last])
        }
    }

    private func grow() {
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: memory, count: count)
        unsafe memory.deallocate()
        unsafe memory = larger
        capacity *= 2
    }
}
