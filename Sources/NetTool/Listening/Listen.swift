// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt listen`: a server from one word.
struct Listen: Verb {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Listen, and serve whoever connects by one word; or talk to one client yourself.",
        usage: """
            nt listen <address> ... echo|time|greet <text>|discard|log|chat|files <dir> [<options>]
            nt listen <address> ... [--keep] [--send-only|--recv-only] [<options>]
            """,
        discussion: """
            Addresses: :PORT is this machine only (by IPv4 and IPv6), with --public every interface; host:port, \
            *:port, unix:/path. With port 0 the system picks one.

            Handlers:
              echo         sends back what comes (RFC 862)
              time         answers each line with [Sat Nov 21 10:44:03 2026] line
              greet TEXT   sends the text as a line, and ends
              discard      reads and throws away (RFC 863)
              log          prints each line behind its sender
              chat         what one says all others read; /help tells the rest
              files DIR    a file's name in, its bytes out; /get and /stat resume
            A line of time and log ends in LF or CR LF and has at most 16384 bytes; what is sent ends in CR LF.

            Without a handler standard input goes to the first client, and what it says is standard output; each \
            direction ends by itself, and nt with both. With --keep the next client comes then, as soon as one ends.

            SIGTERM and ctrl-C stop accepting. A client with nothing under way is let go at once; one whose line has \
            begun has --drain for the rest of it; a second ctrl-C leaves at once.

            Exit codes: 0 drained after SIGTERM, or the one client has ended, 130 ctrl-C, 69 the address can't be had, \
            77 not permitted, 75 no client within --timeout, 68 unknown host.
            """)

    @OptionGroup var options: ListenOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try ListenRun(options, in: session).run()
    }
}

/// What `nt listen` takes.
struct ListenOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Where to listen, one or several; then what to do.", valueName: "address"))
    var words: [String]

    @Flag(name: .shortAndLong, help: "Without a handler: serve one client after the other.")
    var keep = false

    @Option(
        name: [.customShort("m"), .customLong("max")],
        help: "The most clients at a time; others wait. (default: 10000)")
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

    @OptionGroup var rooms: RoomOptions
    @OptionGroup var directions: Directions
    @OptionGroup var form: OutputForm
    @OptionGroup var verbosity: Verbosity

    mutating func validate() throws {
        if let maximum, maximum < 1 { throw ValidationError("--max has to be at least 1") }
        if let idle, idle.duration <= .zero { throw ValidationError("--idle has to be more than nothing") }
    }
}
