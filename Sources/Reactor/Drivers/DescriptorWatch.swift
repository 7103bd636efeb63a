// SPDX-License-Identifier: Apache-2.0
//
// Facts:    drivers tell epoll once, edge-triggered; whoever waits for a descriptor of their own expects to be told as
//           long as it is ready. A descriptor that is registered anew is reported at once if it is ready.
// Decision: it is registered for as long as somebody waits, and anew after every report: level semantics on every
//           mechanism.
// Cost:     two system calls a wait. A connection's transport, which knows when it has emptied its socket, pays none.
import Sockets

/// A descriptor of somebody else's that a loop watches for a while. One listener for each direction.
final class DescriptorWatch: ReadinessWatcher, @unchecked Sendable {
    enum Listener {
        /// A task, woken once.
        case task(Waiting)
        /// Called every time, until it is taken away.
        case callback(DescriptorCallback)

        var isOver: Bool {
            switch self {
            case .task: true
            case .callback(let callback): callback.isOnce
            }
        }

        var identity: AnyObject {
            switch self {
            case .task(let waiting): waiting
            case .callback(let callback): callback
            }
        }
    }

    let watchedDescriptor: FileDescriptor
    private unowned let loop: EventLoop
    private let driver: ReadinessDriver
    private var slot: Int?
    private var reader: Listener?
    private var writer: Listener?

    init(_ descriptor: FileDescriptor, on loop: EventLoop, _ driver: ReadinessDriver) {
        watchedDescriptor = descriptor
        self.loop = loop
        self.driver = driver
    }

    func has(_ interest: Interest) -> Bool { (interest == .readable ? reader : writer) != nil }

    private func has(_ callback: DescriptorCallback) -> Bool {
        reader?.identity === callback || writer?.identity === callback
    }

    private var interest: Interest {
        (reader == nil ? [] : Interest.readable).union(writer == nil ? [] : .writable)
    }

    /// Adds a listener; one that is here already stays.
    func add(_ listener: Listener, for interest: Interest) throws(SocketError) {
        if (interest == .readable ? reader : writer)?.identity === listener.identity { return }
        if has(interest) { throw SocketError(.wait, .busy, subject: subject) }
        set(listener, for: interest)
        do throws(SocketError) { try renew() } catch {
            set(nil, for: interest)
            if self.interest.isEmpty { end() }
            throw SocketError(.wait, error.reason, subject: subject)
        }
    }

    /// This one does not wait any more.
    func remove(_ interest: Interest, of listener: AnyObject) {
        guard (interest == .readable ? reader : writer)?.identity === listener else { return }
        set(nil, for: interest)
        if self.interest.isEmpty { end() }
    }

    /// Tells everybody why they wait in vain.
    func fail(_ reason: SocketError.Reason) {
        let listeners = [reader, writer]
        (reader, writer) = (nil, nil)
        end()
        for case .task(let waiting) in listeners { waiting.wake(reason) }
        for case .callback(let callback) in listeners where callback.isOnce { callback.action() }
    }

    func becomeReady(_ ready: Interest, hasEnded: Bool) {
        let concerned = ready.intersection(interest)
        // epoll reports both directions, and nobody may care for this one: then it is told when somebody does.
        if concerned.isEmpty { return }
        let listeners = [concerned.contains(.readable) ? reader : nil, concerned.contains(.writable) ? writer : nil]
        if concerned.contains(.readable) && reader?.isOver == true { reader = nil }
        if concerned.contains(.writable) && writer?.isOver == true { writer = nil }
        // The first one's action may be the end of the second.
        for case .callback(let callback) in listeners where callback.isOnce || has(callback) { callback.action() }
        if interest.isEmpty {
            end()
        } else {
            // It was registered a moment ago: what could fail now is a descriptor that was closed meanwhile.
            do throws(SocketError) { try renew() } catch { fail(error.reason) }
        }
        for case .task(let waiting) in listeners { waiting.wake() }
    }

    private func set(_ listener: Listener?, for interest: Interest) {
        if interest == .readable { reader = listener } else { writer = listener }
    }

    private func renew() throws(SocketError) {
        if let slot { driver.remove(slot) }
        slot = nil
        let slot = try driver.add(self)
        self.slot = slot
        try driver.arm(slot, interest)
    }

    private func end() {
        if let slot { driver.remove(slot) }
        slot = nil
        if loop.watches[watchedDescriptor.rawValue] === self { loop.watches[watchedDescriptor.rawValue] = nil }
    }

    private var subject: String { "descriptor \(watchedDescriptor.rawValue)" }
}

extension EventLoop {
    /// Adds a listener for a descriptor. Called on the loop.
    func listen(
        to descriptor: FileDescriptor, for interest: Interest, _ listener: DescriptorWatch.Listener
    ) throws(SocketError) {
        guard let driver = driver as? ReadinessDriver else {
            throw SocketError(.wait, .unsupported(.noFunction), subject: "a descriptor outside of the real world")
        }
        let watch = watches[descriptor.rawValue] ?? DescriptorWatch(descriptor, on: self, driver)
        watches[descriptor.rawValue] = watch
        try watch.add(listener, for: interest)
    }

    /// Calls `action` once, when reading would not have to wait, or nobody can tell any more. Called on the loop.
    func whenReadableOnce(_ descriptor: FileDescriptor, _ action: @escaping @Sendable () -> Void) throws(SocketError) {
        let callback = DescriptorCallback(action, for: .readable, descriptor, on: self, isOnce: true)
        try listen(to: descriptor, for: .readable, .callback(callback))
    }

    /// Ends every wait for a descriptor, for a reason. Called on the loop.
    func endWaits(for descriptor: FileDescriptor, _ reason: SocketError.Reason) {
        watches[descriptor.rawValue]?.fail(reason)
    }
}
