// SPDX-License-Identifier: Apache-2.0

/// `host:port`, taken apart at the right colon but not yet understood. RFC 3986 §3.2.2 and §3.2.3.
struct Authority {
    /// What stands before the port, without brackets.
    var host: Substring
    /// Whether the host stood in brackets, which makes it an IPv6 address.
    var isBracketed: Bool
    /// What stands behind the colon, nil without a colon.
    var port: Substring?

    init(_ text: Substring) throws(AddressError.Reason) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .unbalancedBracket }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .unbalancedBracket }
            host = text[text.index(after: text.startIndex)..<end]
            isBracketed = true
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 1 || !parts[1].contains(":" as Character) else { throw .bracketsMissing }
            host = parts[0]
            isBracketed = false
            port = parts.count == 2 ? parts[1] : nil
        }
    }

    /// The port, or the scheme's own.
    func port(default: Port?) throws(AddressError.Reason) -> Port {
        guard let port else {
            guard let `default` else { throw .portMissing }
            return `default`
        }
        guard !port.isEmpty else { throw .portMissing }
        return Port(rawValue: try Port.parse(port))
    }
}
