// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// What `nt listen` takes.
struct ListenOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Where to listen, one or several; then what to do.", valueName: "address"))
    var words: [String]

    @Flag(name: .shortAndLong, help: "Without a handler: serve one client after the other.")
    var keep = false

    @Option(
        name: [.customShort("m"), .customLong("max")],
        help: "The most clients at a time; others wait. (default: 10000, with exec 40)")
    var maximum: Int?

    @Option(
        help: ArgumentHelp("Let go of a client that sends nothing, or no whole line, for so long.", valueName: "time"),
        transform: TimeSpan.init)
    var idle: TimeSpan?

    @Option(
        help: ArgumentHelp("Give up when no client has come within this time.", valueName: "time"),
        transform: TimeSpan.init)
    var timeout: TimeSpan?

    @Option(
        help: ArgumentHelp("How long clients may go on after SIGTERM or ctrl-C. (default: 4s)", valueName: "time"),
        transform: TimeSpan.init)
    var drain = TimeSpan(.seconds(4))

    @Flag(name: .customLong("public"), help: ":PORT is every interface, for whoever can reach this machine.")
    var isPublic = false

    @OptionGroup var admission: AdmissionOptions

    @Option(
        help: ArgumentHelp(
            "With log, chat, or without a handler: what comes is text in this encoding.", valueName: "name"),
        transform: EncodingName.init)
    var encoding: EncodingName?

    @Option(help: "The clients share one thread, or have one for each processor core.")
    var mode = Mode.task

    @OptionGroup var rooms: RoomOptions
    @OptionGroup var directions: Directions
    @OptionGroup var form: OutputForm
    @OptionGroup var verbosity: Verbosity

    /// What the clients share.
    enum Mode: String, CaseIterable, ExpressibleByArgument {
        case task, loops
    }

    mutating func validate() throws {
        if let maximum, maximum < 1 { throw ValidationError("--max has to be at least 1") }
        if let idle, idle.duration <= .zero { throw ValidationError("--idle has to be more than nothing") }
    }

    /// Flags that have no meaning with this handler.
    func check(_ handler: ListenHandler) throws(ToolFailure) {
        if handler != .stdio {
            if directions.isRestricted {
                throw ToolFailure(.usage, "--send-only and its like are for nt listen without a handler")
            }
            if encoding != nil, handler != .log, handler != .chat {
                throw ToolFailure(.usage, "--encoding is for what is printed: log, or no handler; and for chat")
            }
            if handler == .chat, mode != .task {
                throw ToolFailure(.usage, "--mode loops is not for chat: its members share one thread")
            }
            try rooms.check(handler)
            return
        }
        try rooms.check(handler)
        if form.json {
            throw ToolFailure(.usage, "--json needs a handler: without one standard output is the client's")
        }
        if maximum != nil {
            throw ToolFailure(.usage, "--max needs a handler: without one there is one client at a time")
        }
        if mode != .task {
            throw ToolFailure(.usage, "--mode needs a handler: without one there is one client at a time")
        }
    }
}
