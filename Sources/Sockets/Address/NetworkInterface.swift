// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// A network card, or what acts like one: what it was when it was asked for.
/// ```swift
/// for interface in try NetworkInterface.all() where interface.isUp && !interface.isLoopback {
///     print(interface.name, interface.hardwareAddress?.description ?? "-", interface.addresses)
/// }
/// try NetworkInterface.named("eth0").setUp(false)      // needs the right to do so
/// ```
///
/// C: `getifaddrs(3)`, `netdevice(7)`.
public struct NetworkInterface: Hashable, Sendable {
    /// The name, as programs and people use it: `lo`, `eth0`.
    public let name: String
    /// The number that the system knows it by: the scope of a link-local address.
    public let index: UInt32
    /// What it is and does.
    public let flags: InterfaceFlags
    /// The longest packet that it carries, in bytes.
    public let mtu: Int
    /// The card's own address; nil where there is no such thing (a tunnel).
    public let hardwareAddress: HardwareAddress?
    /// Its addresses, in the system's order: IPv4 first.
    public let addresses: [Address]

    /// One address that an interface was given.
    public struct Address: Hashable, Sendable, CustomStringConvertible {
        /// The address. A link-local one has the interface as its scope.
        public let ip: IPAddress
        /// The network that can be reached without a router, and its mask.
        public let network: IPNetwork
        /// What reaches every host of the network, where the interface was given such an address.
        public let broadcast: IPv4Address?
        /// The other end, where there is but one.
        public let peer: IPAddress?

        /// Address and prefix length, as `ip addr` writes them: `127.0.0.1/8`.
        public var description: String { "\(ip)/\(network.prefixLength)" }
    }

    /// Whether it leads back to this machine.
    public var isLoopback: Bool { flags.contains(.loopback) }

    /// Whether somebody has turned it on. Packets pass when `flags` has `.running` too.
    public var isUp: Bool { flags.contains(.up) }

    /// Every interface of this machine (of this network namespace), ordered by index.
    ///
    /// One that goes away while it is being asked about is left out.
    ///
    /// - Throws: ``InterfaceError`` with `.system`: no descriptor or memory left.
    ///
    /// C: `getifaddrs(3)`, `ioctl(2)` with `SIOCGIFMTU`.
    public static func all() throws(InterfaceError) -> [NetworkInterface] {
        do throws(Errno) {
            return try SystemCalls.interfaces()
        } catch {
            throw InterfaceError(.list, "", .system(error))
        }
    }

    /// The interface of this name.
    ///
    /// - Throws: ``InterfaceError`` with `.notFound`, `.invalidName`, `.system`.
    ///
    /// C: `getifaddrs(3)`.
    public static func named(_ name: String) throws(InterfaceError) -> NetworkInterface {
        guard isName(name) else { throw InterfaceError(.find, name, .invalidName) }
        guard let found = try all().first(where: { $0.name == name }) else {
            throw InterfaceError(.find, name, .notFound)
        }
        return found
    }

    /// Number and name of every interface, without asking for more. Python's `if_nameindex`.
    ///
    /// - Throws: ``InterfaceError`` with `.system`.
    ///
    /// C: `if_nameindex(3)`.
    public static func names() throws(InterfaceError) -> [(index: UInt32, name: String)] {
        do throws(Errno) {
            return try SystemCalls.interfaceNames()
        } catch {
            throw InterfaceError(.list, "", .system(error))
        }
    }

    /// The number of an interface. Python's `if_nametoindex`.
    ///
    /// - Throws: ``InterfaceError`` with `.notFound`, `.invalidName`, `.system`.
    ///
    /// C: `if_nametoindex(3)`.
    public static func index(of name: String) throws(InterfaceError) -> UInt32 {
        guard isName(name) else { throw InterfaceError(.find, name, .invalidName) }
        do throws(Errno) {
            return try SystemCalls.interfaceIndex(of: name)
        } catch {
            throw InterfaceError(.find, name, Self.reason(error))
        }
    }

    /// The name of an interface. Python's `if_indextoname`.
    ///
    /// - Throws: ``InterfaceError`` with `.notFound`, `.system`.
    ///
    /// C: `if_indextoname(3)`.
    public static func name(of index: UInt32) throws(InterfaceError) -> String {
        do throws(Errno) {
            return try SystemCalls.interfaceName(of: index)
        } catch {
            throw InterfaceError(.find, "\(index)", Self.reason(error))
        }
    }

    /// Turns the interface on or off, as `ip link set NAME up` does. This value stays as it was: ask again to see.
    ///
    /// Turning one off takes its routes and its IPv6 addresses with it; they do not come back by themselves.
    ///
    /// - Throws: ``InterfaceError`` with `.system(.notPermitted)` without the right to do so (`CAP_NET_ADMIN`),
    ///   `.notFound` when it has gone away, `.system`.
    ///
    /// C: `ioctl(2)` with `SIOCSIFFLAGS`.
    public func setUp(_ isUp: Bool) throws(InterfaceError) {
        do throws(Errno) {
            try SystemCalls.setInterface(name, up: isUp)
        } catch {
            throw InterfaceError(isUp ? .setUp : .setDown, name, Self.reason(error))
        }
    }

    private static func reason(_ error: Errno) -> InterfaceError.Reason {
        error == .noSuchAddressOrDevice || error == .operationNotSupportedByDevice ? .notFound : .system(error)
    }

    /// What the kernel allows; C would cut a longer one, and find another interface.
    private static func isName(_ name: String) -> Bool {
        (1...maximumInterfaceNameLength).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
    }
}

extension NetworkInterface: CustomStringConvertible {
    /// One line: `eth0 (2): up broadcast running multicast, mtu 1500, 02:fc:00:00:00:01, 192.0.2.2/24`.
    public var description: String {
        let parts = ["\(flags)", "mtu \(mtu)", hardwareAddress?.description] + addresses.map(\.description)
        return "\(name) (\(index)): \(parts.compactMap(\.self).joined(separator: ", "))"
    }
}
