// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Where an endpoint says to listen, names looked up.
struct ListenTarget: Sendable {
    enum Place: Sendable {
        /// The first of these that can be had.
        case addresses([SocketAddress])
        /// All of these, which listen already.
        case descriptors([Int32])
    }

    /// What errors name.
    let text: String
    let place: Place

    /// The most that looking up the name may take.
    private static let patience = Duration.seconds(30)

    init(_ convertible: some EndpointConvertible, on loop: EventLoop) async throws(SocketError) {
        let endpoint = try Self.endpoint(convertible)
        guard case .host(.name(let name), let port) = endpoint.target else {
            self = try ListenTarget(known: endpoint)
            return
        }
        text = "\(endpoint)"
        try Self.checkScheme(of: endpoint)
        do throws(ResolverError) {
            let found = try await AsyncResolver(on: loop).addresses(of: name.text, port: port, within: Self.patience)
            place = .addresses(AddressOrder.forListening(found))
        } catch {
            throw SocketError(.listen, SocketError.Reason(error), subject: text)
        }
    }

    /// The same at once, where no name has to be looked up.
    ///
    /// - Throws: `.address`; `.invalid` for a name, and for what no stream listens at.
    init(known convertible: some EndpointConvertible) throws(SocketError) {
        let endpoint = try Self.endpoint(convertible)
        text = "\(endpoint)"
        if let numbers = try InheritedSockets.descriptors(of: endpoint, for: .listen) {
            place = .descriptors(numbers)
            return
        }
        try Self.checkScheme(of: endpoint)
        if case .host(.name, _) = endpoint.target {
            throw SocketError(.listen, .invalid("a name would have to be looked up: give an address"), subject: text)
        }
        place = .addresses(try SocketAddress.listening(on: endpoint))
    }

    private static func endpoint(_ convertible: some EndpointConvertible) throws(SocketError) -> Endpoint {
        do throws(AddressError) { return try convertible.endpoint() } catch {
            throw SocketError(.listen, .address(error))
        }
    }

    private static func checkScheme(of endpoint: Endpoint) throws(SocketError) {
        if endpoint.scheme == .tcp || endpoint.scheme == .unix { return }
        let text = "\(endpoint.scheme.rawValue) is no plain stream"
        throw SocketError(.listen, .invalid(text), subject: "\(endpoint)")
    }

    /// Listens; never empty. Called on the loop. If it throws nothing is left that listens, but for descriptors that
    /// were inherited and not taken.
    func listen(backlog: Int, reusesPort: Bool, on loop: EventLoop) throws(SocketError) -> [any Acceptor] {
        switch place {
        case .addresses(let addresses):
            return [try listen(atFirstOf: addresses, backlog: backlog, reusesPort: reusesPort, on: loop)]
        case .descriptors(let numbers):
            var acceptors: [any Acceptor] = []
            do throws(SocketError) {
                for number in numbers {
                    let socket = try InheritedSockets.takeListener(number, subject: text)
                    acceptors.append(try loop.driver.adopt(listening: socket))
                }
            } catch {
                for acceptor in acceptors { acceptor.close() }
                throw error
            }
            return acceptors
        }
    }

    private func listen(
        atFirstOf addresses: [SocketAddress], backlog: Int, reusesPort: Bool, on loop: EventLoop
    ) throws(SocketError) -> any Acceptor {
        var attempts: [SocketError.Attempt] = []
        var failure = SocketError(.listen, .invalid("there is no address to listen at"))
        let start = loop.world.now()
        for address in addresses {
            let begun = start.duration(to: loop.world.now())
            do throws(SocketError) {
                return try loop.driver.listen(at: address, backlog: backlog, reusesPort: reusesPort)
            } catch {
                attempts.append(.init(address: address, started: begun, reason: error.reason))
                failure = error
            }
        }
        if attempts.count < 2 { throw failure }
        throw SocketError(.listen, failure.reason, subject: text, attempts: attempts, holder: failure.holder)
    }
}

extension SocketError.Reason {
    /// What a resolver's error means to an operation that needed a name.
    init(_ error: ResolverError) {
        switch error.reason {
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        default: self = .unresolved(error)
        }
    }
}
