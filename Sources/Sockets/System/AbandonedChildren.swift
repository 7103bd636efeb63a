// SPDX-License-Identifier: Apache-2.0
import CSockets
import Synchronization
import SystemPackage

/// Processes whose owner has gone before they ended. Each is forgotten by the system, and here, at the first spawn or
/// the first abandoned process after its end.
///
/// A number stays this process's child until it is waited for here, so it can mean nobody else.
package final class AbandonedChildren: Sendable {
    package static let shared = AbandonedChildren()

    private let numbers = Mutex<Set<CInt>>([])

    /// How many have not been seen to end.
    package var count: Int { numbers.withLock { $0.count } }

    func add(_ number: CInt) {
        numbers.withLock { _ = $0.insert(number) }
        forgetEnded()
    }

    /// C: `waitpid(2)` with `WNOHANG`.
    package func forgetEnded() {
        numbers.withLock { numbers in
            numbers = numbers.filter { SystemCalls.isRunning(child: $0) }
        }
    }
}

extension SystemCalls {
    /// Whether a child goes on, as far as is known; if not the system forgets it.
    fileprivate static func isRunning(child: CInt) -> Bool {
        do throws(Errno) { return try perform(.waitid) { waitpid(child, nil, WNOHANG) } == 0 } catch {
            return error != .noChildProcess
        }
    }

    /// Ends a child that nobody was told of yet, and forgets it.
    static func endNow(_ child: CInt) {
        _ = try? perform(.kill) { kill(child, SIGKILL) }
        _ = try? perform(.waitid) { waitpid(child, nil, 0) }
    }
}
