// SPDX-License-Identifier: Apache-2.0
@preconcurrency import Glibc
import Sockets

/// A program of this folder: what each would otherwise begin and end with, so that a page shows nothing but sockets.
///
/// It takes plain arguments that all have defaults, explains itself when it is asked for `--help`, shows each line of
/// its output at once, and says in one line what went wrong.
public protocol Program {
    /// What it does, in a sentence or two.
    static var about: String { get }
    /// Its arguments in their order, each with its default.
    static var parameters: KeyValuePairs<String, String> { get }

    init()

    /// Does the work.
    ///
    /// - Parameter arguments: one for each parameter, given or default.
    func run(_ arguments: [String]) throws
}

extension Program {
    /// Runs the program and ends the process: with status 0, 1 after an error, 64 where the arguments make no sense.
    public static func main() {
        SystemCalls.fillStandardDescriptors()  // or a socket would be where a closed standard output was
        setvbuf(stdout, nil, _IOLBF, 0)
        let given = Array(CommandLine.arguments.dropFirst())
        if given.contains("--help") || given.contains("-h") { return print(usage) }
        if given.count > parameters.count || given.contains(where: { $0.hasPrefix("-") }) {
            complain(usage)
            exit(EX_USAGE)
        }
        do {
            try Self().run(given + parameters.dropFirst(given.count).map(\.value))
        } catch {
            complain("\(name): \(error)")
            exit(EXIT_FAILURE)
        }
    }

    private static var name: String { CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "" }

    private static var usage: String {
        let words = parameters.map { " [\($0.key)]" }.joined()
        let defaults = parameters.map { "\n  \($0.key) is \($0.value) if it is not given" }.joined()
        return "usage: \(name)\(words)\n\(about)\(defaults)"
    }

    private static func complain(_ text: String) { fputs("\(text)\n", stderr) }
}

/// An argument that makes no sense.
public struct ArgumentError: Error, CustomStringConvertible {
    /// One line that quotes it.
    public let description: String

    /// An error that says this.
    public init(description: String) { self.description = description }
}

extension Int {
    /// A whole number that was given as an argument.
    public init(argument text: String, in range: ClosedRange<Int>) throws(ArgumentError) {
        guard let number = Int(text), range ~= number else {
            throw ArgumentError(
                description: "\"\(text)\" is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        self = number
    }
}
