// SPDX-License-Identifier: Apache-2.0
import CSockets

/// How addresses are looked up.
///
/// C: `AI_…`, `getaddrinfo(3)`.
public struct AddressLookupFlags: OptionSet, Hashable, Sendable {
    /// The system's bits.
    public let rawValue: CInt

    /// Any bits: what the system has and this type does not name passes through.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// For a server: without a host name the answer is every interface, not loopback. C: `AI_PASSIVE`.
    public static let passive = AddressLookupFlags(rawValue: AI_PASSIVE)
    /// The first answer carries the host's canonical name. C: `AI_CANONNAME`.
    public static let canonicalName = AddressLookupFlags(rawValue: AI_CANONNAME)
    /// The host is an address in digits: nobody is asked. C: `AI_NUMERICHOST`.
    public static let numericHost = AddressLookupFlags(rawValue: AI_NUMERICHOST)
    /// The service is a port in digits. C: `AI_NUMERICSERV`.
    public static let numericService = AddressLookupFlags(rawValue: AI_NUMERICSERV)
    /// Asked for IPv6: where a name has none, its IPv4 addresses mapped into IPv6. C: `AI_V4MAPPED`.
    public static let v4Mapped = AddressLookupFlags(rawValue: AI_V4MAPPED)
    /// With ``v4Mapped``: both. C: `AI_ALL`.
    public static let all = AddressLookupFlags(rawValue: AI_ALL)
    /// Only families of which this machine has an address besides loopback. C: `AI_ADDRCONFIG`.
    public static let addressConfigured = AddressLookupFlags(rawValue: AI_ADDRCONFIG)
    /// Writes an international name as DNS wants it (`xn--…`) before it asks. C: `AI_IDN`.
    public static let international = AddressLookupFlags(rawValue: nw_ai_idn)
    /// Reads the canonical name back from `xn--…`. C: `AI_CANONIDN`.
    public static let internationalCanonicalName = AddressLookupFlags(rawValue: nw_ai_canonidn)
}

/// How names are looked up.
///
/// C: `NI_…`, `getnameinfo(3)`.
public struct NameLookupFlags: OptionSet, Hashable, Sendable {
    /// The system's bits.
    public let rawValue: CInt

    /// Any bits: what the system has and this type does not name passes through.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// The host in digits: nobody is asked. C: `NI_NUMERICHOST`.
    public static let numericHost = NameLookupFlags(rawValue: NI_NUMERICHOST)
    /// The port in digits. C: `NI_NUMERICSERV`.
    public static let numericService = NameLookupFlags(rawValue: NI_NUMERICSERV)
    /// For a host of this domain only the first part of its name. C: `NI_NOFQDN`.
    public static let hostPartOnly = NameLookupFlags(rawValue: NI_NOFQDN)
    /// An address without a name is an error, instead of digits. C: `NI_NAMEREQD`.
    public static let nameRequired = NameLookupFlags(rawValue: NI_NAMEREQD)
    /// The service over UDP, where it differs from TCP. C: `NI_DGRAM`.
    public static let datagram = NameLookupFlags(rawValue: NI_DGRAM)
    /// Reads an international name back from `xn--…`. C: `NI_IDN`.
    public static let international = NameLookupFlags(rawValue: nw_ni_idn)
}
