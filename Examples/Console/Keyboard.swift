// SPDX-License-Identifier: Apache-2.0
import Glibc
import Sockets
import SystemPackage

/// The user: asks, and reads the answer. Python's `input`, which ctrl-C ends as well.
public final class Keyboard {
    private let ctrlC: CtrlC
    /// What was typed and not asked for yet.
    private var typed: [UInt8] = []
    private var hasEnded = false

    /// Reads standard input.
    public init(_ ctrlC: CtrlC) { self.ctrlC = ctrlC }

    /// Shows the question and waits for a line; nil at the end of the input, or after ctrl-C.
    public func ask(_ question: String) throws -> String? {
        print(question, terminator: "")
        fflush(nil)
        while true {
            if let end = typed.firstIndex(of: UInt8(ascii: "\n")) {
                defer { typed.removeFirst(end + 1) }
                return String(decoding: typed[..<end], as: UTF8.self)
            }
            if try hasEnded || !readMore() { break }
        }
        print()
        defer { typed = [] }
        return typed.isEmpty ? nil : String(decoding: typed, as: UTF8.self)
    }

    /// The same for an answer that has to make sense: asks again, saying why, until it does.
    public func ask<Answer>(_ question: String, for read: (String) throws -> Answer) throws -> Answer? {
        while let text = try ask(question) {
            do { return try read(text) } catch { print(error) }
        }
        return nil
    }

    private func readMore() throws -> Bool {
        if try ctrlC.comes(before: FileDescriptor.standardInput) { return false }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = try buffer.withUnsafeMutableBytes { try FileDescriptor.standardInput.read(into: $0) }
        typed += buffer[..<count]
        hasEnded = count == 0
        return !hasEnded
    }
}
