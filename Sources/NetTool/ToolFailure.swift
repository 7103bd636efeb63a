// SPDX-License-Identifier: Apache-2.0

/// Why a verb ended: the status of the process, and the line that standard error gets.
package struct ToolFailure: Error, Hashable, Sendable {
    /// How the process ends.
    package let status: ExitStatus
    /// One line without `nt:` in front; nil where there is nobody left to tell.
    package let message: String?

    init(_ status: ExitStatus, _ message: String?) {
        self.status = status
        self.message = message
    }
}
