// SPDX-License-Identifier: Apache-2.0

/// Debian's Twisted (`python3-twisted`), which belongs to Debian's own interpreter, whatever else `PATH` has.
public enum Twisted {
    /// The interpreter that has it; nil where it is not installed.
    public static let python: String? = ["/usr/bin/python3", Python.executable].first { path in
        guard let program = try? ForeignProgram(path, ["-c", "import twisted; print('here')"]) else { return false }
        return (try? program.exit()) == .status(0)
    }

    /// Why a test that needs it is skipped.
    public static let absence = "Twisted is not installed: apt-get install python3-twisted"

    /// Runs a script.
    public static func run(_ script: String, _ arguments: String...) throws -> ForeignProgram {
        try ForeignProgram(python ?? "python3", ["-c", script] + arguments)
    }
}
