// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Runs a blocking body on a thread of its own, so that it holds none of the pool's, and hands its result over.
public final class BlockingThread<Value: Sendable>: Sendable {
    private let result: Mutex<Result<Value, any Error>?> = Mutex(nil)
    private let finished = DispatchSemaphore(value: 0)

    /// Starts at once.
    public init(_ body: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread { [self] in
            let value = Result { try body() }
            result.withLock { $0 = value }
            finished.signal()
        }
    }

    /// Waits for the body's end, at most `seconds`.
    public func join(within seconds: Int = 20) throws -> Value {
        guard finished.wait(timeout: .now() + .seconds(seconds)) == .success else { throw DidNotEnd(seconds: seconds) }
        finished.signal()
        return try result.withLock { result in
            guard let result else { throw DidNotEnd(seconds: seconds) }
            return try result.get()
        }
    }

    /// A thread that did not end in time.
    public struct DidNotEnd: Error {
        /// How long it was given.
        public let seconds: Int
    }
}

/// How often a test repeats: the small count in `make test`, the promise's own in `make soak`.
public func repetitions(_ small: Int, soak: Int) -> Int {
    ProcessInfo.processInfo.environment["NETWRIGHT_SOAK"] != nil ? soak : small
}
