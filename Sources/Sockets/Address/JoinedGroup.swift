// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// A multicast group that this machine has joined on an interface.
///
/// C: `/proc/net/igmp`, `/proc/net/igmp6`.
package struct JoinedGroup: Hashable, Sendable {
    /// The interface.
    package let interface: String
    /// The group.
    package let group: IPAddress

    /// The groups of this machine, IPv4's first, in the order of the tables.
    ///
    /// A kernel without multicast has no table, and no group.
    package static func all() -> [JoinedGroup] {
        parseIPv4((try? kernelText(at: "/proc/net/igmp")) ?? "")
            + parseIPv6((try? kernelText(at: "/proc/net/igmp6")) ?? "")
    }

    /// A line for an interface (`4 eth0 : 1 V3`), then one for each of its groups, which begins with a tab and the
    /// number that the address's four bytes make on this machine.
    static func parseIPv4(_ table: String) -> [JoinedGroup] {
        var interface: String?
        var groups: [JoinedGroup] = []
        for line in table.split(separator: "\n").dropFirst() {
            let columns = line.split(whereSeparator: \.isWhitespace)
            if line.first?.isNumber == true {
                interface = columns.count > 1 ? String(columns[1]) : nil
            } else if let interface, let number = columns.first.flatMap({ UInt32($0, radix: 16) }) {
                let address = IPv4Address(rawValue: UInt32(bigEndian: number))
                groups.append(JoinedGroup(interface: interface, group: .v4(address)))
            }
        }
        return groups
    }

    /// Columns: index, interface, the group's bytes in hexadecimal, …
    static func parseIPv6(_ table: String) -> [JoinedGroup] {
        table.split(separator: "\n").compactMap { line in
            let columns = line.split(whereSeparator: \.isWhitespace)
            guard columns.count > 2, let number = UInt128(columns[2], radix: 16) else { return nil }
            return JoinedGroup(interface: String(columns[1]), group: .v6(IPv6Address(rawValue: number)))
        }
    }
}
