// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// Two ends: what is written to one is read from the other. Both are closed on exec, and block.
///
/// C: `pipe2(2)`.
package struct PipeEnds: ~Copyable, Sendable {
    package let reading: OwnedDescriptor
    package let writing: OwnedDescriptor

    package init() throws(Errno) {
        var pair: (CInt, CInt) = (-1, -1)
        _ = try SystemCalls.perform(.pipe) {
            unsafe withUnsafeMutableBytes(of: &pair) { bytes -> CInt in
                guard let start = unsafe bytes.assumingMemoryBound(to: CInt.self).baseAddress else { return -1 }
                return unsafe pipe2(start, O_CLOEXEC)
            }
        }
        reading = OwnedDescriptor(pair.0)
        writing = OwnedDescriptor(pair.1)
    }

    /// The end to read from; the other one is closed here. If a child has it, the end of what is read is the child's
    /// end.
    package consuming func takeReading() -> OwnedDescriptor { reading }

    /// The end to write to; the other one is closed here. If nobody else has it, writing is `EPIPE`.
    package consuming func takeWriting() -> OwnedDescriptor { writing }

    /// Gives both away.
    package consuming func detach() -> (reading: CInt, writing: CInt) { (reading.detach(), writing.detach()) }
}
