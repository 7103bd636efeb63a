// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

extension SystemCalls {
    /// Locks an open file or directory against everybody else who asks; false where somebody has it.
    ///
    /// C: `flock(2)`.
    static func tryLock(_ descriptor: CInt) throws(Errno) -> Bool {
        do throws(Errno) {
            _ = try perform(.flock) { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            if error == .wouldBlock { return false }
            throw error
        }
    }

    /// What a symbolic link says, at most 4,096 bytes of it.
    ///
    /// C: `readlink(2)`.
    static func target(ofLink path: String) throws(Errno) -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = try perform(.readlink) { unsafe readlink(path, &bytes, bytes.count) }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
