// SPDX-License-Identifier: Apache-2.0
import Reactor

/// What a client is served by.
enum ListenHandler: Hashable, Sendable {
    case echo, time, discard, log, sink, chat
    /// The files of a directory.
    case files(String)
    case greet(String)
    /// A program and its arguments, started for each client.
    case exec([String])
    /// Standard input and output: whoever sits here is the handler.
    case stdio

    /// Reads the handler from the words behind the addresses; ``stdio`` for none.
    ///
    /// - Parameter command: the words behind `--`.
    /// - Throws: a failure for words that a handler has no use for, or lacks.
    static func read(_ words: ArraySlice<String>, command: [String]) throws(ToolFailure) -> ListenHandler {
        guard let name = words.first else {
            if let word = command.first { throw ToolFailure(.usage, "\(word.quoted) stands behind --: say exec first") }
            return .stdio
        }
        let arguments = Array(words.dropFirst())
        if name == "exec" {
            if arguments.isEmpty && command.isEmpty {
                throw ToolFailure(.usage, "exec takes a program and its arguments: exec cat, exec -- grep -i x")
            }
            return .exec(arguments + command)
        }
        if let word = command.first { throw ToolFailure(.usage, "\(name) takes no command, and \(word.quoted) is one") }
        if name == "greet" {
            guard arguments.count == 1, let text = arguments.first else {
                throw ToolFailure(.usage, "greet takes one text: write several words in quotes")
            }
            return .greet(text)
        }
        if name == "files" {
            // Nobody is to give away where they happen to be by leaving out a word.
            guard arguments.count == 1, let directory = arguments.first else {
                throw ToolFailure(.usage, "files takes one directory: files . for this one")
            }
            return .files(directory)
        }
        if let word = arguments.first { throw ToolFailure(.usage, "\(name) takes no \(word.quoted)") }
        return plain[name] ?? .stdio
    }

    /// Whether a word names a handler.
    static func isName(_ word: String) -> Bool { names.contains(word) }

    /// Their names, in the help page's order.
    static let names = ["echo", "time", "greet", "discard", "log", "sink", "chat", "files", "exec", "stdio"]

    private static let plain: [String: ListenHandler] = [
        "echo": .echo, "time": .time, "discard": .discard, "log": .log, "sink": .sink, "chat": .chat, "stdio": .stdio,
    ]

    /// Whether it counts lines, not bytes.
    var speaksLines: Bool {
        switch self {
        case .time, .log, .chat: true
        case .echo, .discard, .greet, .sink, .files, .exec, .stdio: false
        }
    }

    /// Whether it tells on standard output what clients say.
    var printsLines: Bool {
        if case .files = self { true } else { self == .log }
    }

    /// The most clients at a time unless somebody says another number.
    var usualMaximum: Int {
        if case .exec = self { Server.Limits.programs } else { Server.Limits().connections }
    }

    /// How many descriptors a client takes at most.
    var descriptors: Int { if case .exec = self { 1 + Server.Limits.descriptorsOfProgram } else { 1 } }

    /// What a stranger could make of it, where that has to be allowed by name; nil for what only answers.
    var hazard: String? {
        if case .exec(let words) = self { "runs \(words.first ?? "")" } else { nil }
    }

    /// Why it can't serve datagrams; nil if it can.
    var datagramObstacle: String? {
        switch self {
        case .exec: "exec needs a stream: a datagram has no end that a program could read to"
        case .chat, .files: "chat and files need a stream"
        default: nil
        }
    }
}
