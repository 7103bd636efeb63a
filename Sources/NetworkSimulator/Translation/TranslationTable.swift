// SPDX-License-Identifier: Apache-2.0
//
// Decision: what has timed out is found out when it is looked at, and swept when there is no room: nothing has to
//           happen on the network for a mapping to end.
import Reactor
import Sockets

/// What a NAT remembers: which outer port stands for which inner address, and who may send to it. It sends nothing and
/// waits for nothing. Touched by the thread that runs the network.
struct TranslationTable {
    /// Each has ports of its own.
    enum Carrier: Hashable { case tcp, udp }

    /// Others, as far as they count.
    enum Party: Hashable {
        case anyone
        case host(IPAddress?)
        case socket(SocketAddress)
    }

    /// An outer port that stands for an inner address.
    final class Mapping {
        let carrier: Carrier
        let inside: SocketAddress
        let outside: SocketAddress
        /// Those whom it is for.
        fileprivate let party: Party
        fileprivate(set) var lastUse: LoopInstant
        /// Who may send in, and when something last went there.
        fileprivate var guests: [Party: LoopInstant] = [:]

        fileprivate init(
            _ carrier: Carrier, _ inside: SocketAddress, _ outside: SocketAddress, for party: Party, _ now: LoopInstant
        ) {
            (self.carrier, self.inside, self.outside, self.party) = (carrier, inside, outside, party)
            lastUse = now
        }
    }

    private struct Inside: Hashable {
        let carrier: Carrier
        let address: SocketAddress
        let party: Party
    }

    private struct Outside: Hashable {
        let carrier: Carrier
        let port: Port
    }

    private static let ports = UInt16(1024)...UInt16.max

    private let behavior: NATBehavior
    /// The NAT's own address.
    private let address: IPAddress
    private var byInside: [Inside: Mapping] = [:]
    private var byOutside: [Outside: Mapping] = [:]
    /// How many guests all mappings have together.
    private var guestCount = 0
    /// Nothing times out before: a table that is full is not swept in vain.
    private var nextSweep = LoopInstant(nanoseconds: 0)
    private var lastPort = ports.upperBound

    init(_ behavior: NATBehavior, at address: IPAddress) {
        self.behavior = behavior
        self.address = address
    }

    /// What is remembered, by port.
    func mappings(at now: LoopInstant) -> [Mapping] {
        byOutside.values.filter { isKnown($0, now) }.sorted {
            ($0.outside.port ?? .any, $0.carrier == .tcp ? 0 : 1) < (
                $1.outside.port ?? .any, $1.carrier == .tcp ? 0 : 1
            )
        }
    }

    // MARK: Out

    /// Something goes out.
    ///
    /// - Returns: the mapping that it goes by, and whether it is a new one; nil where there is no room.
    mutating func leave(
        _ carrier: Carrier, from inside: SocketAddress, to other: SocketAddress, at now: LoopInstant,
        drawing chance: inout Chance
    ) -> (mapping: Mapping, isNew: Bool)? {
        let key = Inside(carrier: carrier, address: inside, party: Self.party(other, behavior.mapping))
        if let known = byInside[key] {
            if isKnown(known, now) {
                return admit(other, to: known, at: now) ? (known, false) : nil
            }
            remove(known)
        }
        guard hasRoom(at: now), let port = freePort(for: inside, carrier, at: now, drawing: &chance) else { return nil }
        let made = Mapping(carrier, inside, SocketAddress(address, port), for: key.party, now)
        byInside[key] = made
        byOutside[Outside(carrier: carrier, port: port)] = made
        _ = admit(other, to: made, at: now)
        return (made, true)
    }

    /// Somebody was sent to, and may answer.
    private mutating func admit(_ other: SocketAddress, to mapping: Mapping, at now: LoopInstant) -> Bool {
        let guest = guest(other, mapping.carrier)
        if mapping.guests[guest] == nil {
            if !hasRoom(at: now) { return false }
            guestCount += 1
            nextSweep = min(nextSweep, end(of: now, mapping.carrier))
        }
        mapping.guests[guest] = now
        mapping.lastUse = now
        return true
    }

    // MARK: In

    /// A datagram comes in.
    ///
    /// - Returns: where it goes; nil where the port stands for nobody, or its sender may not.
    mutating func enter(to port: Port, from other: SocketAddress, at now: LoopInstant) -> SocketAddress? {
        guard let mapping = byOutside[Outside(carrier: .udp, port: port)],
            pass(other, by: mapping, at: now, refreshing: behavior.isRefreshedFromOutside)
        else { return nil }
        return mapping.inside
    }

