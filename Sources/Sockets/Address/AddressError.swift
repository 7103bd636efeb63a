// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// Says why a text, or some bytes, is no address, port, network or endpoint.
///
/// The description is one line that quotes what was given:
/// `"300.1.1.1" is no IPv4 address: 300 is over 255`.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the caller asked for.
    public enum Subject: String, Hashable, Sendable {
        /// An ``IPv4Address``.
        case ipv4Address = "IPv4 address"
        /// An ``IPv6Address``.
        case ipv6Address = "IPv6 address"
        /// An ``IPAddress`` of either family.
        case ipAddress = "IP address"
        /// An ``IPNetwork``.
        case network = "IP network"
        /// An ``IPInterface``.
        case interface = "IP interface address"
        /// A range of addresses, ``IPAddressRange``.
        case addressRange = "IP address range"
        /// A ``Port``.
        case port = "port"
        /// The system's range of ephemeral ports.
        case ephemeralRange = "range of ports"
        /// A ``UnixAddress``.
        case unixAddress = "UNIX address"
        /// A ``SocketAddress``.
        case socketAddress = "socket address"
        /// A ``HostName``.
        case hostName = "host name"
        /// An ``Endpoint``.
        case endpoint = "endpoint"
    }

    /// The most characters that ``text`` keeps of what was given.
    public static let maximumTextLength = 120

    /// What was given: control characters escaped, credentials masked, cut at ``maximumTextLength`` characters.
    public let text: String
    /// What it should have been.
    public let subject: Subject
    /// Why it is not.
    public let reason: Reason

    /// Makes an error that quotes `text`.
    package init(_ text: some StringProtocol, _ subject: Subject, _ reason: Reason) {
        self.text = text.quotable(maximumLength: Self.maximumTextLength)
        self.subject = subject
        self.reason = reason
    }

    /// One line: the text, what it should have been, and why it is not.
    public var description: String { "\"\(text)\" is no \(subject.rawValue): \(reason)" }
}

extension AddressError {
    /// Why something is no address. Texts in the cases are the offending part, ready to print.
    public enum Reason: Error, Hashable, Sendable {
        /// Nothing was given.
        case empty
        /// A character that can't stand there.
        case unexpectedCharacter(String)

        /// A number of an IPv4 address is missing, as in `1..2.3`.
        case octetMissing
        /// A number of an IPv4 address is over 255.
        case octetTooLarge(String)
        /// A number of an IPv4 address starts with a zero, which some programs read as octal.
        case octetWithLeadingZero(String)
        /// An IPv4 address has not four numbers.
        case wrongOctetCount(Int)
        /// A part of an old-style IPv4 address does not fit into the bytes that are left for it.
        case partTooLarge(String)

        /// A group of an IPv6 address has more than four digits.
        case groupTooLong(String)
        /// An IPv6 address has too few or too many groups.
        case wrongGroupCount(Int)
        /// `::` stands twice in an IPv6 address.
        case secondCompression
        /// A single colon begins or ends an IPv6 address.
        case strayColon
        /// `%` with nothing behind it.
        case scopeMissing
        /// The scope of an IPv6 address names no interface of this machine.
        case unknownScope(String)
        /// A scope where none can be, as in a network.
        case unexpectedScope(String)
        /// Packed bytes of the wrong count.
        case wrongByteCount(Int, expected: Int)

        /// The part behind `/` is neither a prefix length nor a mask.
        case notAPrefix(String)
        /// The prefix length is outside what is allowed here.
        case prefixOutOfRange(String, allowed: ClosedRange<Int>)
        /// The address has bits set behind the prefix. `network` is the network that contains it.
        case hostBitsSet(network: String)
        /// Two addresses of different families, or the first above the last.
        case notARange

        /// The port is not a decimal number.
        case portNotANumber(String)
        /// The port is over 65535.
        case portTooLarge(String)
        /// No port was given, and the scheme has none of its own.
        case portMissing

        /// A UNIX path or abstract name is longer than the system takes.
        case nameTooLong(Int, maximum: Int)
        /// A NUL byte inside a path, a name or a command.
        case embeddedNUL
        /// This address family can't be written so.
        case unsupportedFamily(Int32)

        /// The host is missing.
        case hostMissing
        /// A label, the part between two dots of a host name, is empty.
        case labelMissing
        /// A label is longer than 63 characters.
        case labelTooLong(String)
        /// A label starts or ends with a hyphen.
        case labelWithOuterHyphen(String)
        /// The host name has characters beyond ASCII; write it in its `xn--` form.
        case hostNotASCII(String)
        /// The host is no IPv4 address, but its last label is a number, so it can't be a name either.
        case numericHost(String)
        /// Several colons, and no brackets round the IPv6 address.
        case bracketsMissing
        /// A bracket that is not closed, or something else than a port behind it.
        case unbalancedBracket

