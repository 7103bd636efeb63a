// SPDX-License-Identifier: Apache-2.0

/// A room of a chat: who is in it, and what was said lately. A value that waits for nothing and sends nothing.
public struct ChatRoom: Sendable {
    /// The name.
    public let name: ChatName
    /// Who is in it, in the order of their coming.
    public private(set) var members: [ChatMember] = []
    /// The last lines, the oldest first.
    public var history: [String] { Array(kept[first...]) }

    private let limits: ChatLimits
    private var kept: [String] = []
    /// The first of the kept lines that still counts.
    private var first = 0
    private var keptBytes = 0

    init(_ name: ChatName, limits: ChatLimits) {
        self.name = name
        self.limits = limits
    }

    /// Whether everybody is told who comes and goes.
    var isNoticed: Bool { members.count <= limits.noticed }

    mutating func add(_ member: ChatMember) { members.append(member) }

    mutating func remove(_ member: ChatMember) {
        if let index = members.lastIndex(of: member) { members.remove(at: index) }
    }

    /// Keeps a line for those who come later, and forgets the oldest ones over a limit.
    mutating func keep(_ line: String) {
        guard limits.history > 0 else { return }
        kept.append(line)
        keptBytes += line.utf8.count
        while first < kept.count, kept.count - first > limits.history || keptBytes > limits.historyBytes {
            keptBytes -= kept[first].utf8.count
            kept[first] = ""
            first += 1
        }
        // Each line is moved once for each time that as many were forgotten.
        if first > kept.count / 2 {
            kept.removeFirst(first)
            first = 0
        }
    }
}
