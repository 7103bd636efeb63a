// SPDX-License-Identifier: Apache-2.0
import Wire

/// The bounds of a chat.
public struct ChatLimits: Hashable, Sendable {
    /// The most members at a time.
    public var members = 10_000
    /// The most rooms at a time, the first one included.
    public var rooms = 1000
    /// The most bytes of a line that a member sends, its end not counted.
    public var line = LineFramer.defaultLimit
    /// How many lines of a room are kept for those who come later.
    public var history = 0
    /// The most bytes of them.
    public var historyBytes = 256 << 10
    /// In a room with more members nobody is told who comes and goes: among many that would be most of what is told,
    /// and each arrival would cost as much as a line.
    public var noticed = 200
    /// The most bytes that may wait for a member who reads slowly, each line counted for 64 more than it has; one who
    /// is further behind is dropped.
    public var queue = 1 << 20

    /// The defaults.
    public init() {}
}
