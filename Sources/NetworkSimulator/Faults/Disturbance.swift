// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Faults by chance: which, how often, and how long each lasts.
///
/// ```swift
/// network.disturb(Disturbance([.partition, .crash], every: .seconds(1) ... .seconds(10)))
/// ```
public struct Disturbance: Sendable {
    /// What may happen.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// Two hosts lose sight of each other, and find each other again.
        case partition
        /// One of two does.
        case cut
        /// What goes from one host to another waits.
        case hold
        /// A host crashes and is started again.
        case crash
        /// A host stands still for a while.
        case pause
        /// A host's date is wrong, by up to a day in either direction.
        case clockSkew
        /// A host's resolver fails, or takes its time.
        case nameFailure
        /// A host may open nothing more than it has open.
        case descriptorLimit
        /// A host's disk takes up to a second for each access.
        case slowDisk
    }

    /// Which faults are drawn from; at least one.
    public let faults: [Fault]
    /// From the beginning of one to that of the next.
    public let interval: ClosedRange<Duration>
    /// How long each lasts.
    public let duration: ClosedRange<Duration>
    /// The names of the hosts that they happen to; nil for all.
    public let hosts: [String]?

    /// Faults by chance.
    ///
    /// - Parameters:
    ///   - faults: what may happen.
    ///   - interval: from the beginning of one to that of the next.
    ///   - duration: how long each lasts.
    ///   - hosts: the names of the hosts that they happen to; unless given all of them.
    /// - Precondition: there is at least one fault, and an interval takes time.
    public init(
        _ faults: [Fault] = Fault.allCases, every interval: ClosedRange<Duration>,
        lasting duration: ClosedRange<Duration> = .milliseconds(10) ... .seconds(2), hosts: [String]? = nil
    ) {
        precondition(!faults.isEmpty, "a disturbance needs a fault")
        precondition(interval.lowerBound > .zero && duration.lowerBound >= .zero, "a disturbance takes time")
        self.faults = faults
        self.interval = interval
        self.duration = duration
        self.hosts = hosts
    }
}

/// Draws faults, one after the other.
final class DisturbanceSource: Addressee {
    private let disturbance: Disturbance
    private weak var network: SimulatedNetwork?
    private let fabric: Fabric

    init(_ disturbance: Disturbance, of network: SimulatedNetwork) {
        self.disturbance = disturbance
        self.network = network
        fabric = network.fabric
    }

    func next(after now: LoopInstant) -> LoopInstant { now.advanced(by: drawn(disturbance.interval)) }

    func arrive(at now: LoopInstant) {
        guard let network else { return }
        happen(to: network)
        fabric.scheduler.plan(self, at: next(after: now), isDisturbance: true)
    }

    private func drawn(_ range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + fabric.chance.upTo(range.upperBound - range.lowerBound)
    }

    private func happen(to network: SimulatedNetwork) {
        let hosts = network.hosts.filter { disturbance.hosts?.contains($0.name) ?? true }
        guard !hosts.isEmpty else { return }
        let fault = disturbance.faults[fabric.chance.below(disturbance.faults.count)]
        let one = hosts[fabric.chance.below(hosts.count)]
        let others = network.hosts.filter { $0 !== one && $0.node.isNeighbor(of: one.node) }
        let duration = drawn(disturbance.duration)
        switch fault {
        case .crash:
            one.crash()
            network.after(duration) { _ in one.restart() }
        case .pause:
            one.pause()
            network.after(duration) { _ in one.resume() }
        case .partition, .cut, .hold:
            if others.isEmpty { return }
            separate(one, others[fabric.chance.below(others.count)], by: fault, for: duration, in: network)
        case .clockSkew, .nameFailure, .descriptorLimit, .slowDisk: trouble(one, by: fault, for: duration, in: network)
        }
    }

    /// Puts something of a host out of order and, when the time is over, back as it was; not while it is so already.
    private func trouble(
        _ host: SimulatedHost, by fault: Disturbance.Fault, for duration: Duration, in network: SimulatedNetwork
    ) {
        if !host.node.troubles.insert(fault).inserted { return }
        let repair: @Sendable () -> Void
        switch fault {
        case .clockSkew:
            repair = { [before = host.clockSkew] in host.clockSkew = before }
            host.clockSkew += fabric.chance.upTo(Self.mostSkew * 2) - Self.mostSkew
        case .nameFailure:
            repair = { [before = (host.nameFailure, host.nameDelay)] in
                (host.nameFailure, host.nameDelay) = before
            }
            if fabric.chance.happens(0.5) { host.nameFailure = .tryAgain } else { host.nameDelay = drawnDelay() }
        case .descriptorLimit:
            repair = { [before = host.descriptorLimit] in host.descriptorLimit = before }
            host.descriptorLimit = host.node.descriptors
        default:
            repair = { [before = host.diskDelay] in host.diskDelay = before }
            host.diskDelay = drawnDelay()
        }
        network.after(duration) { _ in
            host.node.troubles.remove(fault)
            repair()
        }
    }

    private static let mostSkew = Duration.seconds(86_400)

    private func drawnDelay() -> Duration { .milliseconds(1) + fabric.chance.upTo(.seconds(1)) }

    private func separate(
        _ one: SimulatedHost, _ other: SimulatedHost, by fault: Disturbance.Fault, for duration: Duration,
        in network: SimulatedNetwork
    ) {
        switch fault {
        case .partition: network.partition(one, from: other)
        case .cut: network.cut(from: one, to: other)
        default:
            network.hold(from: one, to: other)
            return network.after(duration) { $0.release(from: one, to: other) }
        }
        network.after(duration) { $0.heal(one, other) }
    }
}
