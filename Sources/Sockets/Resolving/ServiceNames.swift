// SPDX-License-Identifier: Apache-2.0

/// The names of services and protocols, as the system's tables have them (`/etc/services`, `/etc/protocols`).
/// ```swift
/// try ServiceNames.port(of: "http")                    // 80
/// try ServiceNames.service(at: 22).name                // ssh
/// try ServiceNames.protocolNumber(of: "udp")           // 17
/// ```
/// A machine without the tables (a small container) knows no name: each call then throws `.service` or
/// `.protocolNotFound`.
public enum ServiceNames {
    /// A service in the table.
    public struct Service: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its other names.
        public let aliases: [String]
        /// Where it is found.
        public let port: Port
        /// Over which protocol: `tcp`, `udp`.
        public let protocolName: String
    }

    /// The port of a service.
    ///
    /// - Parameters:
    ///   - name: the service's name or one of its other names, in its exact case.
    ///   - protocolName: `tcp` or `udp`; nil takes whichever stands first.
    /// - Throws: ``ResolverError`` with `.service` when the table has no such line, `.invalid` for a name that can't be
    ///   one, `.system`.
    ///
    /// C: `getservbyname_r(3)`.
    public static func port(of name: String, over protocolName: String? = nil) throws(ResolverError) -> Port {
        try service(named: name, over: protocolName).port
    }

    /// A service by its name.
    ///
    /// - Throws: ``ResolverError``, as ``port(of:over:)`` does.
    ///
    /// C: `getservbyname_r(3)`.
    public static func service(named name: String, over protocolName: String? = nil) throws(ResolverError) -> Service {
        try ask(.service, name + (protocolName.map { "/\($0)" } ?? "")) { () throws(ResolverError.Reason) in
            try Resolver.check(name)
            if let protocolName { try Resolver.check(protocolName) }
            return try SystemCalls.service(named: name, over: protocolName)
        }
    }

    /// A service by its port.
    ///
    /// - Throws: ``ResolverError`` with `.service` when the table has no such line, `.invalid`, `.system`.
    ///
    /// C: `getservbyport_r(3)`.
    public static func service(at port: Port, over protocolName: String? = nil) throws(ResolverError) -> Service {
        try ask(.service, "\(port)" + (protocolName.map { "/\($0)" } ?? "")) { () throws(ResolverError.Reason) in
            if let protocolName { try Resolver.check(protocolName) }
            return try SystemCalls.service(at: port, over: protocolName)
        }
    }

    /// The number of a protocol by its name.
    ///
    /// - Throws: ``ResolverError`` with `.protocolNotFound` when the table has no such line, `.invalid`, `.system`.
    ///
    /// C: `getprotobyname_r(3)`.
    public static func protocolNumber(of name: String) throws(ResolverError) -> ProtocolNumber {
        try ask(.protocolName, name) { () throws(ResolverError.Reason) in
            try Resolver.check(name)
            return try SystemCalls.protocolEntry(named: name).number
        }
    }

    /// The name of a protocol by its number.
    ///
    /// - Throws: ``ResolverError`` with `.protocolNotFound` when the table has no such line, `.system`.
    ///
    /// C: `getprotobynumber_r(3)`.
    public static func name(of number: ProtocolNumber) throws(ResolverError) -> String {
        try ask(.protocolName, "\(number.rawValue)") { () throws(ResolverError.Reason) in
            try SystemCalls.protocolEntry(numbered: number).name
        }
    }

    private static func ask<Answer>(
        _ operation: ResolverError.Operation, _ question: String, _ body: () throws(ResolverError.Reason) -> Answer
    ) throws(ResolverError) -> Answer {
        do throws(ResolverError.Reason) {
            return try body()
        } catch {
            throw ResolverError(operation, question, error)
        }
    }
}
