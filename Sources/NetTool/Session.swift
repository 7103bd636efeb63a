// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// What a verb has of the outside: where its words go, and the machine it runs on.
package struct Session: Sendable {
    /// Takes one piece of text, or says why it can't.
    package typealias Writer = @Sendable (String) throws(Errno) -> Void

    /// Standard output: what was asked for, and nothing else.
    let output: Writer
    /// Standard error: everything that is said about it.
    let errors: Writer
    /// The machine.
    let machine: LocalMachine

    package init(output: @escaping Writer, errors: @escaping Writer, machine: LocalMachine) {
        self.output = output
        self.errors = errors
        self.machine = machine
    }

    /// This process, as its user sees it.
    static var process: Session {
        Session(
            output: { text throws(Errno) in try write(text, to: .standardOutput) },
            errors: { text throws(Errno) in try write(text, to: .standardError) }, machine: .this)
    }

    /// Unbuffered: whoever reads a pipe has each line as soon as it is known.
    private static func write(_ text: String, to descriptor: FileDescriptor) throws(Errno) {
        do { try descriptor.writeAll(text.utf8) } catch { throw error as? Errno ?? .ioError }
    }

    /// Writes a line to the output.
    ///
    /// - Throws: a failure that ends the verb. Where nobody reads any more it has no message: the usual end of a program in
    ///   front of `head` is SIGPIPE, which is as quiet.
    func print(_ line: String) throws(ToolFailure) {
        do throws(Errno) { try output(line + "\n") } catch {
            throw ToolFailure(.inputOutput, error == .brokenPipe ? nil : "standard output: \(error.words)")
        }
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
