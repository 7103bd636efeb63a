// SPDX-License-Identifier: Apache-2.0
#if !FAULT_INJECTION
    import SystemPackage

    /// The release build's fault layer: nothing, folded away by the optimiser.
    enum FaultInjection {
        @inline(__always) static func fault(for call: SystemCall) -> Never? { nil }
        @inline(__always) static func error(in fault: Never?) -> Errno? { nil }
        @inline(__always) static func length(_ count: Int, in fault: Never?) -> Int { count }
    }
#endif
