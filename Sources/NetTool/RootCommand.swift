// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Sockets

/// `nt` without a verb.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nt",
        abstract: "Networks at a terminal.",
        discussion: """
            Pages: \(HelpTopic.allCases.map { "nt help \($0.rawValue)" }.joined(separator: ", ")).
            """,
        version: Version.text,
        subcommands: verbs)

    private static let verbs: [any Verb.Type] = [
        Bench.self, Check.self, Connect.self, Explain.self, Interfaces.self, InterfacesInShort.self, Listen.self,
        Netcat.self, Relay.self, Wait.self,
    ]

    /// The verb of this name.
    static func verb(named name: String?) -> (any Verb.Type)? {
        verbs.first { $0.configuration.commandName == name }
    }

    /// The names of the verbs that are shown; the hidden ones are other names for these.
    static var verbNames: [String] {
        verbs.compactMap { $0.configuration.shouldDisplay ? $0.configuration.commandName : nil }
    }

    /// Ends the process at once, whatever is under way. The programs that it has started are killed: each has a process
    /// group of its own, which ctrl-C at the terminal does not reach.
    static func leave(with code: Int32) -> Never {
        ChildGroups.shared.endAll()
        exit(withError: ExitCode(code))
    }
}
