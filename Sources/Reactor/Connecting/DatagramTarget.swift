// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// An endpoint, read as where datagrams go or arrive. One without a scheme is UDP here, and `unix:` means datagrams.
struct DatagramTarget: Sendable {
    private let endpoint: Endpoint
    private let operation: SocketError.Operation

    init(_ endpoint: some EndpointConvertible, for operation: SocketError.Operation) throws(SocketError) {
        do throws(AddressError) { self.endpoint = try endpoint.endpoint() } catch {
            throw SocketError(operation, .address(error))
        }
        self.operation = operation
        guard [.tcp, .udp, .unix, .unixDatagram, .descriptor].contains(self.endpoint.scheme) else {
            let text = "\(self.endpoint.scheme.rawValue) carries no datagrams"
            throw SocketError(operation, .invalid(text), subject: "\(self.endpoint)")
        }
    }

    /// As it was written.
    var text: String { "\(endpoint)" }

    /// The descriptor, for an endpoint that is one.
    var descriptor: FileDescriptor? {
        if case .descriptor(let number) = endpoint.target { FileDescriptor(rawValue: number) } else { nil }
    }

    /// The multicast group, for an endpoint that is one.
    var group: IPAddress? {
        if case .host(.address(let address), _) = endpoint.target, address.isMulticast { address } else { nil }
    }

    /// The interface of the option `iface`.
    var interface: String? { endpoint.option("iface") }

    /// The address of the option `source`.
    var source: IPAddress? {
        get throws(SocketError) {
            guard let text = endpoint.option("source") else { return nil }
            do throws(AddressError) { return try IPAddress(text) } catch {
                throw SocketError(operation, .address(error), subject: self.text)
            }
        }
    }

    /// The number of the option `ttl`.
    var timeToLive: Int? {
        get throws(SocketError) {
            guard let text = endpoint.option("ttl") else { return nil }
            guard let number = UInt8(text) else {
                throw SocketError(operation, .invalid("ttl must be a number from 0 to 255"), subject: self.text)
            }
            return Int(number)
        }
    }

    /// Its addresses, in the order in which to try them. A name is looked up on a thread of its own.
    ///
    /// - Parameter isPassive: to receive at, where IPv4 comes first and a wildcard makes sense.
    nonisolated(nonsending) func addresses(
        isPassive: Bool, on loop: EventLoop
    ) async throws(SocketError) -> [SocketAddress] {
        if case .descriptor = endpoint.target {
            throw SocketError(operation, .invalid("a descriptor has no address"), subject: text)
        }
        guard case .host(.name(let name), let port) = endpoint.target else {
            do throws(SocketError) {
                if isPassive { return try SocketAddress.listening(on: endpoint) }
                return try SocketAddress.known(endpoint, for: operation) ?? []
            } catch {
                throw SocketError(operation, error.reason, subject: text)
            }
        }
        do throws(ResolverError) {
            let resolver = AsyncResolver(on: loop)
            let all = try await resolver.addresses(of: name.text, port: port, kind: .datagram)
            return isPassive ? AddressOrder.forListening(all) : all
        } catch {
            throw SocketError(operation, SocketError.Reason(error), subject: text)
        }
    }
}
