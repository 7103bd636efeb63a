// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Sockets

/// The command `nt`.
///
/// The verbs take what they need of the outside from a ``Session``, so that a test can run them in its own process and
/// look at what they wrote.
public enum NetTool {
    /// Runs the command line of this process and exits with its status.
    public static func main() -> Never {
        SystemCalls.fillStandardDescriptors()
        // Called by a link of that name it is that program.
        let front = CommandLine.arguments.first.map(Netcat.isCalled) == true ? ["nc"] : []
        let status = run(front + CommandLine.arguments.dropFirst(), in: .process)
        RootCommand.exit(withError: ExitCode(status.rawValue))
    }

    /// Runs one command line, the program's name not among its words. Failures are told on the session's `errors`.
    package static func run(_ arguments: [String], in session: Session) -> ExitStatus {
        do throws(ToolFailure) {
            if let page = try HelpTopic.page(for: arguments) {
                try session.print(page)
                return .success
            }
            return try perform(arguments, in: session)
        } catch {
            session.complain(error)
            return error.status
        }
    }

    private static func perform(_ arguments: [String], in session: Session) throws(ToolFailure) -> ExitStatus {
        let verb = RootCommand.verb(named: arguments.first)
        if verb == nil, let word = arguments.first, !word.hasPrefix("-"), word != "help" { throw unknown(word) }
        let split = verb?.takesCommand == true ? arguments.firstIndex(of: "--") : nil
        var session = session
        session.command = split.map { Array(arguments[($0 + 1)...]) } ?? []
        session.words = Array(arguments[..<(split ?? arguments.endIndex)])
        if split != nil, session.command.isEmpty {
            throw ToolFailure(.usage, "a command is missing behind -- (see '\(name(of: verb)) --help')")
        }
        return try parse(Array(arguments[..<(split ?? arguments.endIndex)]), for: verb, in: session)
    }

    private static func parse(
        _ words: [String], for verb: (any Verb.Type)?, in session: Session
    ) throws(ToolFailure) -> ExitStatus {
        do {
            var command = try RootCommand.parseAsRoot(words)
            if var verb = command as? any Verb { return try verb.run(in: session) }
            try command.run()
            return .success
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            // The parser speaks through errors: a help page is one, and so is a completion script.
            let message = RootCommand.message(for: error)
            if RootCommand.exitCode(for: error) == .success {
                try session.print(message)
                return .success
            }
            let sentence = message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            throw ToolFailure(.usage, "\(sentence) (see '\(name(of: verb)) --help')")
        }
    }

    private static func name(of verb: (any Verb.Type)?) -> String {
        ["nt", verb?.configuration.commandName].compactMap(\.self).joined(separator: " ")
    }

    private static func unknown(_ word: String) -> ToolFailure {
        let names = RootCommand.verbNames.joined(separator: ", ")
        return ToolFailure(.usage, "\(word.quoted) is no verb of nt: there are \(names) (see 'nt --help')")
    }
}
