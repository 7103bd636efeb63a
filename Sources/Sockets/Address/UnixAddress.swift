// SPDX-License-Identifier: Apache-2.0

/// The address of a UNIX-domain socket: a path, a name in Linux's abstract namespace, or none.
///
/// ```swift
/// let printer = try UnixAddress(path: "/run/printer.sock")
/// let hidden = try UnixAddress(abstract: "printer")
/// ```
/// C: `unix(7)`.
public struct UnixAddress: Hashable, Sendable {
    /// The three kinds of UNIX addresses.
    public enum Kind: String, Hashable, Sendable {
        /// Bound to nothing: the address of a client or of a socket pair.
        case unnamed
        /// A file of type socket.
        case path
        /// A name that is no file and goes away with its socket. Linux only.
        case abstract
    }

    /// The most bytes of a path or an abstract name: `sun_path` has 108, one of which is the NUL behind a path or in
    /// front of an abstract name.
    public static let maximumLength = 107

    /// What kind of address this is.
    public let kind: Kind
    /// The bytes of the path or of the abstract name, without the NUL that C puts behind or before them.
    public let bytes: [UInt8]

    private init(_ kind: Kind, _ bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    /// The address of a socket that is bound to nothing.
    public static let unnamed = UnixAddress(.unnamed, [])

    /// The socket file at `path`, which need not exist.
    ///
    /// - Throws: ``AddressError`` with `.empty`, `.embeddedNUL`, or `.nameTooLong` over ``maximumLength`` bytes.
    public init(path: some StringProtocol) throws(AddressError) {
        try self.init(path: Array(path.utf8))
    }

    /// The socket file whose path has these bytes, in whatever encoding.
    ///
    /// - Throws: ``AddressError`` with `.empty`, `.embeddedNUL`, or `.nameTooLong` over ``maximumLength`` bytes.
    public init(path: [UInt8]) throws(AddressError) {
        try Self.check(path, isPath: true)
        self.init(.path, path)
    }

    /// The abstract name `name`, without the NUL or `@` in front.
    ///
    /// - Throws: ``AddressError`` with `.empty`, or `.nameTooLong` over ``maximumLength`` bytes.
    public init(abstract name: some StringProtocol) throws(AddressError) {
        try self.init(abstract: Array(name.utf8))
    }

    /// The abstract name with these bytes. A NUL has no special meaning in it.
    ///
    /// - Throws: ``AddressError`` with `.empty`, or `.nameTooLong` over ``maximumLength`` bytes.
    public init(abstract name: [UInt8]) throws(AddressError) {
        try Self.check(name, isPath: false)
        self.init(.abstract, name)
    }

    private static func check(_ bytes: [UInt8], isPath: Bool) throws(AddressError) {
        var reason: AddressError.Reason?
        if bytes.isEmpty {
            reason = .empty
        } else if isPath, bytes.contains(0) {
            reason = .embeddedNUL
        } else if bytes.count > maximumLength {
            reason = .nameTooLong(bytes.count, maximum: maximumLength)
        }
        if let reason { throw AddressError(String(decoding: bytes, as: UTF8.self), .unixAddress, reason) }
    }

    /// The path as text, malformed UTF-8 replaced; nil for another kind.
    public var path: String? { kind == .path ? String(decoding: bytes, as: UTF8.self) : nil }
}

extension UnixAddress: CustomStringConvertible {
    /// Reads what ``description`` prints: `unix:/path`, `unix:@name`, `unix:`; any byte may be a percent escape.
    ///
    /// - Throws: ``AddressError`` that quotes the text and says what is wrong.
    public init(_ text: some StringProtocol) throws(AddressError) {
        guard text.hasPrefix("unix:") else { throw AddressError(text, .unixAddress, .unknownScheme(text.schemeName)) }
        do throws(AddressError.Reason) {
            try self.init(afterScheme: text.dropFirst("unix:".count))
        } catch {
            throw AddressError(text, .unixAddress, error)
        }
    }

    /// Reads the part behind `unix:`.
    init(afterScheme text: some StringProtocol) throws(AddressError.Reason) {
        guard !text.isEmpty else {
            self = .unnamed
            return
        }
        let isAbstract = text.utf8.first == UInt8(ascii: "@")
        let bytes = try PercentEncoding.decode(isAbstract ? String(text.dropFirst()) : String(text))
        do throws(AddressError) {
            self = isAbstract ? try UnixAddress(abstract: bytes) : try UnixAddress(path: bytes)
        } catch {
            throw error.reason
        }
    }

    /// `unix:/path`, `unix:@name`, or `unix:` for the unnamed one. What a terminal would act on is percent-escaped.
    public var description: String { "unix:\(textAfterScheme)" }

    var textAfterScheme: String {
        switch kind {
        case .unnamed: return ""
        case .abstract: return "@" + PercentEncoding.encode(bytes, reserved: ["?", "#"])
        case .path:
            let text = PercentEncoding.encode(bytes, reserved: ["?", "#"])
            // A relative path that begins with @ must not read as an abstract name.
            return text.hasPrefix("@") ? "%40" + text.dropFirst() : text
        }
    }
}

extension StringProtocol {
    /// What stands before the first colon, ready to print.
    var schemeName: String {
        (split(separator: ":", omittingEmptySubsequences: false).first ?? "").quotable(maximumLength: 40)
    }
}
