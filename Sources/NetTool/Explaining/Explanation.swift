// SPDX-License-Identifier: Apache-2.0

/// What there is to say about one text, for people and for programs.
struct Explanation: Hashable, Sendable {
    /// What a text can turn out to be.
    enum Kind: String, Hashable, Sendable {
        case address, network, port, errno, endpoint, family, kind, `protocol`
    }

    /// The text in its canonical form.
    let subject: String
    let kind: Kind
    /// The first line, behind the subject.
    let summary: String
    /// Further lines.
    var details: [String] = []
    /// The same for programs.
    let facts: [JSONValue.Member]
    /// What it is made of, each explained by itself.
    var parts: [Explanation] = []

    /// The lines for people.
    var text: String {
        let inner = parts.flatMap { $0.text.split(separator: "\n").map(String.init) }
        return (["\(subject)   \(summary)"] + (details + inner).map { "  \($0)" }).joined(separator: "\n")
    }

    /// The members for programs.
    var members: [JSONValue.Member] {
        let all = [.init("kind", .string(kind.rawValue)), .init("text", .string(subject))] + facts
        return parts.isEmpty ? all : all + [.init("parts", .array(parts.map { .object($0.members) }))]
    }
}

/// Why a text can't be explained: what it was taken for, and why it is not that.
struct Inexplicable: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
