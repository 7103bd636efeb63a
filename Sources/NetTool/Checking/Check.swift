// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt check`: is it open, since when, and run this as soon as it is.
struct Check: Verb {
    static let takesCommand = true

    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "See whether addresses are open, or wait until they are.",
        usage: """
            nt check <address> ... [--wait <time>] [--every <time>] [--timeout <time>] [--any] [--json] [-- <command>]
            nt check <host> --ports <1-1024> [--timeout <time>] [--json]
            """,
        discussion: """
            A connection is opened and closed again; nothing is sent. UDP knows no connections: there an empty \
            datagram is sent, and only an answer or a refusal proves anything. Behind a URL its TCP port is tried.

            The command behind -- runs once the addresses are open, in the place of nt: its exit code is what remains. \
            The lines of nt go to standard error then.

            Times are written 250ms, 5s, 2m or 1h; a bare number is seconds.

            Exit codes: 0 open (all of them, or one with --any), 69 refused or unreachable, 75 no answer, or --wait \
            ran out, 68 unknown host, 77 not permitted. Of several failures the first address's counts. With --json \
            ctrl-C (130) and SIGTERM (143) end it with the last event.
            """)

    @OptionGroup var options: CheckOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try CheckRun(options, wait: options.wait?.duration, in: session).run()
    }
}

/// `nt wait`, another name for `nt check --wait 30s`.
struct Wait: Verb {
    static let takesCommand = true

    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "nt check --wait 30s, in short.", shouldDisplay: false)

    @OptionGroup var options: CheckOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        let usual = options.ports == nil ? Duration.seconds(30) : nil
        return try CheckRun(options, wait: options.wait?.duration ?? usual, in: session).run()
    }
}
