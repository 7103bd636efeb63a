// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

/// Reads what the kernel tells in a file that it makes up at each read, as under `/proc`: such files say that they are
/// empty, and are read to their end.
///
/// - Parameter maximum: the most bytes that are taken; only the tables of sockets are ever longer than the default.
/// - Throws: what the system says; `.fileTooLarge` for more than that.
///
/// C: `proc(5)`.
package func kernelText(at path: FilePath, maximum: Int = 1 << 20) throws(Errno) -> String {
    var text: [UInt8] = []
    var page = [UInt8](repeating: 0, count: 16_384)
    do {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        try file.closeAfter {
            while true {
                let count = try unsafe page.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return }
                text += page[..<count]
                if text.count > maximum { throw Errno.fileTooLarge }
            }
        }
    } catch {
        throw error as? Errno ?? .ioError
    }
    return String(decoding: text, as: UTF8.self)
}
