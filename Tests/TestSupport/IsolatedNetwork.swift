// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A thread with a network and a host name of its own, as `unshare --net --uts` gives them: what a test does to
/// interfaces there nobody else sees. It has one interface, `lo`, which is down. Needs root.
public final class IsolatedNetwork: Sendable {
    /// Whether this process may make one. Says so loudly when it may not.
    public static let isAvailable: Bool = {
        let answer = try? IsolatedNetwork().run { true }
        if answer != true { print("SKIPPED: no network namespace can be made here; what needs root is not tested") }
        return answer == true
    }()

    /// Why the thread could not leave the common network.
    public struct Refused: Error {
        /// The system's number.
        public let errno: Int32
    }

    /// Nothing is made before ``run(_:)``.
    public init() {}

    /// Runs `body` in a new thread and a new network, and waits for it.
    public func run<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) throws -> Answer {
        let result = Box<Answer>()
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            result.set(
                Result {
                    guard Self.leave() == 0 else { throw Refused(errno: errno) }
                    return try body()
                })
            done.signal()
        }
        thread.start()
        done.wait()
        return try result.get()
    }

    /// `unshare(2)` moves the calling thread alone. Glibc's module does not declare it.
    private static func leave() -> Int32 {
        typealias Unshare = @convention(c) (Int32) -> Int32
        guard let symbol = dlsym(nil, "unshare") else { return -1 }
        let newNetwork: Int32 = 0x4000_0000
        let newHostName: Int32 = 0x0400_0000
        return unsafeBitCast(symbol, to: Unshare.self)(newNetwork | newHostName)
    }

    private final class Box<Answer: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var result: Result<Answer, any Error>?

        func set(_ result: Result<Answer, any Error>) { lock.withLock { self.result = result } }

        func get() throws -> Answer {
            guard let result = lock.withLock({ result }) else { throw Refused(errno: 0) }
            return try result.get()
        }
    }
}