    /// Whether what goes between an inner address and somebody outside gets through, in either direction.
    mutating func pass(
        _ other: SocketAddress, by mapping: Mapping, at now: LoopInstant, refreshing: Bool = true
    ) -> Bool {
        let guest = guest(other, mapping.carrier)
        guard isCurrent(mapping), isKnown(mapping, now), let since = mapping.guests[guest],
            isFresh(since, mapping.carrier, now)
        else { return false }
        if refreshing {
            mapping.guests[guest] = now
            mapping.lastUse = now
        }
        return true
    }

    // MARK: The end

    /// A connection is over.
    mutating func forget(_ other: SocketAddress, of mapping: Mapping) {
        guard isCurrent(mapping), mapping.guests.removeValue(forKey: guest(other, mapping.carrier)) != nil else {
            return
        }
        guestCount -= 1
        if mapping.guests.isEmpty { remove(mapping) }
    }

    private mutating func remove(_ mapping: Mapping) {
        guestCount -= mapping.guests.count
        byInside[Inside(carrier: mapping.carrier, address: mapping.inside, party: mapping.party)] = nil
        if let port = mapping.outside.port { byOutside[Outside(carrier: mapping.carrier, port: port)] = nil }
    }

    private mutating func hasRoom(at now: LoopInstant) -> Bool {
        if guestCount < behavior.capacity { return true }
        if now >= nextSweep { sweep(now) }
        return guestCount < behavior.capacity
    }

    /// Takes away what has timed out. The order in which that happens shows nowhere.
    private mutating func sweep(_ now: LoopInstant) {
        nextSweep = .never
        for mapping in byOutside.values {
            let stale = mapping.guests.filter { !isFresh($0.value, mapping.carrier, now) }
            for guest in stale.keys { mapping.guests[guest] = nil }
            guestCount -= stale.count
            if mapping.guests.isEmpty { remove(mapping) }
            for since in mapping.guests.values { nextSweep = min(nextSweep, end(of: since, mapping.carrier)) }
        }
    }

    // MARK: Rules

    private func end(of since: LoopInstant, _ carrier: Carrier) -> LoopInstant {
        since.advanced(by: carrier == .tcp ? behavior.connectionTimeout : behavior.mappingTimeout)
    }

    private func isFresh(_ since: LoopInstant, _ carrier: Carrier, _ now: LoopInstant) -> Bool {
        now < end(of: since, carrier)
    }

    private func isKnown(_ mapping: Mapping, _ now: LoopInstant) -> Bool {
        isFresh(mapping.lastUse, mapping.carrier, now)
    }

    private func isCurrent(_ mapping: Mapping) -> Bool {
        mapping.outside.port.flatMap { byOutside[Outside(carrier: mapping.carrier, port: $0)] } === mapping
    }

    /// Nobody but its peer has a part in a connection.
    private func guest(_ other: SocketAddress, _ carrier: Carrier) -> Party {
        carrier == .tcp ? .socket(other) : Self.party(other, behavior.filtering)
    }

    private static func party(_ other: SocketAddress, _ dependence: NATBehavior.Dependence) -> Party {
        switch dependence {
        case .endpointIndependent: .anyone
        case .addressDependent: .host(other.ip)
        case .addressAndPortDependent: .socket(other)
        }
    }

    /// The first port from where the assignment says that nobody has.
    private mutating func freePort(
        for inside: SocketAddress, _ carrier: Carrier, at now: LoopInstant, drawing chance: inout Chance
    ) -> Port? {
        let count = Self.ports.count
        let first =
            switch behavior.ports {
            case .preserved: max(0, Int(inside.port?.rawValue ?? 0) - Int(Self.ports.lowerBound))
            case .sequential: Int(lastPort - Self.ports.lowerBound) + 1
            case .random: chance.below(count)
            }
        for step in 0..<count {
            let port = Self.ports.lowerBound + UInt16((first + step) % count)
            let place = Outside(carrier: carrier, port: Port(rawValue: port))
            if let holder = byOutside[place] {
                if isKnown(holder, now) { continue }
                remove(holder)
            }
            lastPort = port
            return place.port
        }
        return nil
    }
}
