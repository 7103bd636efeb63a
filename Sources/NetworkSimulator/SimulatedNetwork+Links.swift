// SPDX-License-Identifier: Apache-2.0

/// The links between the hosts, and what can happen to them. What is under way already arrives. All of it is for before
/// a run, for a script (``at(_:_:)``), and for the network's tasks; not for other threads while it runs.
///
/// Between two hosts on different sides of a NAT there is no link: one leads to the NAT (``SimulatedNAT/host``), and
/// another one from there.
extension SimulatedNetwork {
    /// Every way from one host to another that has no link of its own.
    ///
    /// - Precondition: what is set is within the bounds that ``Link`` names.
    public var link: Link {
        get { fabric.link }
        set { fabric.link = newValue }
    }

    /// The way of a host to itself: loopback and UNIX streams. A UNIX datagram takes no time.
    public var loopback: Link {
        get { fabric.loopback }
        set { fabric.loopback = newValue }
    }

    /// The link from one host to another.
    ///
    /// - Precondition: no NAT is between them.
    public func link(from source: SimulatedHost, to target: SimulatedHost) -> Link { way(source, target).link }

    /// Gives the way from one host to another a link of its own; nil gives it the usual one again.
    ///
    /// - Precondition: no NAT is between them, and what the link says is within its bounds.
    public func setLink(_ link: Link?, from source: SimulatedHost, to target: SimulatedHost) {
        link?.check()
        way(source, target).own = link
    }

    /// The same for both ways between two hosts.
    public func setLink(_ link: Link?, between one: SimulatedHost, and other: SimulatedHost) {
        setLink(link, from: one, to: other)
        setLink(link, from: other, to: one)
    }

    // MARK: Partitions

    /// Nothing gets through any more between two groups of hosts: nobody is told, and streams try again for as long as
    /// they are patient.
    ///
    /// - Precondition: there is a link from one group to the other: NATs are not between all of them.
    public func partition(_ group: SimulatedHost..., from others: SimulatedHost...) { partition(group, from: others) }

    /// The same for lists of hosts.
    public func partition(_ group: [SimulatedHost], from others: [SimulatedHost]) {
        let ways = ways(group, others)
        precondition(
            !ways.isEmpty || group.allSatisfy { one in others.allSatisfy { $0.node.isNeighbor(of: one.node) } },
            "there is no link between \(Self.names(group)) and \(Self.names(others)): NATs are between them")
        for way in ways { change(way, .cut) { $0.cut() } }
    }

    /// Nothing gets through any more from one host to another; the other direction stays as it is.
    ///
    /// - Precondition: no NAT is between them.
    public func cut(from source: SimulatedHost, to target: SimulatedHost) {
        change(way(source, target), .cut) { $0.cut() }
    }

    /// Ends every partition, and every cut.
    public func heal() { heal(hosts, hosts) }

    /// Ends those between two hosts, in both directions.
    public func heal(_ one: SimulatedHost, _ other: SimulatedHost) { heal([one], [other]) }

    private func heal(_ group: [SimulatedHost], _ others: [SimulatedHost]) {
        for way in ways(group, others) where way.isCut { change(way, .heal) { $0.heal() } }
    }

    // MARK: Holding

    /// What goes from one host to another waits on its way until it is released; nothing is lost.
    ///
    /// - Precondition: no NAT is between them.
    public func hold(from source: SimulatedHost, to target: SimulatedHost) {
        change(way(source, target), .hold) { $0.hold() }
    }

    /// Lets all that waits go on, in its order.
    ///
    /// - Precondition: no NAT is between them.
    public func release(from source: SimulatedHost, to target: SimulatedHost) {
        change(way(source, target), .release) { $0.release() }
    }

    private func change(_ way: Way, _ fault: NetworkEvent.Fault, _ body: (Way) -> Void) {
        fabric.note(fault, way.source, way.target)
        body(way)
    }

    private func way(_ source: SimulatedHost, _ target: SimulatedHost) -> Way {
        precondition(source.fabric === fabric && target.fabric === fabric, "a host of another network")
        precondition(
            source.node.isNeighbor(of: target.node),
            "no link leads from \(source.name) to \(target.name): there is a NAT between them")
        return fabric.way(from: source.node, to: target.node)
    }

    private func ways(_ group: [SimulatedHost], _ others: [SimulatedHost]) -> [Way] {
        precondition((group + others).allSatisfy { $0.fabric === fabric }, "a host of another network")
        return fabric.ways(between: group.map(\.node), and: others.map(\.node))
    }

    private static func names(_ hosts: [SimulatedHost]) -> String { hosts.map(\.name).joined(separator: ", ") }
}
