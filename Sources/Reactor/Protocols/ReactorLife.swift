// SPDX-License-Identifier: Apache-2.0

/// Something that happens to a loop and that others may join in: Twisted's event types.
public struct SystemEvent: Hashable, Sendable, ExpressibleByStringLiteral {
    /// What it is called.
    public let name: String

    /// An event of one's own, which happens when ``EventLoop/fireSystemEvent(_:)`` says so.
    public init(_ name: String) { self.name = name }
    /// The same, written as text.
    public init(stringLiteral name: String) { self.name = name }

    /// The loop has been started.
    public static let startup = SystemEvent("startup")
    /// The loop is being stopped.
    public static let shutdown = SystemEvent("shutdown")

    /// When in the course of an event something is called.
    public enum Phase: Int, Hashable, Sendable, CaseIterable {
        /// First, then, and at last.
        case before, during, after
    }
}

/// What joins in a ``SystemEvent``.
public struct SystemEventTrigger: Hashable, Sendable {
    let event: SystemEvent
    let phase: SystemEvent.Phase
    let number: Int
}

/// Where a loop stands between start and stop. Touched by the loop's thread alone.
final class ReactorLife {
    enum Stage {
        case idle, running, stopping, over
    }

    var stage = Stage.idle
    private var triggers: [(key: SystemEventTrigger, action: @Sendable () -> Void)] = []
    private var lastNumber = 0

    /// The loop's run is to return.
    var isOver: Bool { stage == .over }
    var isStopping: Bool { stage == .stopping || stage == .over }

    func add(
        _ phase: SystemEvent.Phase, _ event: SystemEvent, _ action: @escaping @Sendable () -> Void
    ) -> SystemEventTrigger {
        lastNumber += 1
        let key = SystemEventTrigger(event: event, phase: phase, number: lastNumber)
        triggers.append((key, action))
        return key
    }

    func remove(_ key: SystemEventTrigger) { triggers.removeAll { $0.key == key } }

    /// Calls what joins in a phase, each once: an event of this kind happens once in a run.
    func fire(_ event: SystemEvent, _ phase: SystemEvent.Phase) {
        let due = triggers.filter { $0.key.event == event && $0.key.phase == phase }
        triggers.removeAll { $0.key.event == event && $0.key.phase == phase }
        for (_, action) in due { action() }
    }
}
