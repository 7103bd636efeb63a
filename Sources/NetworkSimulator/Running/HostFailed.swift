// SPDX-License-Identifier: Apache-2.0
public import Reactor

/// The task of a host has thrown an error.
public struct HostFailed: Error, Sendable, CustomStringConvertible {
    /// The host.
    public let host: String
    /// What it has thrown.
    public let error: any Error
    /// When.
    public let time: LoopInstant
    /// The seed of the network, if it has one.
    public let seed: UInt64?

    /// One line: the host, the error, the time, and the seed that repeats it.
    public var description: String { "\(host): \(error) at \(time.seconds) s\(Seed.note(seed))" }
}

/// How a run is repeated.
enum Seed {
    /// What is put behind an error's text.
    static func note(_ seed: UInt64?) -> String { seed.map { " (seed \($0))" } ?? "" }

    /// The variable that names the one seed to explore.
    static let variable = "NETWRIGHT_SEED"
}
