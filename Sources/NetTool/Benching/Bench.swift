// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt bench`: how much passes.
struct Bench: Verb {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how much passes between here and an nt listen … sink.",
        usage: """
            nt bench <host:port> [-d <time>] [-P <streams>] [-R|--rate <bits>] [--json]
            nt bench udp://<host:port> [-d <time>] [-P <streams>] [--rate <bits>] [--length <bytes>] [--json]
            """,
        discussion: """
            At the other end: nt listen :5201 udp://:5201 sink. Any program that reads to the end will do for TCP; \
            what it got is then not confirmed.

            TCP sends as fast as it can, or at --rate; with --reverse the sink sends, as fast as it can. UDP sends at \
            --rate (10M) and tells what was lost, what came late, how much the way varied (jitter, RFC 3550) and how \
            long it is there and back (rtt). A rate is bits a second, of what the connections carry: 10M, 2.5G. \
            Ctrl-C and SIGTERM end it early, with its numbers.

            Exit codes: 0 measured, 69 refused or unreachable, 75 no answer from the sink, 68 unknown host, 74 the \
            connection broke, 130 ctrl-C, 143 SIGTERM.
            """)

    @OptionGroup var options: BenchOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try BenchRun(options, in: session).run()
    }
}

/// What `nt bench` takes.
struct BenchOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("host:port, tcp://host:port, udp://host:port, unix:/path.", valueName: "address"))
    var address: String

    @Option(
        name: [.customShort("d"), .customLong("duration")],
        help: ArgumentHelp("How long. (default: 10s)", valueName: "time"), transform: TimeSpan.init)
    var duration = TimeSpan(.seconds(10))

    @Option(
        name: [.customShort("P"), .customShort("c"), .customLong("streams")],
        help: "How many streams at a time.")
    var streams = 1

    @Flag(name: [.customShort("R"), .customLong("reverse")], help: "The sink sends.")
    var isReverse = false

    @Option(
        help: ArgumentHelp("Bits a second, of all streams together: 500K, 10M, 2.5G.", valueName: "bits"),
        transform: BitRate.init)
    var rate: BitRate?

    @Option(help: ArgumentHelp("The bytes of a datagram. (default: 1400)", valueName: "bytes"))
    var length: Int?

    @Option(
        help: ArgumentHelp("The most that connecting may take, and the last answer. (default: 5s)", valueName: "time"),
        transform: TimeSpan.init)
    var timeout = TimeSpan(.seconds(5))

    @OptionGroup var form: OutputForm

    mutating func validate() throws {
        if duration.duration <= .zero { throw ValidationError("--duration has to be more than nothing") }
        if !(1...128).contains(streams) { throw ValidationError("--streams has to be from 1 to 128") }
        if let length, !(BenchPacket.headLength...65_507).contains(length) {
            throw ValidationError("--length has to be from \(BenchPacket.headLength) to 65507")
        }
    }
}
