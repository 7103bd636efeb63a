// SPDX-License-Identifier: Apache-2.0
public import Sockets

extension DatagramSocket {
    /// Opens a socket at an address; the caller closes it. ``withDatagramSocket(on:options:loop:_:)`` does both, and
    /// says what endpoints there are.
    ///
    /// - Throws: as ``withDatagramSocket(on:options:loop:_:)``. A descriptor that could not be taken over stays the
    ///   caller's.
    ///
    /// C: `socket(2)`, `bind(2)`.
    public convenience init(
        on endpoint: some EndpointConvertible, options: Options = Options(), loop: EventLoop? = nil
    ) async throws(SocketError) {
        let loop = try EventLoop.forCaller(loop, .bind)
        let target = try DatagramTarget(endpoint, for: .bind)
        try Self.check(options, target)
        let transport = try await loop.run(async: { () async throws(SocketError) in
            let transport = try await Self.open(target, options, on: loop)
            do throws(SocketError) {
                if let group = target.group { try transport.enter(group, target) }
                return transport
            } catch {
                transport.close()
                throw error
            }
        })
        self.init(transport, maximumLength: options.maximumLength)
    }

    /// Opens a socket with a peer; the caller closes it. ``withDatagramSocket(to:from:options:loop:_:)`` does both.
    ///
    /// - Throws: as ``withDatagramSocket(to:from:options:loop:_:)``.
    ///
    /// C: `socket(2)`, `connect(2)`.
    public convenience init(
        to endpoint: some EndpointConvertible, from source: SocketAddress? = nil, options: Options = Options(),
        loop: EventLoop? = nil
    ) async throws(SocketError) {
        let loop = try EventLoop.forCaller(loop, .connect)
        let target = try DatagramTarget(endpoint, for: .connect)
        try Self.check(options, target)
        let transport = try await loop.run(async: { () async throws(SocketError) in
            try await Self.connect(target, from: source, options, on: loop)
        })
        self.init(transport, maximumLength: options.maximumLength)
    }

    private static func check(_ options: Options, _ target: DatagramTarget) throws(SocketError) {
        if options.maximumLength < 1 {
            let text = "at most \(options.maximumLength) bytes can't be received"
            throw SocketError(.open, .invalid(text), subject: target.text)
        }
    }

    private static nonisolated(nonsending) func open(
        _ target: DatagramTarget, _ options: Options, on loop: EventLoop
    ) async throws(SocketError) -> any DatagramTransport {
        if let descriptor = target.descriptor { return try loop.driver.adoptDatagrams(descriptor) }
        var failure = SocketError(.bind, .invalid("it has no address"), subject: target.text)
        for address in try await target.addresses(isPassive: true, on: loop) {
            do throws(SocketError) { return try loop.driver.openDatagrams(at: address, options: options) } catch {
                failure = error
            }
        }
        throw failure
    }

    private static nonisolated(nonsending) func connect(
        _ target: DatagramTarget, from source: SocketAddress?, _ options: Options, on loop: EventLoop
    ) async throws(SocketError) -> any DatagramTransport {
        var failure = SocketError(.connect, .invalid("it has no address"), subject: target.text)
        for address in try await target.addresses(isPassive: false, on: loop) {
            do throws(SocketError) {
                let own = if let source { source } else { try address.anyOfItsFamily }
                let transport = try loop.driver.openDatagrams(at: own, options: options)
                do throws(SocketError) {
                    if target.group != nil { try transport.leadTo(target) }
                    try transport.connect(to: address)
                    return transport
                } catch {
                    transport.close()
                    throw error
                }
            } catch {
                failure = error
            }
        }
        throw failure
    }
}

extension DatagramTransport {
    /// Joins the group that an endpoint is.
    fileprivate func enter(_ group: IPAddress, _ target: DatagramTarget) throws(SocketError) {
        let interface = try leadTo(target)
        try join(MulticastMembership(group: group, interface: interface, source: try target.source))
    }

    /// Sends to groups as the endpoint's options say; the interface's number, 0 for none.
    @discardableResult
    fileprivate func leadTo(_ target: DatagramTarget) throws(SocketError) -> UInt32 {
        let isIPv6 = localAddress.family == .ipv6
        var index: UInt32 = 0
        if let name = target.interface {
            index = try InterfaceIndex.of(name)
            if isIPv6 {
                try set(.ipv6MulticastInterface, to: Int(index))
            } else {
                try set(.multicastInterface, to: MulticastInterface(index: index))
            }
        }
        if let hops = try target.timeToLive {
            try set(isIPv6 ? .ipv6MulticastHops : .multicastTimeToLive, to: hops)
        }
        return index
    }
}

extension SocketAddress {
    /// Where a socket is bound to that is to reach this address: the system chooses what it can.
    fileprivate var anyOfItsFamily: SocketAddress {
        get throws(SocketError) {
            switch self {
            case .ipv4: return .any(0)
            case .ipv6: return .ipv6(.any, 0, flowInfo: 0)
            case .unix: return .unix(.unnamed)
            case .other: throw SocketError(.connect, .invalid("it has no local address"), subject: "\(self)")
            }
        }
    }
}
