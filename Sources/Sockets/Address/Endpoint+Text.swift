// SPDX-License-Identifier: Apache-2.0

// Separators are looked for as bytes: as a character, an "@" with an accent on it would be no "@", and the password
// before it would be printed.

extension Endpoint: CustomStringConvertible {
    /// Reads an endpoint. A scheme's name may be in either case; `unix:`, `exec:`, `fd:` and `systemd:` need no
    /// slashes, all other schemes are followed by `://`.
    ///
    /// - Throws: ``AddressError`` that quotes the text, credentials masked, and says what is wrong.
    public init(_ text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            self = try Self.parse(Substring(text))
        } catch {
            let (masked, isAmbiguous) = Self.masked(Substring(text))
            throw AddressError(masked, .endpoint, isAmbiguous ? .ambiguousCredentials : error)
        }
    }

    private static func parse(_ text: Substring) throws(AddressError.Reason) -> Endpoint {
        guard !text.isEmpty else { throw .empty }
        if text == "-" { return Endpoint(.stdio, .standardIO) }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), isSchemeName(text[..<colon]) else {
            return try parse(authority: text, .tcp)
        }
        let (name, rest) = (text[..<colon].lowercased(), text[text.utf8.index(after: colon)...])
        let scheme = Scheme(rawValue: name)
        if let scheme, !scheme.hasHost { return try parse(opaque: rest, scheme) }
        if rest.utf8.starts(with: "//".utf8) {
            guard let scheme else { throw .unknownScheme(name.quotable(maximumLength: 40)) }
            return try parse(authority: Substring(rest.utf8.dropFirst(2)), scheme)
        }
        return try parse(authority: text, .tcp)
    }

    /// RFC 3986 §3.1.
    private static func isSchemeName(_ text: Substring) -> Bool {
        text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    // MARK: Schemes without a host

    private static func parse(opaque text: Substring, _ scheme: Scheme) throws(AddressError.Reason) -> Endpoint {
        if scheme == .exec { return Endpoint(.exec, .command(try CommandWords.split(text))) }
        let (rest, options) = try splitOptions(text)
        switch scheme {
        case .descriptor:
            guard let number = Int32(rest), number >= 0, String(number) == rest else {
                throw .notADescriptor(rest.quotable(maximumLength: 40))
            }
            return Endpoint(scheme, .descriptor(number), options: options)
        case .systemd:
            return Endpoint(scheme, .systemd(try systemdName(rest)), options: options)
        case .unix, .unixDatagram, .unixSequencedPacket:
            return Endpoint(scheme, .unix(try UnixAddress(afterScheme: rest)), options: options)
        default:
            throw .unknownScheme(scheme.rawValue)
        }
    }

    /// systemd's own rule for `FileDescriptorName=`: printable ASCII, no colon, at most 255 bytes.
    private static func systemdName(_ text: Substring) throws(AddressError.Reason) -> String {
        guard !text.isEmpty else { throw .empty }
        for character in text
        where !character.isASCII || character == ":" || !character.unicodeScalars.allSatisfy(\.isPrintable) {
            throw .unexpectedCharacter(String(character).quotable(maximumLength: 8))
        }
        guard text.utf8.count <= 255 else { throw .nameTooLong(text.utf8.count, maximum: 255) }
        return String(text)
    }

    // MARK: Schemes with a host

    private static func parse(authority text: Substring, _ scheme: Scheme) throws(AddressError.Reason) -> Endpoint {
        let (beforeQuery, options) = try splitOptions(text)
        guard !beforeQuery.utf8.contains(UInt8(ascii: "#")) else { throw .unexpectedFragment }
        let slash = beforeQuery.utf8.firstIndex(of: UInt8(ascii: "/")) ?? beforeQuery.endIndex
        let (beforePath, path) = (beforeQuery[..<slash], beforeQuery[slash...])
        guard path.isEmpty || scheme.isURL else { throw .unexpectedPath(path.quotable(maximumLength: 40)) }
        try check(path: path)
        let (authority, credentials) = try splitCredentials(beforePath)
        guard credentials == nil || scheme.isURL else { throw .unexpectedCredentials }
        let parts = try Authority(authority)
        let (host, port) = (try host(parts), try parts.port(default: scheme.defaultPort))
        return Endpoint(scheme, .host(host, port), options: options, credentials: credentials, path: String(path))
    }

    private static func host(_ parts: Authority) throws(AddressError.Reason) -> Host {
        do throws(AddressError) {
            if parts.isBracketed { return .address(.v6(try IPv6Address(parts.host))) }
            if parts.host.isEmpty { return .loopback }
            if parts.host == "*" { return .everyInterface }
            if let address = try? IPv4Address(parts.host) { return .address(.v4(address)) }
            return .name(try HostName(parts.host))
        } catch {
            throw error.reason
        }
    }

    private static func check(path: Substring) throws(AddressError.Reason) {
        for character in path
        where !character.isASCII || character == " " || !character.unicodeScalars.allSatisfy(\.isPrintable) {
            throw .unexpectedCharacter(String(character).quotable(maximumLength: 8))
        }
    }

    private static func splitCredentials(
        _ text: Substring
    ) throws(AddressError.Reason) -> (authority: Substring, Credentials?) {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return (text, nil) }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        // The reason must not carry a secret: a bad escape is reported without its text.
        do throws(AddressError.Reason) {
            let user = try PercentEncoding.decodeText(parts[0])
            let password = parts.count == 2 ? try PercentEncoding.decodeText(parts[1]) : nil
            return (text[text.utf8.index(after: at)...], Credentials(user: user, password: password))
        } catch {
            throw .invalidPercentEscape(mask)
        }
    }

    private static func splitOptions(_ text: Substring) throws(AddressError.Reason) -> (Substring, [Option]) {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (text, []) }
        guard !text[mark...].utf8.contains(UInt8(ascii: "#")) else { throw .unexpectedFragment }
        var options: [Option] = []
        for item in text[text.utf8.index(after: mark)...].split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try PercentEncoding.decodeText(parts[0])
            options.append(Option(name, parts.count == 2 ? try PercentEncoding.decodeText(parts[1]) : nil))
        }
        return (text[..<mark], options)
    }

    // MARK: Writing

    /// The endpoint in the form that ``init(_:)`` reads; credentials are masked (`***@`).
    public var description: String {
        let query = options.map(\.text).joined(separator: "&")
        return body + (query.isEmpty ? "" : "?\(query)")
    }

    private var body: String {
        switch target {
        case .host(let host, let port):
            let prefix = scheme == .tcp ? "" : "\(scheme.rawValue)://"
            let user = credentials == nil ? "" : "\(Self.mask)@"
            return "\(prefix)\(user)\(host)\(port == scheme.defaultPort ? "" : ":\(port)")\(path)"
        case .unix(let address): return "\(scheme.rawValue):\(address.textAfterScheme)"
        case .command(let words): return "exec:" + CommandWords.join(words)
        case .standardIO: return "-"
        case .descriptor(let number): return "fd:\(number)"
        case .systemd(let name): return "systemd:\(name)"
        }
    }

    /// The text with everything masked that may be part of credentials, whether or not it parses: all from the slashes,
    /// or the start, to the last `@`. It is ambiguous when that is not in the authority: then a reason might quote a
    /// password that holds a `/`.
    package static func masked(_ text: Substring) -> (text: String, isAmbiguous: Bool) {
        let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        if let scheme = Scheme(rawValue: text[..<colon].lowercased()), !scheme.hasHost { return (String(text), false) }
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return (String(text), false) }
        let isURL = text[colon...].utf8.starts(with: "://".utf8)
        let start = isURL ? text.utf8.index(colon, offsetBy: 3) : text.startIndex
        let authority = text[start...].utf8.prefix { !"/?#".utf8.contains($0) }
        return ("\(text[..<start])\(mask)\(text[at...])", at >= authority.endIndex)
    }
}

extension Endpoint.Host: CustomStringConvertible {
    /// The host as it stands before the colon: nothing for loopback, `*` for every interface, brackets round IPv6.
    public var description: String {
        switch self {
        case .loopback: ""
        case .everyInterface: "*"
        case .address(.v4(let address)): "\(address)"
        case .address(.v6(let address)): "[\(address)]"
        case .name(let name): "\(name)"
        }
    }
}

extension Endpoint.Option {
    fileprivate var text: String {
        let reserved: Set<Unicode.Scalar> = ["&", "=", "#", " ", "+"]
        let name = PercentEncoding.encode(Array(name.utf8), reserved: reserved)
        guard let value else { return name }
        return "\(name)=\(PercentEncoding.encode(Array(value.utf8), reserved: reserved))"
    }
}
