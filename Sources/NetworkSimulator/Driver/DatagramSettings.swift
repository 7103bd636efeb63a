// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The socket options that mean something to datagrams in memory, with what they are at first: `ip(7)`, `ipv6(7)`.
struct DatagramSettings {
    /// The number of the one interface that a host has.
    static let interface: UInt32 = 1

    private struct Known {
        let level: CInt
        let name: CInt
        let initial: CInt
        let bounds: ClosedRange<CInt>

        init<Value>(_ option: SocketOption<Value>, _ initial: CInt, in bounds: ClosedRange<CInt>) {
            level = option.level
            name = option.name
            self.initial = initial
            self.bounds = bounds
        }
    }

    private static let known = [
        Known(.broadcast, 0, in: CInt.min...CInt.max),
        Known(.multicastTimeToLive, 1, in: -1...255), Known(.ipv6MulticastHops, 1, in: -1...255),
        Known(.multicastLoopback, 1, in: CInt.min...CInt.max), Known(.ipv6MulticastLoopback, 1, in: 0...1),
        Known(.ipv6MulticastInterface, 0, in: 0...CInt(interface)),
        Known(.timeToLive, 64, in: 1...255), Known(.ipv6UnicastHops, 64, in: -1...255),
    ]

    /// By their place among the known ones.
    private var values = known.map(\.initial)

    /// - Throws: `ENOSYS` for an option that means nothing here.
    func value<Value>(of option: SocketOption<Value>) throws(Errno) -> Value {
        if let interface = MulticastInterface(index: 0) as? Value { return interface }
        let number = values[try Self.place(of: option)]
        let bytes = unsafe withUnsafeBytes(of: number) { unsafe [UInt8]($0) }
        guard let value = Value(systemBytes: bytes) else { throw .invalidArgument }
        return value
    }

    /// - Throws: `ENOSYS` for an option that means nothing here, `EINVAL` for a value out of its bounds,
    ///   `EADDRNOTAVAIL` for an interface that the host does not have.
    mutating func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(Errno) {
        if let interface = value as? MulticastInterface {
            // There is one way out of the host, and it is taken in any case.
            if interface.index > Self.interface { throw .addressNotAvailable }
            return
        }
        let place = try Self.place(of: option)
        guard let bytes = value.systemBytes, bytes.count == MemoryLayout<CInt>.size else { throw .invalidArgument }
        let number = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: CInt.self) }
        if !Self.known[place].bounds.contains(number) { throw .invalidArgument }
        // -1 is what it was at first.
        values[place] = number == -1 ? Self.known[place].initial : number
    }

    private static func place<Value>(of option: SocketOption<Value>) throws(Errno) -> Int {
        let place = known.firstIndex { $0.level == option.level && $0.name == option.name }
        guard let place else { throw .noFunction }
        return place
    }

    private func number<Value>(of option: SocketOption<Value>) -> CInt {
        (try? Self.place(of: option)).map { values[$0] } ?? 0
    }
}

/// What the network asks.
extension DatagramSettings {
    var allowsBroadcast: Bool {
        get { number(of: .broadcast) != 0 }
        set { values[0] = newValue ? 1 : 0 }
    }

    /// How many routers a datagram to a group may pass; there are none between hosts in memory, and 0 stays here.
    func multicastHops(_ group: IPAddress) -> CInt {
        number(of: group.ipv4 == nil ? .ipv6MulticastHops : .multicastTimeToLive)
    }

    func multicastIsHeardHere(_ group: IPAddress) -> Bool {
        number(of: group.ipv4 == nil ? .ipv6MulticastLoopback : .multicastLoopback) != 0
    }
}
