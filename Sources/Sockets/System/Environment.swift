// SPDX-License-Identifier: Apache-2.0
import CSockets

/// The variables that this process was started with.
package enum Environment {
    /// The value of a variable; nil where there is none.
    ///
    /// C: `getenv(3)`.
    package static func value(of name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// All of them, each `NAME=value`.
    ///
    /// C: `environ(7)`.
    package static var all: [String] {
        var entry = unsafe nw_environment()
        var variables: [String] = []
        while let text = unsafe entry.pointee {
            variables.append(unsafe String(cString: text))
            unsafe entry += 1
        }
        return variables
    }
}
