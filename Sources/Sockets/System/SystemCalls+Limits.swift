// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

extension SystemCalls {
    /// How many descriptors this process may have open at a time.
    ///
    /// C: `getrlimit(2)` with `RLIMIT_NOFILE`.
    package static func descriptorLimit() throws(Errno) -> Int {
        var limit = rlimit()
        _ = try perform(.getrlimit) { unsafe getrlimit(CInt(RLIMIT_NOFILE.rawValue), &limit) }
        return Int(clamping: limit.rlim_cur)
    }

    /// Lets this process have as many descriptors as it may without more rights.
    ///
    /// - Returns: how many it may have open at a time, before and from now on.
    ///
    /// C: `getrlimit(2)`, `setrlimit(2)` with `RLIMIT_NOFILE`.
    package static func raiseDescriptorLimit() throws(Errno) -> (before: Int, now: Int) {
        var limit = rlimit()
        _ = try perform(.getrlimit) { unsafe getrlimit(CInt(RLIMIT_NOFILE.rawValue), &limit) }
        let before = Int(clamping: limit.rlim_cur)
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = try perform(.setrlimit) { unsafe setrlimit(CInt(RLIMIT_NOFILE.rawValue), &limit) }
        }
        return (before, Int(clamping: limit.rlim_cur))
    }
}