        /// No such scheme.
        case unknownScheme(String)
        /// This scheme takes no credentials.
        case unexpectedCredentials
        /// An `@` that may end credentials with an unescaped `/`, `?` or `#`, in a text that is malformed anyway.
        case ambiguousCredentials
        /// This scheme takes no path.
        case unexpectedPath(String)
        /// An address has no fragment.
        case unexpectedFragment
        /// `%` without two hexadecimal digits behind it, or bytes that are no UTF-8.
        case invalidPercentEscape(String)
        /// A quote of a command that is not closed.
        case unbalancedQuote
        /// The command has no word.
        case commandMissing
        /// The descriptor is not a number that a descriptor can have.
        case notADescriptor(String)

        /// The system did not let us read it.
        case unreadable(Errno)
    }
}

extension AddressError.Reason: CustomStringConvertible {
    /// The reason, as the end of a sentence.
    public var description: String {
        numericDescription ?? nameDescription ?? endpointDescription
    }

    private var numericDescription: String? {
        switch self {
        case .empty: "it is empty"
        case .unexpectedCharacter(let text): "'\(text)' can't stand there"
        case .octetMissing: "a number is missing beside a dot"
        case .octetTooLarge(let text): "\(text) is over 255"
        case .octetWithLeadingZero(let text): "\(text) has a leading zero, which could mean octal"
        case .wrongOctetCount(let count): "it has \(count) numbers, not 4"
        case .partTooLarge(let text): "\(text) is too large for its place"
        case .groupTooLong(let text): "\(text) has more than 4 digits"
        case .wrongGroupCount(let count): "it has \(count) groups, not 8"
        case .secondCompression: "'::' may stand only once"
        case .strayColon: "a single colon begins or ends it"
        case .scopeMissing: "nothing follows the '%'"
        case .unknownScope(let name): "no interface here is called '\(name)'"
        case .unexpectedScope(let name): "a scope ('%\(name)') can't stand here"
        case .wrongByteCount(let count, let expected): "it has \(count) bytes, not \(expected)"
        case .notAPrefix(let text): "'\(text)' is neither a prefix length nor a mask"
        case .prefixOutOfRange(let text, let allowed):
            "the prefix length \(text) is not in \(allowed.lowerBound) to \(allowed.upperBound)"
        case .hostBitsSet(let network): "host bits are set; the network is \(network)"
        case .notARange: "the first must not be above the last, and both of one family"
        default: nil
        }
    }

    private var nameDescription: String? {
        switch self {
        case .portNotANumber(let text): "'\(text)' is not a decimal number"
        case .portTooLarge(let text): "\(text) is over 65535"
        case .portMissing: "the port is missing (host:port, or :port for this machine only)"
        case .nameTooLong(let count, let maximum): "it has \(count) bytes, at most \(maximum) are allowed"
        case .embeddedNUL: "it contains a NUL byte"
        case .unsupportedFamily(let family): "address family \(family) has no such form"
        case .hostMissing: "the host is missing"
        case .labelMissing: "a label of the host name is empty"
        case .labelTooLong(let label): "the label '\(label)' has more than 63 characters"
        case .labelWithOuterHyphen(let label): "the label '\(label)' starts or ends with a hyphen"
        case .hostNotASCII(let text): "'\(text)' is not ASCII; write the name in its xn-- form"
        case .numericHost(let why): "its last label is a number, but \(why)"
        case .bracketsMissing: "an IPv6 address needs brackets, as in [::1]:80"
        case .unbalancedBracket: "the brackets are not closed, or no port follows them"
        default: nil
        }
    }

    private var endpointDescription: String {
        switch self {
        case .unknownScheme(let name): "the scheme '\(name)' is unknown"
        case .unexpectedCredentials: "this scheme takes no user and password"
        case .ambiguousCredentials: "a '/', '?' or '#' stands before an '@' (in a password, write %2F, %3F, %23)"
        case .unexpectedPath(let path): "this scheme takes no path ('\(path)')"
        case .unexpectedFragment: "a fragment ('#') can't stand here"
        case .invalidPercentEscape(let text): "'\(text)' is no percent escape of UTF-8"
        case .unbalancedQuote: "a quote is not closed"
        case .commandMissing: "the command is missing"
        case .notADescriptor(let text): "'\(text)' is no descriptor number"
        case .unreadable(let errno): "\(errno)"
        default: "it is malformed"
        }
    }
}
