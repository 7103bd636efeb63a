// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// The `python3` of this machine, as an oracle that tests compare with.
public enum Python {
    /// The interpreter itself: what `PATH` has may be a script that looks for it first, at every start.
    public static let executable: String = {
        let program = try? ForeignProgram("python3", ["-c", "import sys; print(sys.executable)"])
        return (try? program?.line()) ?? "python3"
    }()

    /// Runs the script at `script` with `input` on its standard input, and gives what it wrote to its standard output.
    ///
    /// - Throws: ``Command/Failure`` if it ends with another code than 0.
    public static func run(script: URL, input: String) throws -> String {
        try Command.run([executable, script.path], input: input)
    }
}
