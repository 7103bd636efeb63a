// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// What `nt check` takes.
struct CheckOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("host:port, unix:/path, udp://host:port, a URL; with --ports a host.", valueName: "address"))
    var addresses: [String]

    @Option(help: ArgumentHelp("Try again and again, for this long.", valueName: "time"), transform: TimeSpan.init)
    var wait: TimeSpan?

    @Option(
        help: ArgumentHelp("With --wait, from one attempt to the next. (default: 250ms)", valueName: "time"),
        transform: TimeSpan.init)
    var every = TimeSpan(.milliseconds(250))

    @Option(
        help: ArgumentHelp("The most that one attempt may take. (default: 5s)", valueName: "time"),
        transform: TimeSpan.init)
    var timeout = TimeSpan(.seconds(5))

    @Flag(help: "Every address has to be open, or one is enough.")
    var need = Need.all

    @Option(
        help: ArgumentHelp("Which of these ports are open? Hosts of your own only.", valueName: "1-1024"),
        transform: PortSet.init)
    var ports: PortSet?

    @OptionGroup var form: OutputForm

    enum Need: String, EnumerableFlag {
        case all, any
    }

    mutating func validate() throws {
        if every.duration <= .zero { throw ValidationError("--every has to be more than nothing") }
        guard ports != nil else { return }
        if wait != nil { throw ValidationError("--ports looks once: leave out --wait") }
        if need == .any { throw ValidationError("--ports tells each port: leave out --any") }
        if addresses.count > 1 { throw ValidationError("--ports looks at one host at a time") }
    }
}
