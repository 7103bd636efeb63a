// SPDX-License-Identifier: Apache-2.0
import Reactor

/// Somebody who is sent what others cause: a connection, and what waits to be sent on it. Touched on its loop alone.
class Recipient: @unchecked Sendable {
    let connection: Connection
    var outbox = Outbox()
    /// Nothing more is sent.
    var isGone = false
    /// That was because too much waited.
    var isTooSlow = false
    /// A task waits until more fits, or will soon.
    var isPumped = false
    /// Told when nothing is left to be sent.
    var flushed: Waiting?

    init(_ connection: Connection) { self.connection = connection }
}
