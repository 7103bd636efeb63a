// SPDX-License-Identifier: Apache-2.0
//
// Facts:    getifaddrs gives an entry for each interface (family AF_PACKET with its hardware address, or no address at
//           all) and one for each address; an IPv4 entry has the address's label (eth0:1) in the place of the
//           interface's name. The field for the broadcast address is also the field for the peer's, or repeats the
//           address.
// Decision: entries are gathered by the name before the colon; the field is a broadcast address where the interface can
//           broadcast and the value can be one (the network's last or first address, or 255.255.255.255), else a peer.
import CSockets
import Glibc
import SystemPackage

extension SystemCalls {
    /// C: `getifaddrs(3)`.
    static func interfaces() throws(Errno) -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        _ = try perform(.getifaddrs) { unsafe getifaddrs(&first) }
        defer { unsafe freeifaddrs(first) }
        let probe = try interfaceProbe()
        var links: [(name: String, index: UInt32, flags: InterfaceFlags, hardware: HardwareAddress?)] = []
        var addresses: [String: [NetworkInterface.Address]] = [:]
        var next = unsafe first
        while let entry = unsafe next?.pointee {
            let name = unsafe String(cString: entry.ifa_name)
            let flags = unsafe InterfaceFlags(rawValue: entry.ifa_flags)
            if unsafe isLink(entry.ifa_addr) {
                let index = try? interfaceIndex(of: name)
                unsafe links.append((name, index ?? 0, flags, hardwareAddress(entry.ifa_addr)))
            } else if let address = unsafe NetworkInterface.Address(entry, flags) {
                addresses[String(name.prefix { $0 != ":" }), default: []].append(address)
            }
            unsafe next = entry.ifa_next
        }
        return links.sorted { $0.index < $1.index }.compactMap { link in
            guard let mtu = try? interfaceMTU(probe.number, link.name) else { return nil }
            return NetworkInterface(
                name: link.name, index: link.index, flags: link.flags, mtu: mtu, hardwareAddress: link.hardware,
                addresses: addresses[link.name] ?? [])
        }
    }

    /// C: `if_nameindex(3)`.
    static func interfaceNames() throws(Errno) -> [(index: UInt32, name: String)] {
        var list: UnsafeMutablePointer<if_nameindex>?
        _ = try perform(.getifaddrs) {
            unsafe list = if_nameindex()
            return unsafe list == nil ? -1 : 0
        }
        defer { unsafe if_freenameindex(list) }
        var names: [(index: UInt32, name: String)] = []
        var next = unsafe list
        while let entry = unsafe next?.pointee, let name = unsafe entry.if_name {
            names.append((unsafe entry.if_index, unsafe String(cString: name)))
            unsafe next = next.map { unsafe $0 + 1 }
        }
        return names
    }

    /// C: `if_nametoindex(3)`.
    static func interfaceIndex(of name: String) throws(Errno) -> UInt32 {
        var index: UInt32 = 0
        _ = try perform(.getifaddrs) {
            unsafe index = if_nametoindex(name)
            return index == 0 ? -1 : 0
        }
        return index
    }

    /// C: `if_indextoname(3)`.
    static func interfaceName(of index: UInt32) throws(Errno) -> String {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE) + 1)
        _ = try perform(.getifaddrs) { unsafe if_indextoname(index, &name) == nil ? -1 : 0 }
        return text(name)
    }

    /// C: `ioctl(2)` with `SIOCGIFFLAGS` and `SIOCSIFFLAGS`.
    static func setInterface(_ name: String, up: Bool) throws(Errno) {
        let probe = try interfaceProbe()
        var flags: CInt = 0
        _ = try perform(.ioctl) { unsafe nw_interface_flags(probe.number, name, &flags) }
        let wanted = up ? flags | CInt(InterfaceFlags.up.rawValue) : flags & ~CInt(InterfaceFlags.up.rawValue)
        if wanted != flags { _ = try perform(.ioctl) { unsafe nw_set_interface_flags(probe.number, name, wanted) } }
    }

    /// Any socket answers questions about interfaces; a kernel may lack IP, none lacks this family.
    private static func interfaceProbe() throws(Errno) -> OwnedDescriptor {
        OwnedDescriptor(try socket(family: CInt(AF_UNIX), kind: Constants.datagram, protocolNumber: 0))
    }

    private static func interfaceMTU(_ probe: CInt, _ name: String) throws(Errno) -> Int {
        var mtu: CInt = 0
        _ = try perform(.ioctl) { unsafe nw_interface_mtu(probe, name, &mtu) }
        return Int(mtu)
    }

    /// Whether an entry is about an interface itself.
    private static func isLink(_ address: UnsafeMutablePointer<sockaddr>?) -> Bool {
        unsafe address.map { unsafe $0.pointee.sa_family == AF_PACKET } ?? true
    }

    private static func hardwareAddress(_ address: UnsafeMutablePointer<sockaddr>?) -> HardwareAddress? {
        guard let address = unsafe address else { return nil }
        let bytes = UnsafeRawPointer(address)
        let link = unsafe bytes.loadUnaligned(as: sockaddr_ll.self)
        // The C library has room for 24 bytes here, more than the struct shows.
        let start = unsafe bytes + nw_sll_addr_offset
        return unsafe HardwareAddress(bytes: UnsafeRawBufferPointer(start: start, count: min(Int(link.sll_halen), 24)))
    }
}

extension NetworkInterface.Address {
    fileprivate init?(_ entry: ifaddrs, _ flags: InterfaceFlags) {
        guard let ip = unsafe Self.ip(entry.ifa_addr), let mask = unsafe Self.ip(entry.ifa_netmask) else { return nil }
        let prefixLength =
            mask.bytes.prefix { $0 == 0xFF }.count * 8
            + (mask.bytes.first { $0 != 0xFF }.map { (~$0).leadingZeroBitCount } ?? 0)
        guard let interface = try? IPInterface(ip, prefixLength: prefixLength) else { return nil }
        let network = interface.network
        let other = unsafe Self.ip(entry.ifa_ifu.ifu_broadaddr)
        let broadcasts = [network.lastAddress, network.address, .v4(.broadcast)]
        let isBroadcast = flags.contains(.broadcast) && other.map(broadcasts.contains) == true
        self.ip = ip
        self.network = network
        broadcast = isBroadcast && other != ip ? other?.ipv4 : nil
        peer = !isBroadcast && other != ip ? other : nil
    }

    private static func ip(_ address: UnsafeMutablePointer<sockaddr>?) -> IPAddress? {
        guard let address = unsafe address else { return nil }
        let length: Int
        switch CInt(unsafe address.pointee.sa_family) {
        case CInt(AF_INET): length = MemoryLayout<sockaddr_in>.size
        case CInt(AF_INET6): length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        return unsafe SocketAddress(systemBytes: UnsafeRawBufferPointer(start: address, count: length)).ip
    }
}
