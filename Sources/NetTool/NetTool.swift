// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The command `nt`.
public enum NetTool {
    /// Runs the command line of this process and exits with its status.
    public static func main() -> Never {
        RootCommand.main()
        RootCommand.exit()
    }
}

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "nt", abstract: "Networks at a terminal.")
}
