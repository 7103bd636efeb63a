// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The flags that say how much standard error gets, the same for every verb that talks.
struct Verbosity: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say more on standard error.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Say nothing on standard error but failures.")
    var quiet = false

    mutating func validate() throws {
        if verbose && quiet { throw ValidationError("--verbose and --quiet ask for opposite things") }
    }
}
