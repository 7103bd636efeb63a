// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Sockets

/// Ports as they are written on a command line: `80`, `1-1024`, `22,80,8000-8100`.
struct PortSet: Hashable, Sendable {
    /// The ports in the order of their numbers, each once.
    let ports: [Port]

    /// - Throws: which part is no port, or runs backwards.
    init(_ text: String) throws(AddressError) {
        var numbers: Set<UInt16> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let first = try Port(bounds[0])
            let last = bounds.count == 2 ? try Port(bounds[1]) : first
            guard first <= last else { throw AddressError(part, .port, .notARange) }
            numbers.formUnion(first.rawValue...last.rawValue)
        }
        ports = numbers.sorted().map(Port.init(rawValue:))
    }
}
