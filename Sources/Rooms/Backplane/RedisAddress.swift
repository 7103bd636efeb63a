// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Where a Redis server is, and as whom to speak to it: `redis://user:password@host:6379?channel=NAME`.
///
/// The user, the password, the port (6379) and the channel (`netwright:chat`) may be left out. A number behind a slash,
/// which elsewhere chooses a database, is allowed and means nothing here: channels are the same in all of them.
public struct RedisAddress: Hashable, Sendable, CustomStringConvertible {
    /// Where to connect.
    public let endpoint: Endpoint
    /// As whom; nil for the default user.
    public let user: String?
    /// With which password; nil for none.
    public let password: String?
    /// On which channel.
    public let channel: String

    /// The channel unless another is named.
    public static let defaultChannel = "netwright:chat"

    /// Reads an address.
    ///
    /// - Throws: ``Malformed``, which does not repeat what may be a password.
    public init(_ text: some StringProtocol) throws(Malformed) {
        let scheme = "redis://"
        guard text.hasPrefix(scheme) else { throw Malformed("it begins with \(scheme)") }
        var rest = Substring(text.dropFirst(scheme.count))
        channel = try Self.takeChannel(&rest)
        if let slash = rest.firstIndex(of: "/") {
            guard rest[slash...].dropFirst().allSatisfy({ "0"..."9" ~= $0 }) else {
                throw Malformed("behind the slash there is a number at most")
            }
            rest = rest[..<slash]
        }
        var (user, password): (String?, String?)
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = parts[0].isEmpty ? nil : try Self.decoded(parts[0])
            password = parts.count > 1 ? try Self.decoded(parts[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        (self.user, self.password) = (user, password)
        if rest.isEmpty || rest.hasPrefix(":") { throw Malformed("it names a host") }
        let hasPort = rest[(rest.lastIndex(of: "]") ?? rest.startIndex)...].contains(":")
        do throws(AddressError) { endpoint = try Endpoint("tcp://\(rest)\(hasPort ? "" : ":6379")") } catch {
            throw Malformed("it names a host, and a port perhaps")
        }
    }

    /// Why a text is no address.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        /// In a few words.
        public let description: String
        init(_ words: String) { description = "an address of Redis is redis://user:password@host:port: \(words)" }
    }

    /// The address without its password.
    public var description: String {
        let credentials = user == nil && password == nil ? "" : "\(user ?? ""):…@"
        return "redis://\(credentials)\("\(endpoint)".replacing("tcp://", with: ""))"
    }

    private static func takeChannel(_ rest: inout Substring) throws(Malformed) -> String {
        guard let mark = rest.firstIndex(of: "?") else { return defaultChannel }
        let option = rest[rest.index(after: mark)...]
        rest = rest[..<mark]
        guard option.hasPrefix("channel="), option.utf8.count > 8, option.utf8.count < 200 else {
            throw Malformed("its one option is channel=NAME")
        }
        return try decoded(option.dropFirst(8))
    }

    /// Without percent signs.
    private static func decoded(_ text: Substring) throws(Malformed) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16), rest.count >= 2 else {
                    throw Malformed("behind a percent sign there are two hexadecimal digits")
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
