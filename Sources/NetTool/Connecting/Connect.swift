// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt connect`: talk to a server by hand, or from a script.
struct Connect: Verb {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Talk to a server: standard input goes there, what comes is standard output.",
        discussion: """
            Each direction ends by itself: the end of standard input (ctrl-D) tells the server that nothing more \
            comes, and what it still says is read. nt ends when both directions have ended.

            A name's addresses are tried one after the other, all within --timeout. Times are written 250ms, 5s, 2m \
            or 1h; a bare number is seconds.

            Exit codes: 0 both sides have ended, 69 refused or unreachable, 75 no answer in time, 68 unknown host, \
            77 not permitted, 74 the connection broke, 130 ctrl-C.
            """)

    @OptionGroup var options: ConnectOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try ConnectRun(options, in: session).run()
    }
}

/// What `nt connect` takes.
struct ConnectOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("host:port, :port on this machine, unix:/path.", valueName: "address"))
    var address: String

    @Option(
        help: ArgumentHelp("The most that looking up and connecting may take. (default: 10s)", valueName: "time"),
        transform: TimeSpan.init)
    var timeout = TimeSpan(.seconds(10))

    @Option(
        name: [.customShort("s"), .long],
        help: ArgumentHelp("Connect from this address of this machine.", valueName: "ip[:port]"),
        transform: SourceAddress.init)
    var source: SourceAddress?

    @Flag(help: "Send CR LF for each line end.")
    var crlf = false

    @OptionGroup var directions: Directions
    @OptionGroup var verbosity: Verbosity
}
