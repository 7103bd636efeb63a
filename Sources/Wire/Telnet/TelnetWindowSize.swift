// SPDX-License-Identifier: Apache-2.0

/// How large a terminal is, as a subnegotiation of ``TelnetOption/windowSize`` tells it.
///
/// RFC 1073.
public struct TelnetWindowSize: Hashable, Sendable {
    /// In characters; 0 is unknown.
    public let columns, rows: UInt16

    /// A size.
    public init(columns: UInt16, rows: UInt16) {
        self.columns = columns
        self.rows = rows
    }

    /// Reads what a peer has said; nil for what is no size.
    public init?(_ content: [UInt8]) {
        guard content.count == 4 else { return nil }
        columns = UInt16(content[0]) << 8 | UInt16(content[1])
        rows = UInt16(content[2]) << 8 | UInt16(content[3])
    }

    /// What is said.
    public var content: [UInt8] {
        [columns, rows].flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }
}
