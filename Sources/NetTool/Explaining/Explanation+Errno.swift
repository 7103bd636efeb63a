// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

extension Explanation {
    /// An error of the system: its name, number and sentence, and for those of networks what is behind it.
    init(_ error: Errno) {
        let name = error.name ?? "\(error.rawValue)"
        let advice = ErrnoAdvice.of(name)
        self.init(
            subject: name, kind: .errno, summary: "errno \(error.rawValue): \(error.words)",
            details: advice.map { ["usually: \($0.cause)", "what to do: \($0.remedy)"] } ?? [],
            facts: [
                .init("errno", JSONValue(error.rawValue)), .init("name", .string(name)),
                .init("message", .string(error.words)), .init("cause", JSONValue(advice?.cause)),
                .init("remedy", JSONValue(advice?.remedy)),
            ])
    }
}
