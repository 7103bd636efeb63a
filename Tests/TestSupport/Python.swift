// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// The `python3` of this machine, as an oracle that tests compare with.
public enum Python {
    /// Why a script gave no answer.
    public struct Failure: Error, CustomStringConvertible {
        /// What the script wrote to its standard error, and its exit code.
        public let description: String
    }

    /// The interpreter itself: what `PATH` has may be a script that looks for it first, at every start.
    public static let executable: String = {
        let program = try? ForeignProgram("python3", ["-c", "import sys; print(sys.executable)"])
        return (try? program?.line()) ?? "python3"
    }()

    /// Runs the script at `script` with `input` on its standard input, and gives what it wrote to its standard output.
    ///
    /// - Throws: ``Failure`` if it can't be started or ends with another code than 0.
    public static func run(script: URL, input: String) throws -> String {
        let directory = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        // Files and no pipes: nothing can block, however much is written on either side.
        let files = ["in", "out", "err"].map { directory.appending(path: $0) }
        try Data(input.utf8).write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [executable, script.path]
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let complaint = String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
            throw Failure(description: "python3 ended with \(process.terminationStatus): \(complaint)")
        }
        return String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
    }
}
