// SPDX-License-Identifier: Apache-2.0
import Testing

/// A place in the repository where a rule is broken.
struct Violation: CustomStringConvertible, Equatable {
    var path: String
    /// Counted from 1; nil when the whole file is meant.
    var line: Int?
    var message: String

    init(_ file: SourceFile, line: Int? = nil, _ message: String) {
        self.init(path: file.path, line: line, message)
    }

    init(path: String, line: Int? = nil, _ message: String) {
        (self.path, self.line, self.message) = (path, line, message)
    }

    var description: String { line.map { "\(path):\($0): \(message)" } ?? "\(path): \(message)" }
}

/// Fails the running test once for every violation, so that one run shows them all.
func expectNone(_ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
    for violation in violations {
        Issue.record("\(violation)", sourceLocation: sourceLocation)
    }
}
