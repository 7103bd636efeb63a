// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What is told of a backplane: that it works and that it does not, each once, however often it is tried again.
struct BackplaneNews {
    /// Each has a connection of its own.
    enum Way {
        case hearing, telling
    }

    /// The most lines of one outage.
    static let maximumReasons = 3

    private var hears = false
    /// Nobody knows better until there is something to tell.
    private var tells = true
    private var isConnected = false
    /// What was told of the outage that lasts.
    private var reasons: [String] = []

    /// The server has answered well on this way.
    mutating func succeeded(_ way: Way) -> RedisBackplane.Event? {
        set(way, true)
        guard hears, tells, !isConnected else { return nil }
        (isConnected, reasons) = (true, [])
        return .connected
    }

    /// This way does not work. An outage is told once, and besides what the server itself says: it may be back, and
    /// want a password.
    mutating func failed(_ way: Way, _ error: SocketError) -> RedisBackplane.Event? {
        set(way, false)
        isConnected = false
        let reason = "\(error)"
        if !reasons.isEmpty {
            guard case .invalid = error.reason, !reasons.contains(reason), reasons.count < Self.maximumReasons else {
                return nil
            }
        }
        reasons.append(reason)
        return .disconnected(reason)
    }

    private mutating func set(_ way: Way, _ works: Bool) {
        switch way {
        case .hearing: hears = works
        case .telling: tells = works
        }
    }
}
