// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Where a relay listens: for streams, or for datagrams.
struct RelayPlaces {
    let streams: [any EndpointConvertible]
    let datagrams: [Endpoint]

    /// Looks up what has to be looked up.
    ///
    /// - Throws: a failure for a word that is no place to listen on, or none for these targets; and for one that
    ///   strangers can reach, where what it leads to needs a guard and there is none.
    init(_ word: String, isPublic: Bool, for targets: RelayTargets, _ rules: AccessRules) throws(ToolFailure) {
        let addresses = try ListenAddresses([word], isPublic: isPublic, for: "relay")
        if addresses.hasStandardIO {
            throw ToolFailure(.usage, "nt relay can't listen at -: nt connect joins standard input to an address")
        }
        if addresses.isDatagramsOnly != targets.carryDatagrams {
            let kinds = addresses.isDatagramsOnly ? ("datagrams", "streams") : ("streams", "datagrams")
            throw ToolFailure(.usage, "\(word.legible) is for \(kinds.0) and \(targets.all[0]) for \(kinds.1)")
        }
        streams = addresses.addresses + addresses.inherited
        datagrams = addresses.datagrams
        for place in addresses.addresses + datagrams.compactMap(\.socketAddress) {
            // Each client would make another one, until there is room for none.
            if let itself = targets.all.first(where: { $0.leads(to: place) }) {
                throw ToolFailure(.usage, "\(itself) is where this relay listens itself")
            }
        }
        // Where somebody else has opened the listener, nobody has said who can reach it.
        let isReachable = addresses.publicAddress != nil || !addresses.inherited.isEmpty
        let target = targets.all[0]
        if isReachable, target.needsGuard, rules.clients.allowed.isEmpty, rules.credentials == nil {
            let flags = target.isProxy ? "--auth or --allow" : "--allow"
            throw ToolFailure(
                .usage,
                "\(word.legible) can be reached by others: \(target) needs \(flags) there, as in "
                    + "--allow 192.168.1.0/24")
        }
    }
}
