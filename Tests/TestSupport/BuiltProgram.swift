// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The package's own programs, as the build left them beside the test bundle.
public enum BuiltProgram {
    /// The path of an executable target's program.
    public static func path(_ name: String) -> String {
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appending(path: name).path
    }
}
