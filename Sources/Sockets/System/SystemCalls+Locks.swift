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
    static func target(ofLink path: some Collection<UInt8>) throws(Errno) -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = try unsafe withPath(path) { path throws(Errno) in
            try perform(.readlink) { unsafe readlink(path, &bytes, bytes.count) }
        }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Makes a symbolic link, at one stroke. `EEXIST` when there is something at the path.
    ///
    /// C: `symlink(2)`.
    static func makeLink(to target: String, at path: some Collection<UInt8>) throws(Errno) {
        try unsafe withPath(path) { path throws(Errno) in
            _ = try perform(.symlink) { unsafe symlink(target, path) }
        }
    }

    /// Whether there is a process of this number, whosever it is; one that has ended and that nobody has asked about
    /// counts.
    ///
    /// C: `kill(2)` with signal 0.
    static func isThere(_ process: CInt) -> Bool {
        // 0 and less would mean groups, and everybody.
        guard process > 0 else { return false }
        do throws(Errno) {
            _ = try perform(.kill) { kill(process, 0) }
            return true
        } catch { return error != .noSuchProcess }
    }
}
