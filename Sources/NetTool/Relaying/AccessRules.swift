// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage
import Wire

/// Who may use a relay, and where a proxy leads: closed unless told otherwise.
struct AccessRules: Sendable {
    /// Who may come.
    let clients: AddressFilter
    /// What a proxy's clients have to say of themselves; nil for nothing.
    let credentials: ProxyCredentials?
    /// Whether a proxy leads to any address.
    let allowsPrivate: Bool
    /// Where else it leads to than to public addresses.
    let targets: [IPNetwork]
    /// Whether an address is this machine's: a public one of its own is reached past the walls that keep others out.
    let isOwn: @Sendable (IPAddress) -> Bool

    /// Whether a proxy leads to an address.
    func allows(_ target: SocketAddress) -> Bool {
        guard let ip = target.ip?.unmapped else { return false }
        return allowsPrivate || targets.contains { $0.contains(ip) } || Self.isPublic(ip) && !isOwn(ip)
    }

    /// Whether these are the right ones. How long that takes says nothing of where they differ.
    func accepts(_ given: ProxyCredentials?) -> Bool {
        guard let credentials else { return true }
        guard let given else { return false }
        let isUser = Self.isSame(given.user, credentials.user)
        return Self.isSame(given.password, credentials.password) && isUser
    }

    private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        var difference = one.count ^ other.count
        for index in one.indices { difference |= Int(one[index] ^ (index < other.count ? other[index] : 0)) }
        return difference == 0
    }

    /// Whether everybody may be led to an address: it is nobody's own, and stands for none that is.
    static func isPublic(_ ip: IPAddress) -> Bool {
        guard ip.isGlobal, !ip.isMulticast, !ip.isLoopback, !ip.isPrivate, !ip.isLinkLocal, !ip.isSiteLocal else {
            return false
        }
        guard let bits = ip.ipv6?.rawValue else { return true }
        // An IPv4 address in the form that was given up. RFC 4291 §2.5.5.1.
        if bits >> 32 == 0 { return false }
        // What a translator makes an IPv4 address of: RFC 2765 §2.1, RFC 6052, RFC 3056.
        if bits >> 32 == 0xFFFF_0000 { return false }
        if bits >> 32 == 0x64_FF9B << 64 {
            return isPublic(.v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: bits))))
        }
        return ip.ipv6?.sixToFour.map { isPublic(.v4($0)) } ?? true
    }
}

extension ProxyCredentials {
    /// Reads `user:password`.
    ///
    /// - Throws: why it is none, without quoting it.
    init(_ text: String) throws(Malformed) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw Malformed("credentials are user:password, of at most 255 bytes each")
        }
        self.init(user: parts[0].utf8, password: parts[1].utf8)
    }

    /// Reads them from the first line of a file.
    static func read(from path: String) throws(ToolFailure) -> ProxyCredentials {
        var bytes: [UInt8]
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
            defer { try? file.close() }
            bytes = [UInt8](repeating: 0, count: 1024)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            bytes.removeSubrange(count...)
        } catch {
            let words = (error as? Errno)?.words ?? "\(error)"
            throw ToolFailure(.noInput, "the credentials' file \(path.quoted) can't be read: \(words)")
        }
        let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
        do throws(Malformed) { return try ProxyCredentials(String(decoding: line, as: UTF8.self)) } catch {
            throw ToolFailure(.usage, "the credentials' file \(path.quoted): \(error)")
        }
    }
}
