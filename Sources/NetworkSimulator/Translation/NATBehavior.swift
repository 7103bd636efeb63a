// SPDX-License-Identifier: Apache-2.0

/// How a NAT translates addresses and ports, in the terms of RFC 4787.
///
/// ```swift
/// var behavior = NATBehavior.portRestrictedCone
/// behavior.mappingTimeout = .seconds(30)
/// let home = try network.nat("home", behavior)
/// ```
/// The names that people use, ``fullCone`` to ``symmetric``, are pairs of ``mapping`` and ``filtering``.
///
/// RFC 4787; RFC 5382 for TCP; RFC 3489 §5 for the names.
public struct NATBehavior: Hashable, Sendable {
    /// On how much of the other side something depends.
    public enum Dependence: String, Hashable, Sendable, CaseIterable {
        /// On nothing: it is the same for everybody.
        case endpointIndependent
        /// On its address, whatever the port.
        case addressDependent
        /// On its address and port.
        case addressAndPortDependent
    }

    /// Which outer port an inner one gets: RFC 4787 §4.2.1.
    public enum PortAssignment: String, Hashable, Sendable, CaseIterable {
        /// The same, else the next one that is free.
        case preserved
        /// The next one that is free, from 1024 on.
        case sequential
        /// One that is drawn from the seed.
        case random
    }

    /// For whom an inner address and port keep their outer ones: RFC 4787 §4.1. Where that depends on the other side,
    /// no third party can tell a peer where to reach the host: holes can't be punched.
    public var mapping: Dependence
    /// Who may send in: anybody to whom a mapping is known, or those alone to whom something went out: RFC 4787 §5.
    public var filtering: Dependence
    /// Which outer ports are given out.
    public var ports = PortAssignment.preserved
    /// How long a mapping of UDP is remembered after the last datagram that went out, more than zero. RFC 4787 §4.3
    /// asks for two minutes; many boxes forget sooner.
    public var mappingTimeout = Duration.seconds(120)
    /// The same for a TCP connection, after the last segment in either direction. RFC 5382 §5 asks for 2 h 4 min.
    /// One that is forgotten goes on silently into nothing, until its ends give up.
    public var connectionTimeout = Duration.seconds(7440)
    /// Whether what comes in keeps a mapping of UDP alive too: RFC 4787 §4.3.
    public var isRefreshedFromOutside = false
    /// Whether hosts behind it reach each other by their outer addresses: RFC 4787 §6.
    public var hairpins = false
    /// How many pairs are remembered of an outer port and of somebody who may send to it, at least 1. When they are
    /// reached nothing new gets out until an old one has timed out.
    public var capacity = 4096

    /// A NAT that nothing but these two make different from others.
    ///
    /// - Parameters:
    ///   - mapping: on what of the other side the outer port depends.
    ///   - filtering: on what of the other side it depends whether it may send in.
    public init(mapping: Dependence, filtering: Dependence) {
        self.mapping = mapping
        self.filtering = filtering
    }

    /// One outer port for each inner one, and whoever knows it may send in.
    public static let fullCone = NATBehavior(mapping: .endpointIndependent, filtering: .endpointIndependent)
    /// The same, for those whose address was sent to.
    public static let restrictedCone = NATBehavior(mapping: .endpointIndependent, filtering: .addressDependent)
    /// The same, for those whose address and port were sent to: what most homes have.
    public static let portRestrictedCone = NATBehavior(
        mapping: .endpointIndependent, filtering: .addressAndPortDependent)
    /// An outer port of its own for everybody who is sent to, and nobody else may send to it.
    public static let symmetric = NATBehavior(
        mapping: .addressAndPortDependent, filtering: .addressAndPortDependent)

    func check() {
        precondition(mappingTimeout > .zero && connectionTimeout > .zero, "a mapping is remembered for some time")
        precondition(capacity > 0, "a NAT remembers at least one mapping, not \(capacity)")
    }
}
