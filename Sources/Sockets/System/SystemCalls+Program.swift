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
        defer { for unsafe argument in unsafe arguments { unsafe free(argument) } }
        guard let file = unsafe arguments[0] else { throw .noMemory }
        _ = try perform(.exec) { unsafe execvp(file, &arguments) }
    }
}
