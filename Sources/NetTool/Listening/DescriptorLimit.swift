// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

extension Server.Limits {
    /// The most programs that run for clients at a time unless somebody says another number: each may be anything.
    static let programs = 40
    /// What a program takes while it starts: both ends of two pipes, and a descriptor that tells its end.
    static let descriptorsOfProgram = 5

    /// As many descriptors as the system grants, without being asked for.
    ///
    /// - Parameters:
    ///   - each: how many a client takes.
    ///   - isChosen: whether somebody counts on the number of clients, and is told where there will be fewer.
    /// - Returns: the limits, with no more clients than there are descriptors for.
    func withDescriptors(_ log: ClientLog, each: Int = 1, isChosen: Bool = true) -> Server.Limits {
        guard let limit = try? SystemCalls.raiseDescriptorLimit() else { return self }
        if limit.now > limit.before { log.detail("descriptors: \(limit.now), raised from \(limit.before)") }
        // A few are the program's own, and a few stay free.
        let room = max(1, (limit.now - 16 - SpareDescriptors.count(of: limit.now)) / each)
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
}
