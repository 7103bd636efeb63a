// SPDX-License-Identifier: Apache-2.0

/// Another program, run to its end, as something to compare with.
public enum Command {
    /// Why a program gave no answer.
    public struct Failure: Error, CustomStringConvertible {
        /// Which program, how it ended and what it complained about.
        public let description: String
    }

    /// What the program wrote to its standard output. It is started by the calling thread, whose network it shares, and
    /// reads `input`.
    ///
    /// - Throws: ``Failure`` if it ends in any way but with code 0; ``ForeignProgram/Failure`` if it can't be started.
    public static func run(_ words: [String], input: String = "") throws -> String {
        let program = try ForeignProgram(words.first ?? "", Array(words.dropFirst()))
        program.limit = .seconds(120)
        try program.write(input)
        try program.closeInput()
        let end = try program.exit()
        guard end == .status(0) else {
            throw Failure(description: "\(words.joined(separator: " ")) ended with \(end): \(program.errors)")
        }
        return program.output
    }
}
