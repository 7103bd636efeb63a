// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The flags that leave out one direction of a conversation.
struct Directions: ParsableArguments {
    @Flag(help: "Send standard input, and throw away what comes.")
    var sendOnly = false

    @Flag(help: "Read no standard input; the peer's end is the end.")
    var recvOnly = false

    var style: Conversation.Style {
        Conversation.Style(sends: !recvOnly, receives: !sendOnly, endsWithPeer: recvOnly)
    }

    /// Whether one of them was given.
    var isRestricted: Bool { sendOnly || recvOnly }

    mutating func validate() throws {
        if sendOnly && recvOnly { throw ValidationError("--send-only and --recv-only leave nothing") }
    }
}
