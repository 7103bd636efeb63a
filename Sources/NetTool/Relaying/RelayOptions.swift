// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reactor

/// What `nt relay` takes.
struct RelayOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Where to listen.", valueName: "listen"))
    var listen: String

    @Argument(help: ArgumentHelp("Where to lead, one or several.", valueName: "target"))
    var targets: [String]

    @Flag(help: "Let the targets take turns.")
    var balance = false

    @Flag(name: .customLong("public"), help: ":PORT is every interface, for whoever can reach this machine.")
    var isPublic = false

    @OptionGroup(title: "WHO MAY USE IT") var access: AccessOptions
    @OptionGroup(title: "WHAT HAPPENS ON THE WAY") var shaping: ShapingOptions
    @OptionGroup(title: "WHAT IS WRITTEN DOWN") var recording: RecordingOptions

    @Option(
        name: .customLong("proxy-protocol"),
        help: ArgumentHelp(
            "Clients come by a proxy in this network, and begin with a PROXY header.", valueName: "network"),
        transform: NetworkName.init)
    var proxies: [NetworkName] = []

    @Option(
        name: .customLong("send-proxy"),
        help: ArgumentHelp("Begin with a PROXY header that says who the client is.", valueName: "v1|v2"))
    var headerVersion: HeaderVersion?

    @Option(
        name: [.customShort("m"), .customLong("max")],
        help: "The most clients at a time; others wait, datagrams of others are lost. (default: 10000, of exec: 40)")
    var maximum: Int?

    @Option(
        help: ArgumentHelp(
            "Let go of a client when nothing has passed for so long. (default: never, of datagrams 60s)",
            valueName: "time"),
        transform: TimeSpan.init)
    var idle: TimeSpan?

    @Option(
        help: ArgumentHelp("The most that reaching a target may take. (default: 10s)", valueName: "time"),
        transform: TimeSpan.init)
    var timeout = TimeSpan(.seconds(10))

    @Option(
        help: ArgumentHelp("How long clients may go on after SIGTERM or ctrl-C. (default: 4s)", valueName: "time"),
        transform: TimeSpan.init)
    var drain = TimeSpan(.seconds(4))

    @OptionGroup var form: OutputForm
    @OptionGroup var verbosity: Verbosity

    mutating func validate() throws {
        if let maximum, maximum < 1 { throw ValidationError("--max has to be at least 1") }
        if let idle, idle.duration <= .zero { throw ValidationError("--idle has to be more than nothing") }
        if timeout.duration <= .zero { throw ValidationError("--timeout has to be more than nothing") }
    }

    /// How much of everything there may be.
    var limits: Server.Limits {
        var limits = Server.Limits()
        if let maximum { limits.connections = maximum }
        return limits
    }

    /// Flags that have no meaning together, or with these targets.
    func check(_ targets: RelayTargets) throws(ToolFailure) {
        if !targets.all[0].isProxy {
            if access.auth != nil || access.authFile != nil {
                throw ToolFailure(.usage, "--auth is for the proxies socks and http: other clients can't be asked")
            }
            if access.allowPrivate || !access.allowTarget.isEmpty {
                throw ToolFailure(.usage, "--allow-private and --allow-target are for the proxies socks and http")
            }
        }
        if targets.carryDatagrams {
            if headerVersion != nil || !proxies.isEmpty {
                throw ToolFailure(.usage, "a PROXY header stands in front of a stream: datagrams have none")
            }
        } else if shaping.drop != nil {
            throw ToolFailure(.usage, "--drop loses datagrams: a stream that loses bytes is none")
        }
        try recording.check(isJSON: form.json)
    }
}

/// The flags that say who may use a relay.
struct AccessOptions: ParsableArguments {
    @OptionGroup var admission: AdmissionOptions

    // No transform: the parser would quote a secret that is malformed.
    @Option(help: ArgumentHelp("What clients of a proxy have to give.", valueName: "user:password"))
    var auth: String?

    @Option(help: ArgumentHelp("The same, from the first line of a file.", valueName: "file"))
    var authFile: String?

    @Flag(help: "A proxy leads to private addresses too, this machine's own among them.")
    var allowPrivate = false

    @Option(
        help: ArgumentHelp("A proxy leads into this network, private or not. Again for more.", valueName: "network"),
        transform: NetworkName.init)
    var allowTarget: [NetworkName] = []

    mutating func validate() throws {
        if auth != nil && authFile != nil { throw ValidationError("--auth and --auth-file say the same") }
    }
}

/// The flags about what happens to the bytes on their way.
struct ShapingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("So many bytes a second each way: 64K, 1.5M.", valueName: "bytes"),
        transform: ByteCount.init)
    var throttle: ByteCount?

    @Option(help: ArgumentHelp("Keep everything for so long.", valueName: "time"), transform: TimeSpan.init)
    var delay: TimeSpan?

    @Option(help: ArgumentHelp("Lose this part of the datagrams: 1%.", valueName: "part"), transform: Percentage.init)
    var drop: Percentage?

}

/// The flags about what is written down of what passes.
struct RecordingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write what passes to the end of a file, - for standard output.", valueName: "file"))
    var dump: String?

    @Flag(name: [.customShort("x"), .long], help: "Dump in hexadecimal: to standard output, unless --dump says where.")
    var hex = false

    @Option(
        help: ArgumentHelp(
            "Write what passes as packets (pcapng) to a file, which is emptied first; - for standard output.",
            valueName: "file"))
    var capture: String?

    @Option(
        help: ArgumentHelp("The most that a capture may grow to. (default: 1G)", valueName: "bytes"),
        transform: ByteCount.init)
    var captureLimit: ByteCount?

    /// Where to dump; nil for nowhere.
    var dumpPath: String? { dump ?? (hex ? "-" : nil) }

    /// Whether standard output shows what passes.
    var writesOutput: Bool { dumpPath == "-" || capture == "-" }

    /// Flags that have no meaning together.
    func check(isJSON: Bool) throws(ToolFailure) {
        if dumpPath == "-", capture == "-" {
            throw ToolFailure(.usage, "a dump and a capture don't both go to standard output: name a file for one")
        }
        if let dump, dump == capture {
            throw ToolFailure(.usage, "--dump and --capture both name \(dump.quoted): they need a file each")
        }
        if isJSON, writesOutput {
            throw ToolFailure(.usage, "--json has standard output for its events: name a file with --dump or --capture")
        }
        if captureLimit != nil, capture == nil {
            throw ToolFailure(.usage, "--capture-limit is the limit of --capture, which is missing")
        }
        if let captureLimit, captureLimit.bytes < PacketCapture.leastLimit.bytes {
            throw ToolFailure(.usage, "--capture-limit is 4K at least")
        }
    }
}
