// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The flags that leave out one direction of a conversation, or say how it ends.
struct Directions: ParsableArguments {
    @Flag(help: "Send standard input, and throw away what comes.")
    var sendOnly = false

    @Flag(help: "Read no standard input; the peer's end is the end.")
    var recvOnly = false

    @Flag(help: "Don't tell the peer that standard input has ended (nt help eof).")
    var noShutdown = false

    @Option(
        help: ArgumentHelp("The most that the peer may go on after the end of standard input.", valueName: "time"),
        transform: TimeSpan.init)
    var linger: TimeSpan?

    var style: Conversation.Style {
        Conversation.Style(
            sends: !recvOnly, receives: !sendOnly, endsWithPeer: recvOnly, tellsEnd: !noShutdown,
            linger: linger?.duration)
    }

    /// Whether one of them was given.
    var isRestricted: Bool { sendOnly || recvOnly || noShutdown || linger != nil }

    mutating func validate() throws {
        if sendOnly && recvOnly { throw ValidationError("--send-only and --recv-only leave nothing") }
        if recvOnly && (noShutdown || linger != nil) {
            throw ValidationError(
                "--recv-only reads no standard input, and --no-shutdown and --linger are about its end")
        }
    }
}
