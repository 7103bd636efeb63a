// SPDX-License-Identifier: Apache-2.0
import Glibc
public import Testing

/// Asks again and again until it is so; a failure after 20 seconds. For what tells nobody when it happens.
public func wait(until isSo: () throws -> Bool, _ location: SourceLocation = #_sourceLocation) throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try !isSo() {
        try #require(ContinuousClock.now < deadline, sourceLocation: location)
        sched_yield()
    }
}
