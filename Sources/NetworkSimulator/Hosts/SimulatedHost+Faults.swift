// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What can happen to a host.
extension SimulatedHost {
    /// The power fails: connections, sockets and what was not committed to a file are gone, and nobody is told. Others
    /// hear nothing from it any more. The host's tasks are cancelled and come to their end without a network.
    ///
    /// Nothing happens to a host that has crashed already.
    public func crash() {
        if !node.isUp { return }
        fabric.note(.crash, node)
        endLife()
    }

    /// Starts it again after a crash, with its files, a new ``loop`` and its task from the beginning. Whoever still
    /// sends to an old connection is told that nobody knows it (a reset).
    ///
    /// Nothing happens to a host that is up.
    public func restart() {
        if node.isUp { return }
        beginLife()
        fabric.note(.restart, node)
    }

    /// Stops it between two steps: its clocks go on, and nothing else does. What comes for it waits.
    ///
    /// Nothing happens to a host that is paused or has crashed.
    public func pause() {
        if node.isPaused || !node.isUp { return }
        node.isPaused = true
        fabric.note(.pause, node)
        fabric.scheduler.reconsider(node)
    }

    /// Lets it go on.
    public func resume() {
        if !node.isPaused { return }
        node.isPaused = false
        fabric.note(.resume, node)
        fabric.scheduler.reconsider(node)
    }

    /// Whether it is up: it has not crashed, or was started again.
    public var isUp: Bool { node.isUp }

    /// Whether it is paused.
    public var isPaused: Bool { node.isPaused }

    /// How far its date (``World/wallTime``) is ahead of the network's; negative when behind.
    public var clockSkew: Duration {
        get { node.clockSkew }
        set { change(\.clockSkew, to: newValue, .clock) }
    }

    /// What its resolver answers to every question; nil when it works.
    public var nameFailure: ResolverError.Reason? {
        get { node.nameFailure }
        set { change(\.nameFailure, to: newValue, .names) }
    }

    /// How long its resolver takes.
    public var nameDelay: Duration {
        get { node.nameDelay }
        set { change(\.nameDelay, to: newValue, .names) }
    }

    /// How many connections, listeners and sockets it may have open; one more is `EMFILE`. Those that are open stay so.
    public var descriptorLimit: Int {
        get { node.descriptorLimit }
        set { change(\.descriptorLimit, to: newValue, .descriptors) }
    }

    /// How long each access to a file takes.
    public var diskDelay: Duration {
        get { node.diskDelay }
        set { change(\.diskDelay, to: newValue, .disk) }
    }

    private func change<Value: Equatable>(
        _ property: ReferenceWritableKeyPath<Node, Value>, to value: Value, _ fault: NetworkEvent.Fault
    ) {
        if node[keyPath: property] == value { return }
        node[keyPath: property] = value
        fabric.note(fault, node)
    }
}
