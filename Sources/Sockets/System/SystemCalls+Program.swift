// SPDX-License-Identifier: Apache-2.0
import Glibc
package import SystemPackage

extension SystemCalls {
    /// Replaces this process' program by another one, found in `PATH` if its name has no slash. Environment, working
    /// directory and inheritable descriptors stay; all threads but the caller's end with the old program.
    ///
    /// - Returns: never, unless it throws.
    /// - Precondition: `words` holds at least the program's name.
    ///
    /// C: `execvp(3)`.
    package static func replaceProgram(with words: [String]) throws(Errno) {
        guard words.allSatisfy({ !$0.utf8.contains(0) }) else { throw .invalidArgument }
        precondition(!words.isEmpty, "a program's name is needed")
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        guard let file = unsafe arguments[0] else { throw .noMemory }
        _ = try perform(.exec) { unsafe execvp(file, &arguments) }
    }

    /// Looks whether a program could be started, where ``replaceProgram(with:)`` and a spawn look for it. Whether it
    /// is one that this machine can run only its start tells.
    ///
    /// - Throws: `ENOENT` for one that is nowhere, `EACCES` for what may not be run, or is a directory.
    ///
    /// C: `faccessat(2)` with `X_OK`.
    package static func checkProgram(_ name: String) throws(Errno) {
        if name.isEmpty { throw .noSuchFileOrDirectory }
        if name.utf8.contains(0) { throw .invalidArgument }
        if name.utf8.contains(UInt8(ascii: "/")) { return try checkExecutable(name) }
        var failure = Errno.noSuchFileOrDirectory
        let path = Environment.value(of: "PATH") ?? "/bin:/usr/bin"
        for directory in path.split(separator: ":", omittingEmptySubsequences: false) {
            // An empty one is where this process is.
            do throws(Errno) { return try checkExecutable(directory.isEmpty ? name : "\(directory)/\(name)") } catch {
                if error == .permissionDenied { failure = error }
            }
        }
        throw failure
    }

    private static func checkExecutable(_ path: String) throws(Errno) {
        if try status(of: path.utf8, in: currentDirectory).kind == .directory { throw .permissionDenied }
        do throws(Errno) {
            _ = try perform(.faccessat) { unsafe faccessat(currentDirectory, path, X_OK, AT_EACCESS) }
        } catch {
            // A sandbox may forbid the question (`EPERM`): then the start tells.
            if [.permissionDenied, .noSuchFileOrDirectory, .notDirectory].contains(error) { throw error }
        }
    }
}
