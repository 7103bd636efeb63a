// SPDX-License-Identifier: Apache-2.0
//
// Facts:    getaddrinfo(3) blocks, for half a minute if a name server is silent, and can't be interrupted.
// Decision: it runs on a pool of its own, so that a silent name server does not hold up files, nor they names. What is
//           over the pool's limit fails at once, rather than to wait for what can't come in time anyway.
// Cost:     a look-up that has begun keeps its thread until the system gives up.
public import Sockets

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

    private let pool: BlockingPool
    private let lookUpAddresses: AddressLookup
    private let lookUpName: NameLookup

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
        pool = BlockingPool(maximumThreads: max(1, maximumThreads), maximumQueued: max(0, maximumWaiting))
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

    /// How many questions are asked at a time.
    public var maximumThreads: Int { pool.maximumThreads }
    /// How many more may wait.
    public var maximumWaiting: Int { pool.maximumQueued }

    /// How many questions are being asked, and how many wait. Any thread may ask.
    public var load: (running: Int, waiting: Int) {
        let load = pool.load
        return (load.threads - load.idle, load.queued)
    }

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
        let outcome: Result<Answer, ResolverError>
        do throws(SocketError) { outcome = try await pool.outcome(on: loop, until: deadline, lookUp) } catch {
            let reason: ResolverError.Reason =
                switch error.reason {
                case .timedOut: .timedOut
                case .limitReached(let limit): .tooManyQuestions(limit)
                case .system(let number): .system(number)
                default: .cancelled
                }
            throw ResolverError(operation, text, reason)
        }
        return try outcome.get()
    }
}
