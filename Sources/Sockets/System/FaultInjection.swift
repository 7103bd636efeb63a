// SPDX-License-Identifier: Apache-2.0
//
// A test plays the kernel: it forces any errno, and short transfers, on any call.
// Only debug builds have this file; FaultInjection+Off.swift stands in its place in a release build and costs nothing.
#if FAULT_INJECTION
    package import SystemPackage
    import Synchronization

    /// What the kernel is made to answer, for the tasks that run inside `withFaults`.
    package final class FaultPlan: Sendable {
        package enum Fault: Sendable {
            /// The call is not made; it fails with this error.
            case fail(Errno)
            /// The call is made with at most this many bytes.
            case atMost(Int)
        }

        @TaskLocal package static var current: FaultPlan?

        private let counts = Mutex<[SystemCall: Int]>([:])
        private let decide: @Sendable (SystemCall, Int) -> Fault?

        /// - Parameter decide: called with the call and how many times it was made before under this plan.
        package init(_ decide: @escaping @Sendable (SystemCall, Int) -> Fault?) {
            self.decide = decide
        }

        /// Fails the first `times` calls of one kind.
        package static func failing(_ call: SystemCall, with error: Errno, times: Int = .max) -> FaultPlan {
            FaultPlan { made, ordinal in made == call && ordinal < times ? .fail(error) : nil }
        }

        /// Lets every transfer carry at most `bytes` bytes.
        package static func transfers(ofAtMost bytes: Int) -> FaultPlan {
            FaultPlan { _, _ in .atMost(bytes) }
        }

        /// How many times a call was asked for under this plan.
        package func count(of call: SystemCall) -> Int {
            counts.withLock { $0[call, default: 0] }
        }

        fileprivate func next(_ call: SystemCall) -> Fault? {
            let ordinal = counts.withLock { counts in
                let ordinal = counts[call, default: 0]
                counts[call] = ordinal + 1
                return ordinal
            }
            return decide(call, ordinal)
        }
    }

    /// Runs `body` with every system call of the current task answered by `plan`.
    package func withFaults<Result>(_ plan: FaultPlan, _ body: () throws -> Result) rethrows -> Result {
        try FaultPlan.$current.withValue(plan) { try body() }
    }

    enum FaultInjection {
        typealias Fault = FaultPlan.Fault

        static var isPlanned: Bool { FaultPlan.current != nil }

        static func fault(for call: SystemCall) -> Fault? {
            FaultPlan.current?.next(call)
        }

        static func error(in fault: Fault?) -> Errno? {
            if case .fail(let error) = fault { error } else { nil }
        }

        static func length(_ count: Int, in fault: Fault?) -> Int {
            if case .atMost(let limit) = fault { min(count, limit) } else { count }
        }
    }
#endif
