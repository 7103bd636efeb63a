// SPDX-License-Identifier: Apache-2.0

/// What a network interface is and does at the moment.
///
/// C: `IFF_…`, `netdevice(7)`.
public struct InterfaceFlags: OptionSet, Hashable, Sendable {
    /// The system's bits.
    public let rawValue: UInt32

    /// Any bits: what the system has and this type does not name is kept.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Somebody has turned it on. C: `IFF_UP`.
    public static let up = InterfaceFlags(rawValue: 0x1)
    /// It reaches every host on its wire with one packet. C: `IFF_BROADCAST`.
    public static let broadcast = InterfaceFlags(rawValue: 0x2)
    /// Its driver says more than usual. C: `IFF_DEBUG`.
    public static let debug = InterfaceFlags(rawValue: 0x4)
    /// It leads back to this machine. C: `IFF_LOOPBACK`.
    public static let loopback = InterfaceFlags(rawValue: 0x8)
    /// It leads to one peer. C: `IFF_POINTOPOINT`.
    public static let pointToPoint = InterfaceFlags(rawValue: 0x10)
    /// Packets can pass: the driver has what it needs. C: `IFF_RUNNING`.
    public static let running = InterfaceFlags(rawValue: 0x40)
    /// It asks nobody for hardware addresses. C: `IFF_NOARP`.
    public static let noARP = InterfaceFlags(rawValue: 0x80)
    /// It takes in every packet on the wire. C: `IFF_PROMISC`.
    public static let promiscuous = InterfaceFlags(rawValue: 0x100)
    /// It takes in every multicast packet. C: `IFF_ALLMULTI`.
    public static let allMulticast = InterfaceFlags(rawValue: 0x200)
    /// It commands others (a bond, a bridge). C: `IFF_MASTER`.
    public static let master = InterfaceFlags(rawValue: 0x400)
    /// Another one commands it. C: `IFF_SLAVE`.
    public static let slave = InterfaceFlags(rawValue: 0x800)
    /// It can multicast. C: `IFF_MULTICAST`.
    public static let multicast = InterfaceFlags(rawValue: 0x1000)
    /// It can choose its kind of plug. C: `IFF_PORTSEL`.
    public static let portSelection = InterfaceFlags(rawValue: 0x2000)
    /// It chooses its kind of plug by itself. C: `IFF_AUTOMEDIA`.
    public static let autoMedia = InterfaceFlags(rawValue: 0x4000)
    /// Its addresses go when it goes down. C: `IFF_DYNAMIC`.
    public static let dynamic = InterfaceFlags(rawValue: 0x8000)
    /// The wire is plugged in and there is a signal. C: `IFF_LOWER_UP`.
    public static let lowerUp = InterfaceFlags(rawValue: 0x10000)
    /// It waits for somebody (a supplicant) to let it. C: `IFF_DORMANT`.
    public static let dormant = InterfaceFlags(rawValue: 0x20000)
    /// It hears what it sends. C: `IFF_ECHO`.
    public static let echo = InterfaceFlags(rawValue: 0x40000)
}

extension InterfaceFlags: CustomStringConvertible {
    /// The names of those that are set, in the order of their bits: `up broadcast running`.
    public var description: String {
        var unnamed = rawValue
        var words: [String] = []
        for (flag, name) in Self.names where contains(flag) {
            words.append(name)
            unnamed &= ~flag.rawValue
        }
        if unnamed != 0 { words.append("0x" + String(unnamed, radix: 16)) }
        return words.joined(separator: " ")
    }

    private static let names: [(InterfaceFlags, String)] = [
        (.up, "up"), (.broadcast, "broadcast"), (.debug, "debug"), (.loopback, "loopback"),
        (.pointToPoint, "point-to-point"), (.running, "running"), (.noARP, "no-arp"), (.promiscuous, "promiscuous"),
        (.allMulticast, "all-multicast"), (.master, "master"), (.slave, "slave"), (.multicast, "multicast"),
        (.portSelection, "port-selection"), (.autoMedia, "auto-media"), (.dynamic, "dynamic"), (.lowerUp, "lower-up"),
        (.dormant, "dormant"), (.echo, "echo"),
    ]
}
