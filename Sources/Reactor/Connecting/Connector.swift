// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Connects to whichever address of a name answers first: "happy eyeballs". A family or an address that does not work
/// costs a quarter of a second, and not the half minute that the system would wait for it.
///
/// ```swift
/// let connector = Connector(timeout: .seconds(5), attemptDelay: .milliseconds(100))
/// let connection = try await connector.connect(to: "example.test:80")
/// defer { connection.close() }
/// ```
/// Both families are looked up at once, and trying begins with the first answer: an IPv4 one waits for the IPv6 one for
/// ``resolutionDelay`` at most. The families take turns, IPv6 first. Each attempt has a head start of ``attemptDelay``
/// over the next, which begins at once when one fails. The first that succeeds wins; the others are cancelled, and
/// their sockets are closed when the call returns. The names come from the loop's ``World``, and so does the time.
///
/// RFC 8305. ``withConnection(to:timeout:from:on:_:)`` is the simple face of it.
public struct Connector: Hashable, Sendable {
    /// What ``attemptDelay`` may be: less would flood a network that is merely slow, more is what it is there to avoid.
    /// RFC 8305 §8.
    public static let attemptDelays: ClosedRange<Duration> = .milliseconds(10) ... .seconds(2)

    /// The most that looking up and connecting may take together.
    public let timeout: Duration
    /// The head start of an attempt over the next; nil to try one after the other. RFC 8305 §5.
    public let attemptDelay: Duration?
    /// How long the IPv4 addresses of a name wait for the IPv6 ones. RFC 8305 §3.
    public let resolutionDelay: Duration
    /// How many addresses of the first family are tried before the first one of the other. RFC 8305 §4.
    public let firstFamilyCount: Int
    /// The local address to connect from. Addresses of another family are passed over, which an error then tells.
    public let source: SocketAddress?
    /// The only family to be looked up and tried; `.unspecified` for all.
    public let family: AddressFamily

    /// A connector.
    ///
    /// - Parameters:
    ///   - timeout: the most that looking up and connecting may take together.
    ///   - attemptDelay: the head start of an attempt over the next, moved into ``attemptDelays``; nil to try one after
    ///     the other.
    ///   - resolutionDelay: how long IPv4 addresses wait for IPv6 ones.
    ///   - firstFamilyCount: how many addresses of the first family come before the other; at least 1.
    ///   - source: the local address to connect from; with port 0 the system picks the port.
    ///   - family: the only family to be looked up and tried; unless given that of the source, or all.
    public init(
        timeout: Duration = .seconds(10), attemptDelay: Duration? = .milliseconds(250),
        resolutionDelay: Duration = .milliseconds(50), firstFamilyCount: Int = 1, from source: SocketAddress? = nil,
        family: AddressFamily = .unspecified
    ) {
        self.timeout = timeout
        let range = Self.attemptDelays
        self.attemptDelay = attemptDelay.map { min(max($0, range.lowerBound), range.upperBound) }
        self.resolutionDelay = max(.zero, resolutionDelay)
        self.firstFamilyCount = max(1, firstFamilyCount)
        self.source = source
        self.family = family == .unspecified ? source?.family ?? family : family
    }

    /// Connects to an endpoint of TCP or to a UNIX path. Whoever calls closes the connection.
    ///
    /// - Parameter loop: the loop that the connection then belongs to; the task's own, else one of the process's.
    /// - Throws: `.address`, `.unresolved`, `.timedOut`, `.cancelled`, ``SocketError/isConnectionRefused``, …; with
    ///   ``SocketError/attempts`` where there was more than one address. No socket is left behind.
    public nonisolated(nonsending) func connect(
        to endpoint: some EndpointConvertible, on loop: EventLoop? = nil
    ) async throws(SocketError) -> Connection {
        let loop = try EventLoop.forCaller(loop, .connect)
        return try await race(to: try StreamTarget(connecting: endpoint), on: loop)
    }

    /// Connects to whichever of these addresses answers first. They are tried in this order;
    /// ``interleaved(_:firstFamilyCount:)`` gives the order of RFC 8305.
    ///
    /// - Throws: as ``connect(to:on:)``; `.invalid` for an empty list.
    public nonisolated(nonsending) func connect(
        toFirstOf addresses: [SocketAddress], on loop: EventLoop? = nil
    ) async throws(SocketError) -> Connection {
        let loop = try EventLoop.forCaller(loop, .connect)
        let text = addresses.count == 1 ? addresses.first.map { "\($0)" } : "\(addresses.count) addresses"
        return try await race(to: StreamTarget(text: text ?? "", question: .addresses(addresses)), on: loop)
    }

    /// The order in which to try addresses: the families in turns, that of the first address first.
    ///
    /// RFC 8305 §4.
    public static func interleaved(_ addresses: [SocketAddress], firstFamilyCount: Int = 1) -> [SocketAddress] {
        var order = AddressOrder(firstFamilyCount: firstFamilyCount)
        order.add(addresses)
        var result: [SocketAddress] = []
        while let address = order.next() { result.append(address) }
        return result
    }

    /// The attempts of a race are children, and on the loop because their parent prefers it: to be there by an actor is
    /// not enough.
    private nonisolated(nonsending) func race(
        to target: StreamTarget, on loop: EventLoop
    ) async throws(SocketError) -> Connection {
        try await loop.run(async: { () async throws(SocketError) in try await raceThere(to: target, on: loop) })
    }

    private nonisolated(nonsending) func raceThere(
        to target: StreamTarget, on loop: EventLoop
    ) async throws(SocketError) -> Connection {
        let start = loop.world.now()
        let attempts = ConnectionAttempts(
            connector: self, target: target, loop: loop, start: start,
            deadline: Deadline.earliest(start.advanced(by: timeout)))
        // Nothing to race: no other task is needed.
        if case .addresses(let addresses) = target.question, addresses.count == 1, let only = addresses.first,
            attempts.obstacle(to: only) == nil
        {
            return try await attempts.connect(to: only)
        }
        return try await ConnectionRace.run(attempts)
    }
}

/// Where a stream leads, or listens.
struct StreamTarget: Sendable {
    enum Question: Sendable {
        case addresses([SocketAddress])
        case name(String, Port)
    }

    /// What errors name.
    let text: String
    let question: Question

    init(text: String, question: Question) {
        self.text = text
        self.question = question
    }

    /// Where an endpoint leads that a stream can be connected to.
    init(connecting convertible: some EndpointConvertible) throws(SocketError) {
        let endpoint: Endpoint
        do throws(AddressError) { endpoint = try convertible.endpoint() } catch {
            throw SocketError(.connect, .address(error))
        }
        text = "\(endpoint)"
        guard endpoint.scheme == .tcp || endpoint.scheme == .unix else {
            throw SocketError(.connect, .invalid("\(endpoint.scheme.rawValue) is no plain stream"), subject: text)
        }
        if case .host(.name(let name), let port) = endpoint.target {
            question = .name(name.text, port)
        } else {
            question = .addresses(try SocketAddress.connecting(to: endpoint))
        }
    }
}
