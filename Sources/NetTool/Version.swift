// SPDX-License-Identifier: Apache-2.0
import Reactor

/// What `nt --version` says.
enum Version {
    static let number = "0.1.0"

    /// The compiler's version: the language has no other way to ask for it.
    #if compiler(>=6.5)
        static let swift = "6.5 or newer"
    #elseif compiler(>=6.4)
        static let swift = "6.4"
    #elseif compiler(>=6.3)
        static let swift = "6.3"
    #else
        static let swift = "6.2"
    #endif

    static let text = """
        nt \(number)
        swift   \(swift)
        engine  \(World.Mechanism.preferred.rawValue)
        tls     none
        traits  none
        """
}
