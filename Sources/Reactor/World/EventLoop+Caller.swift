// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a task that is on no loop may belong to a simulation all the same: it has left its loop (`Task {}`, the
//           main actor), and task-local values go with it. Of a thread, and of a detached task, nobody can tell; nor of
//           a program that has nothing to do with the simulation that runs beside it, in another test perhaps.
// Decision: what belongs to a simulation never gets a loop of the real world unless it names one. What can't be told
//           gets one, unless the simulation claims the whole process.
import Sockets
import Synchronization

/// What the engine knows of simulations.
package enum Simulation {
    /// The world of the simulation that the current task belongs to; nil outside of one.
    @TaskLocal package static var world: World?

    /// How many simulations run now that have the process for themselves.
    private static let claims = Atomic(0)

    /// From now on a caller on no loop gets an error, whoever it is.
    package static func claimProcess() { claims.add(1, ordering: .sequentiallyConsistent) }

    /// Takes one such claim back.
    package static func releaseProcess() { claims.subtract(1, ordering: .sequentiallyConsistent) }

    fileprivate static var forbidsRealNetwork: Bool {
        world != nil || claims.load(ordering: .sequentiallyConsistent) > 0
    }
}

extension EventLoop {
    /// The loop for whoever asks: the one that is named, else the task's own, else one of the process's.
    ///
    /// - Throws: `.invalid` for a caller on no loop while a simulation runs that it may belong to.
    static func forCaller(_ named: EventLoop?, _ operation: SocketError.Operation) throws(SocketError) -> EventLoop {
        if let loop = named ?? running { return loop }
        return try EventLoopGroup.forStranger(operation).next()
    }
}

extension EventLoopGroup {
    /// The process's loops, for a caller that names no loop and is on none.
    ///
    /// - Throws: as ``EventLoop/forCaller(_:_:)``.
    static func forStranger(_ operation: SocketError.Operation) throws(SocketError) -> EventLoopGroup {
        if Simulation.forbidsRealNetwork {
            throw SocketError(operation, .invalid("a simulation runs, and the caller is on no loop and names none"))
        }
        return shared
    }
}
