// SPDX-License-Identifier: Apache-2.0

/// Which way bytes go through a relay.
enum RelayDirection: Hashable, Sendable, CaseIterable {
    /// From the client to the target.
    case toTarget
    /// From the target to the client.
    case toClient

    /// `>` and `<`.
    var mark: Character { self == .toTarget ? ">" : "<" }

    /// The other one.
    var opposite: RelayDirection { self == .toTarget ? .toClient : .toTarget }
}

/// One value for each direction.
struct BothWays<Value> {
    private var toTarget: Value
    private var toClient: Value

    init(_ make: (RelayDirection) -> Value) {
        toTarget = make(.toTarget)
        toClient = make(.toClient)
    }

    subscript(direction: RelayDirection) -> Value {
        get { direction == .toTarget ? toTarget : toClient }
        set { if direction == .toTarget { toTarget = newValue } else { toClient = newValue } }
    }
}

extension BothWays: Sendable where Value: Sendable {}
