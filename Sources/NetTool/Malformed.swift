// SPDX-License-Identifier: Apache-2.0

/// Why a word of a command line is not what was asked for, as the end of a sentence.
struct Malformed: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
