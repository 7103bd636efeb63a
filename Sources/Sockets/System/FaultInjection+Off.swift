// SPDX-License-Identifier: Apache-2.0
#if !FAULT_INJECTION
    import SystemPackage

    /// The release build's fault layer: nothing, folded away by the optimiser.
    enum FaultInjection {
        enum Fault {}

        @inline(__always) static var isPlanned: Bool { false }
        @inline(__always) static func fault(for call: SystemCall) -> Fault? { nil }
        @inline(__always) static func error(in fault: Fault?) -> Errno? { nil }
        @inline(__always) static func length(_ count: Int, in fault: Fault?) -> Int { count }
    }
#endif
