// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// What `nt connect` takes.
struct ConnectOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "host:port, :port on this machine, udp://host:port, unix:/path, exec:command.", valueName: "address"))
    var address: String

    @Option(
        help: ArgumentHelp(
            "The most that looking up and connecting may take, and each --expect. (default: 10s)", valueName: "time"),
        transform: TimeSpan.init)
    var timeout = TimeSpan(.seconds(10))

    @Option(
        name: [.customShort("s"), .long],
        help: ArgumentHelp("Connect from this address of this machine.", valueName: "ip[:port]"),
        transform: SourceAddress.init)
    var source: SourceAddress?

    @Flag(name: .customShort("z"), help: "Only see whether it is open; nt check waits for it.")
    var onlyChecks = false

    @Flag(help: "Send CR LF for each line end.")
    var crlf = false

    @Option(
        help: ArgumentHelp("What is sent and what comes is text in this encoding.", valueName: "name"),
        transform: EncodingName.init)
    var encoding: EncodingName?

    @Flag(name: [.customShort("x"), .long], help: "Print both directions as bytes, 16 a line.")
    var hex = false

    @Option(help: ArgumentHelp("Append everything that passes to this file.", valueName: "file"))
    var log: String?

    @Option(help: ArgumentHelp("A line that is just this word ends your side.", valueName: "word"))
    var until: String?

    @Option(help: ArgumentHelp("Wait until this text has come, then go on. \\r \\n \\x1b.", valueName: "text"))
    var expect: [String] = []

    @Option(help: ArgumentHelp("Send this text, once the --expect before it has come.", valueName: "text"))
    var send: [String] = []

    @OptionGroup var directions: Directions
    @OptionGroup var form: OutputForm
    @OptionGroup var verbosity: Verbosity

    /// Whether a script says what is sent, and nobody types.
    var isScripted: Bool { !expect.isEmpty || !send.isEmpty }

    mutating func validate() throws {
        if hex && form.json { throw ValidationError("--hex and --json are two forms of one output") }
        if directions.recvOnly {
            if isScripted { throw ValidationError("--recv-only sends nothing: leave out --send and --expect") }
            if crlf || until != nil { throw ValidationError("--recv-only sends nothing that has line ends") }
        }
        if onlyChecks && (isScripted || directions.isRestricted || hex || log != nil || source != nil) {
            throw ValidationError("-z only looks whether it is open: leave out what is said there")
        }
        if until?.isEmpty == true { throw ValidationError("--until takes a word") }
    }
}
