// SPDX-License-Identifier: Apache-2.0

/// What keeps a framer dead once its peer has broken the rule.
struct FirstViolation: Sendable {
    private var error: FramingError?

    /// - Throws: the violation, if there has been one.
    func check() throws(FramingError) {
        if let error { throw error }
    }

    /// Remembers a violation, and returns the error to throw.
    mutating func record(_ framing: String, _ reason: FramingError.Reason) -> FramingError {
        let first = error ?? FramingError(framing, reason)
        error = first
        return first
    }
}
