// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt nc`, and what `nt` is when it is called `nc` or `ncat`: the classic flags, in the verbs' words.
struct Netcat: Verb {
    static let configuration = CommandConfiguration(
        commandName: "nc",
        abstract: "The flags of netcat; also what nt is when a link called nc, ncat or netcat leads to it.",
        usage: """
            nt nc [-uUvzCnN] [-p <port>] [-s <ip>] [-w <seconds>] [-q <seconds>] <host> <port>
            nt nc -l [-kuUvn] [-e <command>] [-p] <port>|<host> <port>|<path>
            """,
        discussion: """
            It differs from netcat in what was decided for nt: without a host -l listens on this machine only (write \
            0.0.0.0 for everybody), -e runs no shell, the end of standard input is told to the peer (-N is always on), \
            and what goes wrong has the exit codes of 'nt help exit-codes'. With -v the line says which verb that is.
            """)

    @OptionGroup var options: NetcatOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        let words = try options.words()
        if options.verbose { session.remark("nt \(words.map(\.inShell).joined(separator: " "))") }
        return NetTool.run(words, in: session)
    }

    /// Whether a program of this name is netcat.
    static func isCalled(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return ["nc", "ncat", "netcat"].contains(name)
    }
}

/// What netcat takes.
struct NetcatOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Host and port; with -l a port; with -U a path.", valueName: "place"))
    var places: [String] = []

    @Flag(name: [.customShort("l"), .customLong("listen")], help: "Listen.")
    var listens = false

    @Flag(name: [.customShort("k"), .customLong("keep-open")], help: "With -l: one client after the other.")
    var keeps = false

    @Flag(name: [.customShort("u"), .customLong("udp")], help: "Datagrams.")
    var isDatagrams = false

    @Flag(name: [.customShort("U"), .customLong("unixsock")], help: "A UNIX path.")
    var isUnix = false

    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false

    @Flag(name: .customShort("z"), help: "Only see whether it is open; ports as 20-30 too.")
    var onlyChecks = false

    @Option(name: .customShort("w"), help: ArgumentHelp("The most that connecting may take.", valueName: "seconds"))
    var wait: String?

    @Option(
        name: [.customShort("e"), .customLong("exec")],
        help: ArgumentHelp("With -l: a program for each client; no shell.", valueName: "command"))
    var command: String?

    @Flag(name: [.customShort("C"), .customLong("crlf")], help: "Send CR LF for each line end.")
    var crlf = false

    @Option(
        name: .customShort("p"),
        help: ArgumentHelp("The port to connect from, or with -l to listen at.", valueName: "port"))
    var port: String?

    @Option(name: .customShort("s"), help: ArgumentHelp("The address to connect from.", valueName: "ip"))
    var source: String?

    @Flag(name: .customShort("n"), help: "Look up no names: the host is an address.")
    var isNumeric = false

    @Option(
        name: .customShort("q"),
        help: ArgumentHelp("The most that the peer may go on after the end of standard input.", valueName: "seconds"))
    var linger: String?

    @Flag(name: .customShort("N"), help: "Tell the peer of the end of standard input: nt always does.")
    var tellsEnd = false
}
