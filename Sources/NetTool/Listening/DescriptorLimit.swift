// SPDX-License-Identifier: Apache-2.0
//
// Facts:    systems start a program with 1024 descriptors and leave it to the program to have more: the number is for
//           those that call select. A lower one somebody has set.
// Decision: the first is raised as a matter of course, and said to those who asked for more. That somebody's limit is
//           not kept, or that a number of clients is had by it that was asked for, is said to everybody.
import Reactor
import Sockets

extension Server.Limits {
    /// The most programs that run for clients at a time unless somebody says another number: each may be anything.
    static let programs = 40
    /// What a program takes while it starts: both ends of two pipes, and a descriptor that tells its end.
    static let descriptorsOfProgram = 5

    /// The soft limit that systems begin with.
    private static let usualDescriptors = 1024

    /// As many descriptors as the system grants, without being asked for.
    ///
    /// - Parameters:
    ///   - each: how many a client takes.
    ///   - asked: the number of clients that somebody wrote; nil for the usual one.
    ///   - isChosen: whether somebody counts on the number of clients, and is told where there will be fewer.
    /// - Returns: the limits, with no more clients than there are descriptors for.
    func withDescriptors(
        _ log: ClientLog, each: Int = 1, asked: Int?, isChosen: Bool = true
    ) -> Server.Limits {
        guard let limit = try? SystemCalls.raiseDescriptorLimit() else { return self }
        if limit.now > limit.before {
            let hadToBe = asked.map { $0 > Self.clients(limit.before, each) } ?? false
            let text = "descriptors: \(limit.now), raised from \(limit.before)"
            if hadToBe || limit.before < Self.usualDescriptors { log.news(text) } else { log.detail(text) }
        }
        let room = Self.clients(limit.now, each)
        if connections <= room { return self }
        if isChosen {
            log.news("there are descriptors for \(room) clients only, not for \(connections)")
        } else {
            log.detail("there are descriptors for \(room) clients")
        }
        var limits = self
        limits.connections = room
        return limits
    }

    /// For how many clients there are descriptors: a few are the program's own, and a few stay free.
    private static func clients(_ descriptors: Int, _ each: Int) -> Int {
        max(1, (descriptors - 16 - SpareDescriptors.count(of: descriptors)) / each)
    }
}
