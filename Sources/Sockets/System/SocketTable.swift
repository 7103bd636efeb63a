// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Which sockets the system has and who holds them, read from `/proc`: nothing here is promised, a reader gets what
/// there is.
///
/// C: `proc_net(5)`, `proc_pid_fd(5)`.
enum SocketTable {
    /// The most bytes that are read of one table.
    private static let maximumTable = 16 << 20
    /// The most processes, and descriptors of each, that are looked at.
    private static let maximumEntries = 65_536

    /// The inodes of the sockets that are bound to an address, or to all addresses with its port.
    static func inodes(of address: SocketAddress, kind: SocketKind) -> Set<String> {
        switch address {
        case .unix(let name):
            let text = name.kind == .path ? String(decoding: name.bytes, as: UTF8.self) : ""
            return text.isEmpty
                ? [] : Set(rows(of: "unix").filter { $0.last == text }.compactMap { $0.dropFirst(6).first })
        case .ipv4, .ipv6:
            guard let port = address.port?.rawValue else { return [] }
            let suffix = ":" + hexadecimal(UInt32(port), digits: 4)
            let tables = kind == .datagram ? ["udp", "udp6"] : ["tcp", "tcp6"]
            let listening = "0A"
            let found = tables.flatMap(rows).filter { row in
                row.count > 9 && row[1].hasSuffix(suffix) && (kind == .datagram || row[3] == listening)
                    && conflicts(row[1].dropLast(suffix.count), with: address)
            }
            return Set(found.map { $0[9] })
        case .other: return []
        }
    }

    /// The first process that has one of these sockets open.
    static func holder(of inodes: Set<String>) -> (process: Int32, name: String)? {
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        for entry in entries(of: "/proc") {
            guard let process = Int32(entry) else { continue }
            let holds = entries(of: "/proc/\(process)/fd").contains { descriptor in
                (try? SystemCalls.target(ofLink: "/proc/\(process)/fd/\(descriptor)".utf8)).map(wanted.contains)
                    ?? false
            }
            guard holds else { continue }
            return (process, name(of: process))
        }
        return nil
    }

    /// What `ps -o comm` prints.
    static func name(of process: Int32) -> String {
        let text = (try? kernelText(at: FilePath("/proc/\(process)/comm"))) ?? ""
        return text.split(separator: "\n").first.map(String.init) ?? "?"
    }

    /// An address in the kernel's spelling keeps another one from being bound if they are the same, or one is all of
    /// them.
    private static func conflicts(_ text: some StringProtocol, with address: SocketAddress) -> Bool {
        if text.allSatisfy({ $0 == "0" }) { return true }
        switch address.ip {
        case .v4(.any), .v6(.any): return true
        case .v4(let ip): return text == hexadecimal(ip.rawValue.byteSwapped, digits: 8)
        case .v6(let ip):
            let words = stride(from: 96, through: 0, by: -32).map {
                UInt32(truncatingIfNeeded: ip.rawValue >> UInt128($0))
            }
            return text == words.map { hexadecimal($0.byteSwapped, digits: 8) }.joined()
        case nil: return false
        }
    }

    private static func hexadecimal(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func rows(of table: String) -> [[String]] {
        let text = (try? kernelText(at: FilePath("/proc/net/\(table)"), maximum: maximumTable)) ?? ""
        return text.split(separator: "\n").dropFirst().map { $0.split(separator: " ").map(String.init) }
    }

    private static func entries(of directory: String) -> [String] {
        guard
            let descriptor = try? SystemCalls.open(
                directory.utf8, in: SystemCalls.currentDirectory, .readOnly, options: .directory),
            let found = try? SystemCalls.entries(of: descriptor.number, maximum: maximumEntries)
        else { return [] }
        return found.entries.map(\.name)
    }
}
