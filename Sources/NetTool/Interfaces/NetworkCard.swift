// SPDX-License-Identifier: Apache-2.0
package import Sockets

/// An interface, with what the machine's tables say about it.
package struct NetworkCard: Hashable, Sendable {
    let interface: NetworkInterface
    /// The routers of the default routes that leave by it; nil for a route without one.
    let defaultRoutes: [DefaultRoute]
    let groups: [IPAddress]

    package init(_ interface: NetworkInterface, defaultRoutes: [DefaultRoute], groups: [IPAddress]) {
        self.interface = interface
        self.defaultRoutes = defaultRoutes
        self.groups = groups
    }

    /// Every interface of this machine.
    ///
    /// - Throws: a failure when the system does not list them. Routes and groups are left out where it hides them.
    static func all() throws(ToolFailure) -> [NetworkCard] {
        let interfaces: [NetworkInterface]
        do throws(InterfaceError) { interfaces = try NetworkInterface.all() } catch {
            throw ToolFailure(.failure, "\(error)")
        }
        let routes = (try? DefaultRoute.all()) ?? []
        let groups = JoinedGroup.all()
        return interfaces.map { interface in
            NetworkCard(
                interface, defaultRoutes: routes.filter { $0.interface == interface.name },
                groups: groups.filter { $0.interface == interface.name }.map(\.group))
        }
    }

    /// `up`, `up, no carrier` where no packet passes all the same, or `down`.
    private var state: String {
        guard interface.isUp else { return "down" }
        return interface.flags.contains(.running) ? "up" : "up, no carrier"
    }

    /// The lines for people.
    var text: String {
        let head = [
            state, interface.isLoopback ? "loopback" : nil, "number \(interface.index)", "mtu \(interface.mtu)",
            interface.isLoopback ? nil : interface.hardwareAddress?.description,
        ]
        var lines = interface.addresses.map { address in
            let broadcast = address.broadcast.map { "   broadcast \($0)" } ?? ""
            let peer = address.peer.map { "   peer \($0)" } ?? ""
            return
                "\(address.ip.withoutScope)/\(address.network.prefixLength)   \(address.ip.scopeName)\(broadcast)\(peer)"
        }
        if !defaultRoutes.isEmpty {
            lines.append(
                "default route: " + defaultRoutes.map { $0.gateway?.description ?? "direct" }.joined(separator: ", "))
        }
        if !groups.isEmpty { lines.append("groups: " + groups.map(\.description).joined(separator: ", ")) }
        let summary = "\(interface.name)   \(head.compactMap(\.self).joined(separator: ", "))"
        return ([summary] + lines.map { "  \($0)" }).joined(separator: "\n")
    }

    /// The members for programs.
    var members: [JSONValue.Member] {
        [
            .init("name", .string(interface.name)), .init("index", JSONValue(interface.index)),
            .init("is_up", .boolean(interface.isUp)), .init("is_running", .boolean(interface.flags.contains(.running))),
            .init("is_loopback", .boolean(interface.isLoopback)), .init("mtu", JSONValue(interface.mtu)),
            .init("hardware_address", JSONValue(interface.hardwareAddress?.description)),
            .init("addresses", .array(interface.addresses.map(\.json))),
            .init(
                "default_routes",
                .array(
                    defaultRoutes.map {
                        ["gateway": JSONValue($0.gateway?.description), "metric": JSONValue($0.metric)]
                    })
            ),
            .init("groups", .array(groups.map { .string("\($0)") })),
        ]
    }
}

extension NetworkInterface.Address {
    fileprivate var json: JSONValue {
        [
            "address": .string("\(ip.withoutScope)"), "prefix_length": JSONValue(network.prefixLength),
            "network": .string("\(network)"), "netmask": .string("\(network.netmask)"), "scope": .string(ip.scopeName),
            "broadcast": JSONValue(broadcast?.description), "peer": JSONValue(peer?.description),
        ]
    }
}

extension IPAddress {
    /// Beside its interface an address needs no scope.
    var withoutScope: IPAddress { ipv6.map { .v6($0.scoped(to: 0)) } ?? self }
}
