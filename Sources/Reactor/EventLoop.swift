// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// One thread's worth of network: it waits for many connections at a time and runs the tasks that serve them.
///
/// A loop is a task executor: a task that prefers it runs on its thread, so that reading from a connection costs no
/// hop. Everything of the loop's (connections, timers, buffers, statistics) is touched by its thread alone; from
/// elsewhere an operation moves there first. ``enqueue(_:)-(()->Void)`` is the one call that any thread may make.
///
/// A loop does nothing by itself: a ``LoopThread`` turns it, or a simulation does, one ``turn(until:)`` after the
/// other.
public final class EventLoop: @unchecked Sendable {
    /// What this loop's outside is.
    public let world: World

    /// When the current turn began to do its work; read once a turn.
    public internal(set) var now: LoopInstant

    /// What the loop has done so far. Only tasks on the loop get a consistent answer.
    public package(set) var statistics = LoopStatistics()

    /// The warning sign of a task that holds the loop: called on the loop, with how long it took. Set it on the loop.
    public var slowTurn: (limit: Duration, report: @Sendable (Duration) -> Void)?

    /// The warning sign of a ``Connection`` that nobody has closed: called on the loop, with its peer, when the last
    /// reference to it is gone. The connection is closed then, in any case. Set it on the loop.
    public var lostClose: (@Sendable (SocketAddress?) -> Void)?

    var timers = TimerQueue()
    let buffers = BufferPool()
    /// For whoever receives or sends several datagrams at a time.
    lazy var datagrams = DatagramRoom()

    /// Descriptors of other people's that somebody waits for, by number.
    var watches: [CInt: DescriptorWatch] = [:]

    /// What is called without a task.
    let callbacks = LoopCallbacks()

    /// Whether a thread of ours, or a simulation, turns the loop: nobody else may.
    package var isTurnedByOthers = false

    /// For whoever uses sockets of their own and never has to wait.
    var ownSocketAttempts = Stint()

    /// Tasks that can go on.
    let jobs = JobQueue()

    /// What other threads have brought.
    let inbox = Mutex(Inbox())
    /// Changes places with the inbox, so that the memory of both is used again.
    var brought = Inbox()

    struct Inbox {
        var jobs: [UnownedJob] = []
        var actions: [@Sendable () -> Void] = []
        /// Whether the loop has been woken for what is here.
        var isAnnounced = false
        /// Whether nobody turns the loop any more, and whether a thread does in its place what was brought.
        var isRetired = false
        var isBeingCleared = false

        mutating func clear() {
            jobs.removeAll(keepingCapacity: true)
            actions.removeAll(keepingCapacity: true)
            isAnnounced = false
        }
    }

    static let current = ThreadSlot()
    /// A copy of the slot: a global costs a check at every access.
    private let slot = EventLoop.current

    /// Opened with the loop. Only the initialiser leaves it nil.
    private var openDriver: (any NetworkDriver)?

    /// Opens a loop in a world.
    ///
    /// - Throws: ``SocketError/isOutOfResources`` when no descriptor is left for its selector.
    public init(in world: World = .real()) throws(SocketError) {
        self.world = world
        now = world.now()
        jobs.order = world.jobOrder
        openDriver = try world.makeDriver(self)
    }

    package var driver: any NetworkDriver {
        guard let openDriver else { preconditionFailure("a loop without a driver was used before it was open") }
        return openDriver
    }

    /// Whether the thread that asks is this loop's, in a turn.
    @inline(__always)
    public var isCurrent: Bool { unsafe Unmanaged.passUnretained(self).toOpaque() == slot.value }

    /// The loop that the thread that asks is turning; nil outside of one.
    public static var running: EventLoop? {
        unsafe current.value.map { unsafe Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Runs `action` on the loop: at its next turn, or at once when called from the loop. Any thread may call this.
    /// Once the loop's thread has ended (``LoopThread``) it is run by the thread that calls this, or by another that
    /// does so at the moment.
    ///
    /// Python: `call_soon_threadsafe`.
    public func enqueue(_ action: @escaping @Sendable () -> Void) {
        let (wake, isRetired) = inbox.withLock { inbox in
            inbox.actions.append(action)
            defer { inbox.isAnnounced = true }
            return (!inbox.isAnnounced, inbox.isRetired)
        }
        if isRetired { clearRetiredInbox() } else if wake && !isCurrent { driver.wake() }
    }

    /// Runs `action` on the loop's thread: now if that is where the caller is.
    package func perform(_ action: @escaping @Sendable () -> Void) {
        if isCurrent { action() } else { enqueue(action) }
    }
}

/// What a loop has done.
public struct LoopStatistics: Hashable, Sendable {
    /// Turns.
    public internal(set) var turns = 0
    /// Jobs of tasks.
    public internal(set) var jobs = 0
    /// The longest time between two waits, while ``EventLoop/slowTurn`` is set: measuring it reads the clock.
    public internal(set) var longestTurn = Duration.zero
    /// Timers that have fired.
    public internal(set) var firedTimers = 0
    /// Connections that are open.
    public package(set) var connections = 0
}
