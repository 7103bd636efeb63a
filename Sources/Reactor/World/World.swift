// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What a loop's outside is: its time, its network, and who knows names. The real one is ``real(_:names:)``; a
/// simulation brings its own. Whatever runs on a loop asks this, never the system.
public struct World: Sendable {
    /// Which selector waits for the network.
    public enum Mechanism: String, Hashable, Sendable, CaseIterable {
        /// The mechanisms of ``Sockets``, each by its name.
        case epoll, poll, select

        /// What `NETWRIGHT_SELECTOR` in the environment says, or the best of this system.
        public static var preferred: Mechanism {
            Environment.value(of: "NETWRIGHT_SELECTOR").flatMap(Mechanism.init(rawValue:)) ?? .epoll
        }
    }

    /// What time it is.
    let now: @Sendable () -> LoopInstant

    /// Opens the network for a loop.
    let makeDriver: @Sendable (_ loop: EventLoop) throws(SocketError) -> any NetworkDriver

    /// Knows names.
    let names: any NameService

    init(
        now: @escaping @Sendable () -> LoopInstant,
        makeDriver: @escaping @Sendable (_ loop: EventLoop) throws(SocketError) -> any NetworkDriver,
        names: any NameService = ResolverPool.system
    ) {
        self.now = now
        self.makeDriver = makeDriver
        self.names = names
    }

    /// This machine: its monotonic clock, its network by way of a selector, and its resolver.
    ///
    /// - Parameter names: who knows names, if not the system.
    public static func real(
        _ mechanism: Mechanism = .preferred, names: any NameService = ResolverPool.system
    ) -> World {
        World(
            now: { LoopInstant(nanoseconds: SystemClock.nanoseconds) },
            makeDriver: { (loop) throws(SocketError) in try ReadinessDriver(mechanism, loop: loop) },
            names: names)
    }
}
