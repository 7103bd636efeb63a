// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Sockets

/// `nt interfaces`: what networks this machine is on.
struct Interfaces: Verb {
    static let configuration = CommandConfiguration(
        commandName: "interfaces",
        abstract: "List the network interfaces of this machine.",
        discussion: """
            Each with its state, its number, the longest packet it carries (MTU), its hardware address, its addresses, the \
            default routes that leave by it, and the multicast groups that were joined on it.
            """)

    @OptionGroup var options: InterfaceOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try options.list(in: session)
    }
}

/// `nt if`, another name for `nt interfaces`.
struct InterfacesInShort: Verb {
    static let configuration = CommandConfiguration(
        commandName: "if", abstract: "nt interfaces, in short.", shouldDisplay: false)

    @OptionGroup var options: InterfaceOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try options.list(in: session)
    }
}

/// What `nt interfaces` takes.
struct InterfaceOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Only these interfaces; all without a name.", valueName: "name"))
    var names: [String] = []

    @OptionGroup var form: OutputForm

    func list(in session: Session) throws(ToolFailure) -> ExitStatus {
        let report = Report(session, isJSON: form.json)
        let cards = try session.machine.cards()
        let unknown = names.filter { name in !cards.contains { $0.interface.name == name } }
        for name in unknown {
            try report.fail("\(name.quoted) is no interface of this machine", status: .badData, about: name)
        }
        let shown = cards.filter { names.isEmpty || names.contains($0.interface.name) }
        for card in shown {
            try report.write(card.text, event: "interface", card.members)
        }
        let status: ExitStatus = unknown.isEmpty ? .success : .badData
        try report.end(status, [.init("interfaces", JSONValue(shown.count))])
        return status
    }
}
