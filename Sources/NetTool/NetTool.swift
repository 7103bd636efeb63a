// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The command `nt`.
///
/// The verbs take what they need of the outside from a ``Session``, so that a test can run them in its own process and
/// look at what they wrote.
public enum NetTool {
    /// Runs the command line of this process and exits with its status.
    public static func main() -> Never {
        let status = run(Array(CommandLine.arguments.dropFirst()), in: .process)
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
        do {
            var command = try RootCommand.parseAsRoot(arguments)
            if var verb = command as? any Verb { return try verb.run(in: session) }
            try command.run()
            return .success
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            // The parser speaks through errors: a help page is one, and so is a completion script.
            let message = RootCommand.message(for: error)
            guard RootCommand.exitCode(for: error) == .success else {
                throw ToolFailure(.usage, usageMessage(message, for: arguments))
            }
            try session.print(message)
            return .success
        }
    }

    /// The parser's message in one line, with the way to the page that helps.
    private static func usageMessage(_ message: String, for arguments: [String]) -> String {
        let names = RootCommand.verbNames
        let verb = (names.shown + names.hidden).first { $0 == arguments.first }.map { "nt \($0)" } ?? "nt"
        let sentence = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return "\(sentence) (see '\(verb) --help')"
    }
}
