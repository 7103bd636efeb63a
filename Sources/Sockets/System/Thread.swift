// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// A thread of one's own, for what may block.
///
/// C: `pthread_create(3)`.
package enum Thread {
    /// Starts a thread that runs `body` and ends with it. It blocks SIGPIPE, and every other signal that would
    /// interrupt it is left to the rest of the process.
    ///
    /// - Throws: `EAGAIN` when the system has no thread left.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(Errno) {
        let box = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                Thread.block(SIGPIPE)
                body.run()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            unsafe box.release()
            throw Errno(rawValue: result)
        }
        pthread_detach(thread)
    }

    private static func block(_ signal: CInt) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, signal)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
