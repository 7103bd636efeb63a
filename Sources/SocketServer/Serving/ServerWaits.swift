// SPDX-License-Identifier: Apache-2.0
//
// Decision: all that a server waits for is in one epoll set: a client, the wish to end, a thread that has ended, a
//           child that has, something of the caller's. The set is itself a descriptor, so that a loop can wait for it
//           as a blocking thread does, and one piece of code serves both.
import Reactor
import Sockets

/// What a server waits for.
final class ServerWaits: Sendable {
    /// What has happened.
    enum Event: Equatable {
        case request, stop, freed, callersEnd
        case child(CInt)
    }

    private let epoll: Epoll
    private let stop: OwnedDescriptor
    private let freed: OwnedDescriptor
    private let listener: FileDescriptor

    /// Tokens; a child's is its number behind them.
    private static let listenerToken: UInt64 = 0
    private static let stopToken: UInt64 = 1
    private static let freedToken: UInt64 = 2
    private static let callersToken: UInt64 = 3
    private static let firstChild: UInt64 = 16

    init(listener: FileDescriptor) throws(SocketError) {
        do throws(Errno) {
            stop = OwnedDescriptor(try SystemCalls.eventDescriptor())
            freed = OwnedDescriptor(try SystemCalls.eventDescriptor())
        } catch {
            throw SocketError(.open, error: error, subject: "a server's events")
        }
        self.listener = listener
        do throws(SelectorError) {
            epoll = try Epoll()
            try epoll.register(listener, for: [], token: Self.listenerToken)
            try epoll.register(FileDescriptor(rawValue: stop.number), for: .input, token: Self.stopToken)
            try epoll.register(FileDescriptor(rawValue: freed.number), for: .input, token: Self.freedToken)
        } catch {
            throw SocketError(error)
        }
    }

    /// Readable when something has happened.
    var descriptor: FileDescriptor { epoll.descriptor }

    /// Whether a request is waited for too.
    func setAccepting(_ isAccepting: Bool) throws(SocketError) {
        do throws(SelectorError) {
            try epoll.modify(listener, for: isAccepting ? .input : [], token: Self.listenerToken)
        } catch {
            let isClosed = error.reason == .notRegistered || error.reason == .notOpen
            throw isClosed ? SocketError(.accept, .closed) : SocketError(error)
        }
    }

    func forgetListener() { try? epoll.unregister(listener) }

    func add(callersEnd: FileDescriptor) throws(SocketError) {
        do throws(SelectorError) { try epoll.register(callersEnd, for: .input, token: Self.callersToken) } catch {
            throw SocketError(error)
        }
    }

    func remove(callersEnd: FileDescriptor) { try? epoll.unregister(callersEnd) }

    func add(_ child: RequestChild) throws(SocketError) {
        let token = Self.firstChild + UInt64(UInt32(bitPattern: child.identifier))
        do throws(SelectorError) { try epoll.register(child.descriptor, for: .input, token: token) } catch {
            throw SocketError(error)
        }
    }

    func remove(_ child: RequestChild) { try? epoll.unregister(child.descriptor) }

    /// Waits until something happens; what has.
    func wait(until deadline: LoopInstant) throws(SocketError) -> [Event] {
        let now = LoopInstant.systemNow
        let timeout = deadline == .never ? nil : now.duration(to: deadline)
        do throws(SelectorError) {
            return try epoll.poll(timeout: timeout).map { Self.event($0.token) }
        } catch {
            throw SocketError(error)
        }
    }

    private static func event(_ token: UInt64) -> Event {
        switch token {
        case listenerToken: .request
        case stopToken: .stop
        case freedToken: .freed
        case callersToken: .callersEnd
        default: .child(CInt(truncatingIfNeeded: token - firstChild))
        }
    }

    /// Any thread, and a forked child, may call this.
    func requestStop() { SystemCalls.signal(stop.number) }

    /// The wish was granted.
    func clearStop() { SystemCalls.clearSignal(stop.number) }

    /// A handler has ended. Any thread may call this.
    func noteFreed() { SystemCalls.signal(freed.number) }

    func clearFreed() { SystemCalls.clearSignal(freed.number) }
}

extension LoopInstant {
    /// The time of the blocking face, which is that of the real world's loops.
    static var systemNow: LoopInstant { LoopInstant(nanoseconds: SystemClock.nanoseconds) }
}
