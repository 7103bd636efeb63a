// SPDX-License-Identifier: Apache-2.0
import Reactor

/// How the server is set up; everything may be left out.
struct Settings: Sendable {
    enum Loops: String {
        /// One for everything; the process's, of which one accepts; a listener on each of those.
        case one, shared, all
    }

    /// `on=`: where it listens.
    var address = "127.0.0.2:0"
    /// `connections=`, `per-peer=`: how many are served at a time.
    var limits = Server.Limits()
    /// `loops=`: whose the connections are.
    var loops = Loops.one
    /// `face=protocols`: served by callbacks, and not by tasks.
    var hasProtocols = false

    init(_ words: some Sequence<String>) {
        limits.connections = 100_000
        for word in words {
            let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { continue }
            switch pair[0] {
            case "on": address = pair[1]
            case "connections": limits.connections = Int(pair[1]) ?? 0
            case "per-peer": limits.connectionsPerPeer = Int(pair[1]) ?? 0
            case "loops": loops = Loops(rawValue: pair[1]) ?? .one
            case "face": hasProtocols = pair[1] == "protocols"
            default: break
            }
        }
    }
}
