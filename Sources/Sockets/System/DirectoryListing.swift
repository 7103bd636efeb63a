// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// A file's name in a directory, and what kind of file it is.
public struct DirectoryEntry: Hashable, Sendable {
    /// The name as the file system has it: any bytes but `/` and NUL.
    public let bytes: [UInt8]
    /// Nil where the file system does not tell: ask for the file's status.
    public let kind: FileStatus.Kind?

    /// The name for people; bytes that are no UTF-8 are repaired, so that it may name no file.
    public var name: String { String(decoding: bytes, as: UTF8.self) }

    /// An entry.
    public init(bytes: [UInt8], kind: FileStatus.Kind?) {
        self.bytes = bytes
        self.kind = kind
    }
}

extension SystemCalls {
    /// The entries of an open directory but `.` and `..`, in the file system's order, and whether these are all.
    ///
    /// - Parameter maximum: no more than these are read.
    ///
    /// C: `getdents64(2)`.
    package static func entries(
        of directory: CInt, maximum: Int
    ) throws(Errno) -> (entries: [DirectoryEntry], isComplete: Bool) {
        _ = try perform(.getdents) { lseek(directory, 0, SEEK_SET) }
        var entries: [DirectoryEntry] = []
        var page = [UInt8](repeating: 0, count: 1 << 15)
        while true {
            let count = try perform(.getdents) { unsafe getdents64(directory, &page, page.count) }
            if count == 0 { return (entries, true) }
            var rest = page[..<min(count, page.count)]
            while let entry = nextEntry(in: &rest) {
                if entry.bytes == Array(".".utf8) || entry.bytes == Array("..".utf8) { continue }
                if entries.count >= maximum { return (entries, false) }
                entries.append(entry)
            }
        }
    }

    /// A record is inode (8 bytes), offset (8), length of the record (2), kind (1), name, NUL.
    private static func nextEntry(in page: inout ArraySlice<UInt8>) -> DirectoryEntry? {
        let header = Array(page.prefix(19))
        guard header.count == 19 else { return nil }
        let length = Int(unsafe header.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: 16, as: UInt16.self) })
        guard length > 19, length <= page.count else { return nil }
        let name = Array(page.dropFirst(19).prefix(length - 19).prefix { $0 != 0 })
        page = page.dropFirst(length)
        return DirectoryEntry(bytes: name, kind: header[18] == 0 ? nil : FileStatus.Kind(entryKind: header[18]))
    }
}
