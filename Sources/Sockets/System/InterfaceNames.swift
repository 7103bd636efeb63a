// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The most bytes of an interface's name, without the NUL that ends it in C.
let maximumInterfaceNameLength = Int(IF_NAMESIZE) - 1

/// The index of the interface with this name, or nil if there is none.
///
/// C: `if_nametoindex(3)`.
package func interfaceIndex(named name: [UInt8]) -> UInt32? {
    guard 1...maximumInterfaceNameLength ~= name.count, !name.contains(0) else { return nil }
    let index = unsafe (name.map(CChar.init(bitPattern:)) + [0]).withUnsafeBufferPointer { name in
        unsafe if_nametoindex(name.baseAddress)
    }
    return index == 0 ? nil : index
}

/// The name of the interface with this index, or nil if there is none.
///
/// C: `if_indextoname(3)`.
package func interfaceName(at index: UInt32) -> String? {
    let name = unsafe [CChar](unsafeUninitializedCapacity: Int(IF_NAMESIZE)) { buffer, count in
        guard let start = buffer.baseAddress, unsafe if_indextoname(index, start) != nil else { return }
        count = unsafe strnlen(start, Int(IF_NAMESIZE))
    }
    return name.isEmpty ? nil : String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
