// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The most bytes of an interface's name, without the NUL that ends it in C.
let maximumInterfaceNameLength = Int(IF_NAMESIZE) - 1

/// The index of the interface with this name, or nil if there is none.
///
/// C: `if_nametoindex(3)`.
package func interfaceIndex(named name: [UInt8]) -> UInt32? {
    guard 1...maximumInterfaceNameLength ~= name.count, !name.contains(0) else { return nil }
    return try? SystemCalls.interfaceIndex(of: String(decoding: name, as: UTF8.self))
}

/// The name of the interface with this index, or nil if there is none.
///
/// C: `if_indextoname(3)`.
package func interfaceName(at index: UInt32) -> String? {
    try? SystemCalls.interfaceName(of: index)
}
