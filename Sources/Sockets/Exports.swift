// SPDX-License-Identifier: Apache-2.0

// `Errno`, `FileDescriptor` and `FilePath` are the words of this module's own API: whoever imports it has them.
@_exported public import SystemPackage
