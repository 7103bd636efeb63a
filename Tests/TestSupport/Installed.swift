// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Which of the programs that tests talk with are on this machine. A test whose program is missing is skipped, and says
/// so:
///
/// ```swift
/// @Test(.enabled(if: Installed.has("ncat"), "NOT tested: ncat is not installed"))
/// func `ncat is served`() throws { … }
/// ```
public enum Installed {
    /// Whether `PATH` leads to each of these.
    public static func has(_ names: String...) -> Bool {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return names.allSatisfy { name in
            directories.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        }
    }
}
