// SPDX-License-Identifier: Apache-2.0

/// The questions of the older interface, as Python's `socket` module asks them.
extension Resolver {
    /// What the system knows about a host.
    public struct Host: Hashable, Sendable {
        /// Its canonical name.
        public let name: String
        /// Its other names.
        public let aliases: [String]
        /// Its addresses.
        public let addresses: [IPAddress]
    }

    /// The first IPv4 address of a host. Python's `gethostbyname`.
    ///
    /// - Throws: ``ResolverError``, as ``resolve(_:port:family:kind:protocolNumber:flags:)`` does.
    ///
    /// C: `getaddrinfo(3)`.
    public static func ipv4Address(of host: String) throws(ResolverError) -> IPv4Address {
        let found = try addresses(of: host, port: .any, family: .ipv4)
        guard let address = found.first?.ip?.ipv4 else { throw ResolverError(.resolve, host, .noData) }
        return address
    }

    /// A host with its other names and all addresses of one family. Python's `gethostbyname_ex`.
    ///
    /// - Parameter family: `.ipv4` or `.ipv6`.
    /// - Throws: ``ResolverError`` with `.nameNotFound`, `.noData`, `.tryAgain`, `.failed`, `.invalid`, `.family` for
    ///   any other family, `.system`.
    ///
    /// C: `gethostbyname2_r(3)`.
    public static func host(named name: String, family: AddressFamily = .ipv4) throws(ResolverError) -> Host {
        do throws(ResolverError.Reason) {
            try check(name)
            guard family == .ipv4 || family == .ipv6 else { throw .family }
            return try SystemCalls.host(named: name, family: family)
        } catch {
            throw ResolverError(.resolve, name, error)
        }
    }

    /// The host that has an address. Python's `gethostbyaddr`.
    ///
    /// - Throws: ``ResolverError`` with `.nameNotFound`, `.noData`, `.tryAgain`, `.failed`, `.system`.
    ///
    /// C: `gethostbyaddr_r(3)`.
    public static func host(at address: IPAddress) throws(ResolverError) -> Host {
        do throws(ResolverError.Reason) {
            return try SystemCalls.host(at: address)
        } catch {
            throw ResolverError(.nameOf, "\(address)", error)
        }
    }

    /// A host's full name: of the names that the system knows for it the first with a dot, else the first; the name as
    /// it was given where the system knows nothing. Python's `getfqdn`.
    ///
    /// - Parameter host: a name, or an address in digits; nil or `0.0.0.0` for this machine.
    /// - Throws: ``ResolverError`` with `.system` when this machine's own name can't be read.
    ///
    /// C: `gethostname(2)`, `gethostbyaddr_r(3)`.
    public static func fullyQualifiedName(of host: String? = nil) throws(ResolverError) -> String {
        let asked = host.map { $0.isEmpty || $0 == "0.0.0.0" || $0 == "::" ? nil : $0 } ?? nil
        let name = if let asked { asked } else { try hostName }
        guard let address = try? addresses(of: name, port: .any).first?.ip, let found = try? Self.host(at: address)
        else {
            return name
        }
        return ([found.name] + found.aliases).first { $0.contains(".") } ?? found.name
    }

    /// The name of this machine. It need not be known to anybody else, nor to itself: see that
    /// ``addresses(of:port:family:kind:)`` of it may throw `.nameNotFound`.
    ///
    /// - Throws: ``ResolverError`` with `.system`.
    ///
    /// C: `gethostname(2)`.
    public static var hostName: String {
        get throws(ResolverError) {
            do throws(ResolverError.Reason) {
                return try SystemCalls.hostName()
            } catch {
                throw ResolverError(.hostName, "", error)
            }
        }
    }

    /// Gives this machine another name, until it starts again.
    ///
    /// - Throws: ``ResolverError`` with `.invalid` for a name that is empty, over 64 bytes or has a control byte;
    ///   `.system(.notPermitted)` without the right to do so.
    ///
    /// C: `sethostname(2)`.
    public static func setHostName(_ name: String) throws(ResolverError) {
        do throws(ResolverError.Reason) {
            try check(name)
            guard (1...64).contains(name.utf8.count) else { throw .invalid("a host name has 1 to 64 bytes") }
            try SystemCalls.setHostName(name)
        } catch {
            throw ResolverError(.setHostName, name, error)
        }
    }
}
