// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Rooms

/// What `nt listen … chat` takes besides.
struct RoomOptions: ParsableArguments {
    @Option(help: "With chat: how many lines those get to read who come later. (default: 0)")
    var history: Int?

    @Option(
        help: ArgumentHelp("With chat: share the rooms with other machines.", valueName: "redis://host:port"),
        transform: { try RedisAddress($0) })
    var backplane: RedisAddress?

    mutating func validate() throws {
        if let history, !(0...10_000 ~= history) { throw ValidationError("--history is 0 to 10000") }
    }

    /// Flags that have no meaning with another handler.
    func check(_ handler: ListenHandler) throws(ToolFailure) {
        if handler == .chat { return }
        if history != nil || backplane != nil {
            throw ToolFailure(.usage, "--history and --backplane are for nt listen with chat")
        }
    }
}
