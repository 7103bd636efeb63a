// SPDX-License-Identifier: Apache-2.0
//
// Facts:    getaddrinfo(3) blocks, for half a minute if a name server is silent, and can't be interrupted.
// Decision: it runs on threads of its own, and the waiting task wakes by deadline or cancellation without it: an answer
//           that comes too late is dropped, a question that nobody waits for any more leaves the queue. The queue is
//           bounded: what is over its limit fails at once, rather than to wait for what can't come in time anyway.
//           A thread ends as soon as there is nothing to look up: starting one costs a hundredth of a look-up.
// Cost:     a look-up that has begun keeps its thread until the system gives up.
public import Sockets
import Synchronization

/// A resolver that blocks, on a few threads: the system's, unless it is given another one.
///
/// At most ``maximumThreads`` questions are asked at a time, at most ``maximumWaiting`` more wait in the order in which
/// they came; the next one gets ``ResolverError/Reason/tooManyQuestions(_:)`` at once.
public final class ResolverPool: NameService {
    /// Answers with addresses, and may block.
    public typealias AddressLookup = @Sendable (NameQuestion) throws(ResolverError) -> [Resolver.Answer]
    /// Answers with names, and may block.
    public typealias NameLookup =
        @Sendable (SocketAddress, NameLookupFlags) throws(ResolverError) -> (host: String, service: String)

    /// The system's resolver, for every loop of the process.
    public static let system = ResolverPool()

    /// How many questions are asked at a time.
    public let maximumThreads: Int
    /// How many more may wait.
    public let maximumWaiting: Int
    private let lookUpAddresses: AddressLookup
    private let lookUpName: NameLookup
    private let queue = Mutex(LookupQueue())

    /// A pool. No thread is started before there is something to ask.
    ///
    /// - Parameters:
    ///   - maximumThreads: how many questions are asked at a time, at least 1.
    ///   - maximumWaiting: how many more may wait, at least 0.
    ///   - addresses: what answers with addresses; the system's resolver unless given.
    ///   - name: what answers with names; the system's resolver unless given.
    public init(
        maximumThreads: Int = 16, maximumWaiting: Int = 10_000,
        addresses: @escaping AddressLookup = ResolverPool.systemAddresses,
        name: @escaping NameLookup = ResolverPool.systemName
    ) {
        self.maximumThreads = max(1, maximumThreads)
        self.maximumWaiting = max(0, maximumWaiting)
        lookUpAddresses = addresses
        lookUpName = name
    }

    /// What the system answers.
    ///
    /// C: `getaddrinfo(3)`.
    public static let systemAddresses: AddressLookup = { (question) throws(ResolverError) in
        try Resolver.resolve(
            question.host, service: question.service, family: question.family, kind: question.kind,
            protocolNumber: question.protocolNumber, flags: question.flags)
    }

    /// What the system answers.
    ///
    /// C: `getnameinfo(3)`.
    public static let systemName: NameLookup = { (address, flags) throws(ResolverError) in
        try Resolver.name(of: address, flags: flags)
    }

    /// How many questions are being asked, and how many wait. Any thread may ask.
    public var load: (running: Int, waiting: Int) { queue.withLock { ($0.running, $0.count) } }

    /// The addresses of a name.
    ///
    /// - Throws: what the resolver says; `.timedOut`, `.cancelled`, `.tooManyQuestions`, `.system` when no thread is to
    ///   be had.
    public nonisolated(nonsending) func addresses(
        of question: NameQuestion, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> [Resolver.Answer] {
        try await ask(.resolve, question.text, until: deadline, on: loop) { [lookUpAddresses] in
            Result { () throws(ResolverError) in try lookUpAddresses(question) }
        }
    }

    /// The name of an address and of its port.
    ///
    /// - Throws: as ``addresses(of:until:on:)``.
    public nonisolated(nonsending) func name(
        of address: SocketAddress, flags: NameLookupFlags, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(ResolverError) -> (host: String, service: String) {
        try await ask(.nameOf, "\(address)", until: deadline, on: loop) { [lookUpName] in
            Result { () throws(ResolverError) in try lookUpName(address, flags) }
        }
    }

    private nonisolated(nonsending) func ask<Answer: Sendable>(
        _ operation: ResolverError.Operation, _ text: String, until deadline: LoopInstant, on loop: EventLoop,
        _ lookUp: @escaping @Sendable () -> Result<Answer, ResolverError>
    ) async throws(ResolverError) -> Answer {
        let answer = Slot<Answer>()
        let waiting = Waiting(home: loop)
        let number: UInt64
        do throws(ResolverError.Reason) {
            number = try submit {
                // Outside of the lock, which the loop takes too.
                let result = lookUp()
                answer.value.withLock { $0 = result }
                waiting.wakeOnItsLoop()
            }
        } catch {
            throw ResolverError(operation, text, error)
        }
        var end = ResolverError.Reason.cancelled
        do throws(SocketError) { try await waiting.wait(.wait, until: deadline) } catch {
            queue.withLock { _ = $0.remove(number) }
            if error.reason == .timedOut { end = .timedOut }
        }
        waiting.disarm()
        guard let result = answer.value.withLock({ $0 }) else { throw ResolverError(operation, text, end) }
        return try result.get()
    }

    /// Puts a look-up into the queue, and starts a thread for it if there may be one more.
    ///
    /// - Returns: the number by which it can be taken out again.
    private func submit(_ work: @escaping @Sendable () -> Void) throws(ResolverError.Reason) -> UInt64 {
        try queue.withLock { queue throws(ResolverError.Reason) in
            if queue.running >= maximumThreads {
                if queue.count >= maximumWaiting { throw .tooManyQuestions(queue.count) }
                return queue.add(work)
            }
            let number = queue.add(work)
            do throws(Errno) {
                try Thread.start { [self] in while let work = next() { work() } }
                queue.running += 1
            } catch {
                // A thread that runs comes to it later. Without one it would wait for ever.
                if queue.running == 0, queue.remove(number) { throw .system(error) }
            }
            return number
        }
    }

    /// What a thread does next; nil when there is nothing and it ends.
    private func next() -> (@Sendable () -> Void)? {
        queue.withLock { queue in
            if let work = queue.takeFirst() { return work }
            queue.running -= 1
            return nil
        }
    }

    /// Where a thread leaves its answer.
    private final class Slot<Answer: Sendable>: Sendable {
        let value = Mutex<Result<Answer, ResolverError>?>(nil)
    }
}

/// The look-ups that wait for a thread, oldest first; any of them can be taken out at the same cost.
private struct LookupQueue {
    /// How many threads look something up.
    var running = 0
    private var waiting: [UInt64: @Sendable () -> Void] = [:]
    /// The numbers of those that wait are from here to `end`; where one is missing, it was taken out.
    private var begin: UInt64 = 0
    private var end: UInt64 = 0

    var count: Int { waiting.count }

    mutating func add(_ work: @escaping @Sendable () -> Void) -> UInt64 {
        defer { end += 1 }
        waiting[end] = work
        return end
    }

    /// Whether it was still there.
    mutating func remove(_ number: UInt64) -> Bool { waiting.removeValue(forKey: number) != nil }

    mutating func takeFirst() -> (@Sendable () -> Void)? {
        while begin < end {
            defer { begin += 1 }
            if let work = waiting.removeValue(forKey: begin) { return work }
        }
        return nil
    }
}
