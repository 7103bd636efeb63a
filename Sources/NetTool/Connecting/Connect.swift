// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt connect`: talk to a server by hand, or from a script.
struct Connect: Verb {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Talk to a server: standard input goes there, what comes is standard output.",
        discussion: """
            Each direction ends by itself: the end of standard input (ctrl-D) tells the server that nothing more \
            comes, and what it still says is read. nt ends when both directions have ended; at a terminal also when \
            the server has. 'nt help eof' has the whole table.

            At a terminal the line is yours until Enter: arrow keys, Home, End, ctrl-A E B F K U W Y T, the lines \
            before it with up and down. What comes is written above it.

            With --expect and --send, in their order, nobody types: each waits for its text, or sends it, and then \
            your side has ended. \\r, \\n, \\t, \\\\ and \\x1b are what they are in C.

            A name's addresses are tried one after the other, all within --timeout. Times are written 250ms, 5s, 2m \
            or 1h; a bare number is seconds.

            Exit codes: 0 both sides have ended, 69 refused or unreachable, 75 no answer in time, 68 unknown host, \
            77 not permitted, 74 the connection broke, 76 it ended before an expected text, 130 ctrl-C, 143 SIGTERM.
            """)

    @OptionGroup var options: ConnectOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try ConnectRun(options, in: session).run()
    }
}
