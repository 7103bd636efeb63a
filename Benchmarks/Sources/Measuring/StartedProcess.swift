// SPDX-License-Identifier: Apache-2.0
public import Glibc

/// A program that runs beside this one, and ends with this value.
public struct StartedProcess: ~Copyable {
    /// Its number.
    public let number: pid_t

    /// Starts a program by its path, or by its name along PATH; `/proc/self/exe` is this one.
    ///
    /// - Throws: ``Failure`` where there is no such program.
    public init(_ words: [String]) throws {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var number = pid_t()
        let error = posix_spawnp(&number, words[0], nil, nil, &arguments, environ)
        guard error == 0 else { throw Failure("\(words[0]) can't be started: \(String(cString: strerror(error)))") }
        self.number = number
    }

    deinit {
        kill(number, SIGKILL)
        waitpid(number, nil, 0)
    }
}

/// Why nothing can be measured.
public struct Failure: Error, CustomStringConvertible {
    /// In words.
    public let description: String

    /// A reason in words.
    public init(_ description: String) { self.description = description }

    /// An error of the system.
    public init(_ what: String, _ number: CInt) { self.init("\(what): \(String(cString: strerror(number)))") }
}
