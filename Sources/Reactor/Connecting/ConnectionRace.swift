// SPDX-License-Identifier: Apache-2.0
//
// Facts:    what happens in a race comes in any order: answers of the resolver, failures, a success, the end of a
//           delay.
// Decision: one task decides and its children wait; each child ends with one event. A delay that something else has
//           overtaken goes on, and its event is known by its number to be of no interest. The winner cancels the
//           group; a child that succeeds after that is closed when the group is emptied, before the call returns.
// Cost:     a task for each look-up, attempt and delay. A single known address has no race and needs none.
import Sockets

/// The rules of RFC 8305 for one connection. All of it happens on one loop.
struct ConnectionRace {
    private enum Event: Sendable {
        case answered(AddressFamily, Result<[Resolver.Answer], ResolverError>)
        case waitedForAnswers
        case headStartIsOver(of: Int)
        case failed(Int, SocketError.Reason)
        case connected(Connection)
    }

    /// One address that was tried, or passed over; without a reason for as long as nobody knows.
    private struct Attempt {
        let address: SocketAddress
        let started: Duration
        var reason: SocketError.Reason?
        /// Whether the system was asked at all.
        var wasMade = true
    }

    private let attempts: ConnectionAttempts
    private var order: AddressOrder
    private var tried: [Attempt] = []
    private var underWay = 0
    /// Look-ups that have not come back.
    private var unanswered = 0
    private var failedAnswers: [ResolverError] = []
    /// Whether trying may begin: the families that are missing have had their time.
    private var hasAnswers = false
    /// Whether the last attempt has had its head start, or has failed.
    private var mayBeginNext = true

    private init(_ attempts: ConnectionAttempts) {
        self.attempts = attempts
        let isName = if case .name = attempts.target.question { true } else { false }
        order = AddressOrder(
            firstFamilyCount: attempts.connector.firstFamilyCount, preferring: isName ? .ipv6 : nil)
    }

    /// Runs a race to its end: nothing of it is left when this returns.
    static nonisolated(nonsending) func run(_ attempts: ConnectionAttempts) async throws(SocketError) -> Connection {
        let result = await withTaskGroup(of: Event.self) { group -> Result<Connection, SocketError> in
            var race = ConnectionRace(attempts)
            let winner = await race.run(in: &group)
            let failure = race.failure
            group.cancelAll()
            for await event in group {
                if case .connected(let loser) = event { loser.close() }
            }
            return winner.map { .success($0) } ?? .failure(failure)
        }
        return try result.get()
    }

    private mutating nonisolated(nonsending) func run(in group: inout TaskGroup<Event>) async -> Connection? {
        ask(in: &group)
        beginNext(in: &group)
        while !attempts.isOver, underWay + unanswered > 0, let event = await group.next() {
            switch event {
            case .connected(let connection): return connection
            case .failed(let index, let reason):
                underWay -= 1
                tried[index].reason = reason
                mayBeginNext = true
            case .headStartIsOver(let index): if index == tried.count - 1 { mayBeginNext = true }
            case .answered(let family, let answer): take(answer, of: family, in: &group)
            case .waitedForAnswers: hasAnswers = true
            }
            if !attempts.isOver { beginNext(in: &group) }
        }
        return nil
    }

    // MARK: Names

    /// Puts the question: for each family one of its own, so that a server that is silent about one does not hold up
    /// the other.
    private mutating func ask(in group: inout TaskGroup<Event>) {
        let (name, port): (String, Port)
        switch attempts.target.question {
        case .addresses(let addresses):
            // The caller's order, and not one of families.
            order = AddressOrder(keeping: addresses)
            hasAnswers = true
            return
        case .name(let host, let number): (name, port) = (host, number)
        }
        let wanted = attempts.connector.family
        let families: [AddressFamily] = wanted == .unspecified ? [.ipv6, .ipv4] : [wanted]
        for family in families {
            unanswered += 1
            let question = NameQuestion(name, port, family: family)
            group.addTask(executorPreference: attempts.loop) { [attempts] in
                let names = attempts.loop.world.names
                do throws(ResolverError) {
                    return .answered(
                        family,
                        .success(try await names.addresses(of: question, until: attempts.deadline, on: attempts.loop)))
                } catch {
                    return .answered(family, .failure(error))
                }
            }
        }
    }

    private mutating func take(
        _ answer: Result<[Resolver.Answer], ResolverError>, of family: AddressFamily, in group: inout TaskGroup<Event>
    ) {
        unanswered -= 1
        switch answer {
        case .success(let answers): order.add(answers.distinctAddresses)
        case .failure(let error): failedAnswers.append(error)
        }
        if unanswered == 0 || family == .ipv6 && !order.isEmpty {
            hasAnswers = true
        } else if !order.isEmpty {
            wait(for: attempts.connector.resolutionDelay, then: .waitedForAnswers, in: &group)
        }
    }

    // MARK: Attempts

    /// Begins the next attempt, if its time has come.
    private mutating func beginNext(in group: inout TaskGroup<Event>) {
        while hasAnswers, mayBeginNext, let address = order.next() {
            let started = attempts.start.duration(to: attempts.loop.world.now())
            if let obstacle = attempts.obstacle(to: address) {
                tried.append(Attempt(address: address, started: started, reason: obstacle, wasMade: false))
                continue
            }
            let index = tried.count
            tried.append(Attempt(address: address, started: started))
            underWay += 1
            mayBeginNext = false
            group.addTask(executorPreference: attempts.loop) { [attempts] in
                do throws(SocketError) { return .connected(try await attempts.connect(to: address)) } catch {
                    return .failed(index, error.reason)
                }
            }
            if let delay = attempts.connector.attemptDelay, !order.isEmpty || unanswered > 0 {
                wait(for: delay, then: .headStartIsOver(of: index), in: &group)
            }
        }
    }

    private func wait(for delay: Duration, then event: Event, in group: inout TaskGroup<Event>) {
        group.addTask(executorPreference: attempts.loop) { [loop = attempts.loop] in
            // Whatever ends it early is seen by whoever gets the event.
            try? await loop.sleep(for: delay)
            return event
        }
    }

    // MARK: The end

    /// Why nobody has won.
    private var failure: SocketError {
        let (target, connector) = (attempts.target, attempts.connector)
        if Task.isCancelled { return SocketError(.connect, .cancelled, subject: target.text) }
        let isLate = attempts.loop.world.now() >= attempts.deadline
        let told = tried.map {
            SocketError.Attempt(address: $0.address, started: $0.started, reason: $0.reason ?? .timedOut)
        }
        let reason: SocketError.Reason =
            if isLate {
                .timedOut
            } else if let last = tried.last(where: \.wasMade)?.reason {
                last
            } else if let source = connector.source, !tried.isEmpty {
                .invalid("no address is of the family of the source \(source)")
            } else if !tried.isEmpty {
                .invalid("no address is \(connector.family)")
            } else {
                resolverFailure.map { .unresolved($0) } ?? .invalid("there is no address to connect to")
            }
        return SocketError(.connect, reason, subject: target.text, attempts: told.count > 1 ? told : [])
    }

    /// Of the families' failures the one that says most: that a name has no address of one family says little.
    private var resolverFailure: ResolverError? {
        failedAnswers.first { $0.reason != .noData } ?? failedAnswers.first
    }
}
