// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Sends many people what others cause, so that nobody waits for anybody else: at once where it fits, and as each reads
/// where it does not. Touched on one loop alone, which is that of all the connections.
final class Deliveries<Person: Recipient>: @unchecked Sendable {
    private let loop: EventLoop
    /// The most that may wait for one.
    let limit: Int
    /// Who has something to read that did not fit, and nobody waits for them yet.
    private var stalled: [Person] = []
    private let news: Waiting
    /// Who is too far behind, and to be dropped. Whoever delivers looks here when it is done.
    private(set) var overdue: [Person] = []

    /// - Parameter limit: in bytes, each delivery counted for 64 more than it has.
    init(on loop: EventLoop, limit: Int) {
        self.loop = loop
        self.limit = limit
        news = Waiting(on: loop)
    }

    /// Sends bytes at once if nothing waits before them, and as much of them as fits; the rest waits.
    @inline(__always)
    func deliver(_ bytes: [UInt8], to person: Person) {
        if person.isGone { return }
        var sent = 0
        if person.outbox.isEmpty {
            do throws(SocketError) { sent = try person.connection.sendNow(bytes.span.bytes) } catch {
                // Its own task hears of it.
                person.isGone = true
                return person.connection.abort()
            }
            if sent == bytes.count { return }
        }
        keep(bytes, droppingFirst: sent, for: person)
    }

    @inline(never)
    private func keep(_ bytes: [UInt8], droppingFirst sent: Int, for person: Person) {
        person.outbox.append(bytes, droppingFirst: sent)
        if person.outbox.cost > limit {
            (person.isGone, person.isTooSlow) = (true, true)
            overdue.append(person)
        } else if !person.isPumped {
            person.isPumped = true
            stalled.append(person)
            news.wake()
        }
    }

    /// Takes one who is to be dropped, and throws its connection away.
    func takeOverdue() -> Person? {
        guard let person = overdue.popLast() else { return nil }
        forget(person)
        person.connection.abort()
        return person
    }

    /// Sends nothing more, and forgets what waits.
    func forget(_ person: Person) {
        person.isGone = true
        person.outbox.removeAll()
    }

    /// Waits until everything that waits for somebody is sent, or the time is up.
    nonisolated(nonsending) func flush(_ person: Person, within limit: Duration) async {
        let flushed = Waiting(on: loop)
        person.flushed = flushed
        let end = loop.timeNow.advanced(by: limit)
        while !person.outbox.isEmpty, !person.isGone {
            do throws(SocketError) { try await flushed.wait(.send, until: end) } catch { break }
        }
        flushed.disarm()
        person.flushed = nil
    }

    /// Waits for room at those who read slowly, until it is cancelled.
    nonisolated(nonsending) func work() async {
        await withDiscardingTaskGroup { group in
            while let person = await nextStalled() {
                group.addTask(executorPreference: loop) { [self] in await pump(person) }
            }
            group.cancelAll()
        }
    }

    private nonisolated(nonsending) func nextStalled() async -> Person? {
        while true {
            if let person = stalled.popLast() { return person }
            do throws(SocketError) { try await news.wait(.wait, until: .never) } catch { return nil }
        }
    }

    /// Sends what waits for somebody, as it reads.
    private nonisolated(nonsending) func pump(_ person: Person) async {
        do throws(SocketError) {
            while !person.outbox.isEmpty {
                try await person.connection.waitToSend()
                try send(person)
            }
        } catch {
            person.isGone = true
            person.connection.abort()
        }
        person.isPumped = false
        person.flushed?.wake()
    }

    // Never inlined: the copy that it sends must not be in the frame of a task that waits.
    @inline(never)
    private func send(_ person: Person) throws(SocketError) {
        if person.outbox.isEmpty { return }
        let bytes = person.outbox.next(upTo: Outbox.batch)
        person.outbox.remove(try person.connection.sendNow(bytes.span.bytes))
    }
}
