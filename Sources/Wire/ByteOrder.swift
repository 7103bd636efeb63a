// SPDX-License-Identifier: Apache-2.0

/// Which byte of an integer comes first.
public enum ByteOrder: Hashable, Sendable {
    /// The most significant one: network byte order, RFC 1700.
    case bigEndian
    /// The least significant one.
    case littleEndian
}

extension FixedWidthInteger {
    /// This integer with its bytes in `order` where the machine has them in its own, and the other way round.
    @inlinable
    func reordered(_ order: ByteOrder) -> Self {
        switch order {
        case .bigEndian: bigEndian
        case .littleEndian: littleEndian
        }
    }
}
