// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// Another program, run to its end, as something to compare with.
public enum Command {
    /// Why a program gave no answer.
    public struct Failure: Error, CustomStringConvertible {
        /// Which program, and what it said.
        public let description: String
    }

    /// What the program wrote to its standard output. It is started by the calling thread, whose network it shares, with
    /// `input` as its standard input.
    ///
    /// - Throws: ``Failure`` if it can't be started or ends with another code than 0.
    public static func run(_ words: String..., input: Int32? = nil) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = input.map { FileHandle(fileDescriptor: $0) } ?? .nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(words.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
        return answer
    }
}
