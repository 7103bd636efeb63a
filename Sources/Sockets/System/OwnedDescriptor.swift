// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

/// One descriptor with one owner, closed once: by `close()`, which reports, or at the end of its scope.
package struct OwnedDescriptor: ~Copyable, Sendable {
    package let number: CInt

    /// Takes over an open descriptor.
    package init(_ number: CInt) { self.number = number }

    deinit {
        // Nobody is left to hear of an error; whoever wants to hear calls close().
        try? SystemCalls.close(number)
    }

    /// Closes; the descriptor is gone even if this throws.
    package consuming func close() throws(Errno) {
        try SystemCalls.close(detach())
    }

    /// Gives the descriptor away.
    package consuming func detach() -> CInt {
        let number = self.number
        discard self
        return number
    }
}
