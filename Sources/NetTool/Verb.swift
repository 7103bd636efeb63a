// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A subcommand of `nt`, one file each.
protocol Verb: ParsableCommand {
    /// Does the work. What was asked for goes to the session's output, all talk to its errors.
    ///
    /// - Returns: how the process ends, after failures that were told one by one.
    /// - Throws: the failure that ended the work.
    mutating func run(in session: Session) throws(ToolFailure) -> ExitStatus
}
