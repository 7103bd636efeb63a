// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

extension Errno {
    /// The system's own sentence, as the middle of one of ours: `connection refused`.
    package var words: String {
        let sentence = description
        guard let first = sentence.first, sentence.dropFirst().first?.isLowercase == true else { return sentence }
        return first.lowercased() + sentence.dropFirst()
    }
}
