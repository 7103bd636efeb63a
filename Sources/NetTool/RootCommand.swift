// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

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

    private static let verbs: [any Verb.Type] = [Explain.self]

    /// The names of the verbs; hidden ones are other names for one of the shown.
    static var verbNames: (shown: [String], hidden: [String]) {
        var names: (shown: [String], hidden: [String]) = ([], [])
        for verb in verbs {
            guard let name = verb.configuration.commandName else { continue }
            if verb.configuration.shouldDisplay { names.shown.append(name) } else { names.hidden.append(name) }
        }
        return names
    }
}
