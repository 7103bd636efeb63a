// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

/// A route for every address that no other route leads to.
///
/// C: `route(8)`, `/proc/net/route`, `/proc/net/ipv6_route`.
package struct DefaultRoute: Hashable, Sendable {
    /// The interface that packets leave by.
    package let interface: String
    /// The router that passes them on; nil on a link that needs none.
    package let gateway: IPAddress?
    /// Of several routes the one with the lowest is taken.
    package let metric: UInt32

    /// The default routes of this machine, IPv4's first, each family's in the order in which they are taken.
    ///
    /// - Throws: what the system says of its own tables. A machine without IPv6 has no table of it, and no route.
    package static func all() throws(Errno) -> [DefaultRoute] {
        let ipv4 = parseIPv4(try kernelText(at: "/proc/net/route"))
        let ipv6 = parseIPv6((try? kernelText(at: "/proc/net/ipv6_route")) ?? "")
        return ipv4.sorted { $0.metric < $1.metric } + ipv6.sorted { $0.metric < $1.metric }
    }

    /// RTF_UP, and not RTF_REJECT.
    private static func isUsable(_ flags: UInt32) -> Bool { flags & 0x1 != 0 && flags & 0x200 == 0 }

    /// Columns: interface, destination, gateway, flags, reference count, use, metric, mask, …; addresses as the number
    /// that their four bytes make on this machine, in hexadecimal.
    static func parseIPv4(_ table: String) -> [DefaultRoute] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard columns.count >= 8, columns[1] == "00000000", columns[7] == "00000000",
                let flags = UInt32(columns[3], radix: 16), isUsable(flags),
                let gateway = UInt32(columns[2], radix: 16), let metric = UInt32(columns[6])
            else { return nil }
            return DefaultRoute(
                interface: String(columns[0]),
                gateway: gateway == 0 ? nil : .v4(IPv4Address(rawValue: UInt32(bigEndian: gateway))), metric: metric)
        }
    }

    /// Columns: destination, its prefix length, source, its prefix length, next hop, metric, reference count, use,
    /// flags, interface; all but the last in hexadecimal.
    static func parseIPv6(_ table: String) -> [DefaultRoute] {
        table.split(separator: "\n").compactMap { line in
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard columns.count == 10, UInt128(columns[0], radix: 16) == 0, columns[1] == "00",
                let flags = UInt32(columns[8], radix: 16), isUsable(flags),
                let gateway = UInt128(columns[4], radix: 16), let metric = UInt32(columns[5], radix: 16)
            else { return nil }
            return DefaultRoute(
                interface: String(columns[9]), gateway: gateway == 0 ? nil : .v6(IPv6Address(rawValue: gateway)),
                metric: metric)
        }
    }
}
