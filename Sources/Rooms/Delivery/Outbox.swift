// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a line goes to a thousand members. Most have room for it at once; a few read slowly, and a copy of what
//           each of those has not read yet is how a chat server's memory goes.
// Decision: a line is made once and sent at once where it fits. What does not fit waits as a reference to the same
//           bytes. Whoever is behind by more than a limit is dropped; nobody else waits for them.
// Cost:     a line that only one member is late with keeps its bytes; so a line counts for more than its bytes.

/// What waits for one member to read it. Touched on one loop alone.
struct Outbox {
    /// What a line costs besides its bytes.
    private static let overhead = 64

    /// How much of what waits is copied together at a time.
    static let batch = 65_536

    private var lines: [[UInt8]] = []
    /// The first line that is not gone, and how much of it is.
    private var (first, sent) = (0, 0)
    /// What all of them cost.
    private(set) var cost = 0

    var isEmpty: Bool { first == lines.count }

    /// Puts a line behind the others, of which the first bytes may be gone already.
    mutating func append(_ line: [UInt8], droppingFirst gone: Int) {
        if isEmpty { sent = gone }
        lines.append(line)
        cost += line.count + Self.overhead
    }

    /// The bytes to send next, at most about so many, copied together where there are several lines.
    func next(upTo maximum: Int) -> [UInt8] {
        if sent == 0, first + 1 == lines.count { return lines[first] }
        var bytes = Array(lines[first].dropFirst(sent).prefix(maximum))
        for line in lines[(first + 1)...] {
            if bytes.count + line.count > maximum { break }
            bytes += line
        }
        return bytes
    }

    /// Takes out what is gone.
    mutating func remove(_ count: Int) {
        sent += count
        while first < lines.count, sent >= lines[first].count {
            sent -= lines[first].count
            cost -= lines[first].count + Self.overhead
            lines[first] = []
            first += 1
        }
        if first > lines.count / 2 {
            lines.removeFirst(first)
            first = 0
            // What a slow hour needed is not kept for ever.
            if lines.isEmpty { lines = [] }
        }
    }

    mutating func removeAll() {
        self = Outbox()
    }
}
