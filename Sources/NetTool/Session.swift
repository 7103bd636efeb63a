// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// What a verb has of the outside: where its words go, and the machine it runs on.
package struct Session: Sendable {
    /// Takes a piece of text, or throws what ends the verb.
    package typealias Writer = @Sendable (String) throws(ToolFailure) -> Void

    /// Standard output: what was asked for, and nothing else.
    let output: Writer
    /// Standard error: everything that is said about it.
    let errors: Writer
    /// The machine.
    let machine: LocalMachine
    /// The words behind `--`, for verbs that take a command.
    var command: [String] = []
    /// The words of the command line, for verbs that go by the order of their options.
    var words: [String] = []

    package init(output: @escaping Writer, errors: @escaping Writer, machine: LocalMachine) {
        self.output = output
        self.errors = errors
        self.machine = machine
    }

    /// This process, as its user sees it.
    static var process: Session {
        Session(
            output: { text throws(ToolFailure) in try write(text, to: .standardOutput, named: "standard output") },
            errors: { text throws(ToolFailure) in try write(text, to: .standardError, named: "standard error") },
            machine: .this)
    }

    /// Unbuffered: whoever reads a pipe has each line as soon as it is known.
    ///
    /// A reader that has gone away is no failure to tell: SIGPIPE ends the process as quietly, unless it is ignored.
    private static func write(_ text: String, to descriptor: FileDescriptor, named name: String) throws(ToolFailure) {
        do { try descriptor.writeAll(text.utf8) } catch {
            let error = error as? Errno ?? .ioError
            throw ToolFailure(.inputOutput, error == .brokenPipe ? nil : "\(name): \(error.words)")
        }
    }

    /// Writes a line to the output.
    ///
    /// - Throws: a failure that ends the verb.
    func print(_ line: String) throws(ToolFailure) {
        try output(line + "\n")
    }

    /// Writes a line to the errors. That nobody reads them is no reason to stop.
    func remark(_ line: String) {
        try? errors(line + "\n")
    }

    /// Tells a failure: one line that begins with `nt:`.
    func complain(_ message: String) {
        remark("nt: \(message)")
    }

    func complain(_ failure: ToolFailure) {
        if let message = failure.message { complain(message) }
    }
}
