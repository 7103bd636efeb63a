// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// Whatever has a descriptor that can be waited for: a ``Socket``, a ``SharedSocket``, a `FileDescriptor`, a number.
public protocol Selectable: ~Copyable {
    /// The descriptor.
    var descriptor: FileDescriptor { get }
}

extension Socket: Selectable {}

extension FileDescriptor: Selectable {
    /// Itself.
    public var descriptor: FileDescriptor { self }
}

extension CInt: Selectable {
    /// The descriptor with this number.
    public var descriptor: FileDescriptor { FileDescriptor(rawValue: self) }
}
