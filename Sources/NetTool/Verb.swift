// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A subcommand of `nt`, one file each.
protocol Verb: ParsableCommand {
    /// Whether what stands behind `--` is a command to run, which the session then has, and not more arguments.
    static var takesCommand: Bool { get }

    /// Does the work. What was asked for goes to the session's output, all talk to its errors.
    ///
    /// - Returns: how the process ends, after failures that were told one by one.
    /// - Throws: the failure that ended the work.
    mutating func run(in session: Session) throws(ToolFailure) -> ExitStatus
}

extension Verb {
    static var takesCommand: Bool { false }
}
