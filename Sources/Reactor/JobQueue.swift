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

    private static let firstCapacity = 64

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
        for index in 0..<batch { unsafe running[index].runSynchronously(on: executor) }
        return batch
    }

    private func grow() {
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: memory, count: count)
        unsafe memory.deallocate()
        unsafe memory = larger
        capacity *= 2
    }
}
