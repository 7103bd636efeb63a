// SPDX-License-Identifier: Apache-2.0
//
// Facts:    the reentrant forms of the old databases (hosts, services, protocols) put strings into the caller's room
//           and answer ERANGE when it is too small; not to be found is no error there but an absent entry.
// Decision: one function grows the room, up to a bound that no honest entry needs.
import CSockets
import SystemPackage

extension SystemCalls {
    /// C: `gethostbyname2_r(3)`.
    static func host(named name: String, family: AddressFamily) throws(ResolverError.Reason) -> Resolver.Host {
        try unsafe hostEntry(.gethostbyname) { entry, room, found, failure in
            unsafe gethostbyname2_r(name, family.rawValue, entry, room.baseAddress, room.count, found, failure)
        }
    }

    /// C: `gethostbyaddr_r(3)`.
    static func host(at address: IPAddress) throws(ResolverError.Reason) -> Resolver.Host {
        let bytes = address.bytes
        let family = address.ipv4 == nil ? AF_INET6 : AF_INET
        return try unsafe hostEntry(.gethostbyaddr) { entry, room, found, failure in
            unsafe gethostbyaddr_r(
                bytes, socklen_t(bytes.count), CInt(family), entry, room.baseAddress, room.count, found, failure)
        }
    }

    /// C: `getservbyname_r(3)`.
    static func service(named name: String, over protocolName: String?) throws(ResolverError.Reason)
        -> ServiceNames.Service
    {
        try unsafe serviceEntry { entry, room, found in
            unsafe getservbyname_r(name, protocolName, entry, room.baseAddress, room.count, found)
        }
    }

    /// C: `getservbyport_r(3)`.
    static func service(at port: Port, over protocolName: String?) throws(ResolverError.Reason) -> ServiceNames.Service
    {
        try unsafe serviceEntry { entry, room, found in
            unsafe getservbyport_r(
                CInt(port.rawValue.bigEndian), protocolName, entry, room.baseAddress, room.count, found)
        }
    }

    /// C: `getprotobyname_r(3)`.
    static func protocolEntry(named name: String) throws(ResolverError.Reason) -> (name: String, number: ProtocolNumber)
    {
        try unsafe protocolEntry { entry, room, found in
            unsafe getprotobyname_r(name, entry, room.baseAddress, room.count, found)
        }
    }

    /// C: `getprotobynumber_r(3)`.
    static func protocolEntry(
        numbered number: ProtocolNumber
    ) throws(ResolverError.Reason) -> (name: String, number: ProtocolNumber) {
        try unsafe protocolEntry { entry, room, found in
            unsafe getprotobynumber_r(number.rawValue, entry, room.baseAddress, room.count, found)
        }
    }

    private static func hostEntry(
        _ call: SystemCall,
        _ body: (
            UnsafeMutablePointer<hostent>, UnsafeMutableBufferPointer<CChar>,
            UnsafeMutablePointer<UnsafeMutablePointer<hostent>?>, UnsafeMutablePointer<CInt>
        ) -> CInt
    ) throws(ResolverError.Reason) -> Resolver.Host {
        var entry = unsafe hostent()
        var found: UnsafeMutablePointer<hostent>?
        var failure: CInt = 0
        let host: Resolver.Host?
        do throws(Errno) {
            host = try unsafe growing(call) { room in
                let code = unsafe body(&entry, room, &found, &failure)
                return unsafe (code, found.map { unsafe Resolver.Host($0.pointee) })
            }
        } catch {
            throw reason(ofHostFailure: failure, error)
        }
        guard let host else { throw reason(ofHostFailure: failure, .noSuchFileOrDirectory) }
        return host
    }

    private static func serviceEntry(
        _ body: (
            UnsafeMutablePointer<servent>, UnsafeMutableBufferPointer<CChar>,
            UnsafeMutablePointer<UnsafeMutablePointer<servent>?>
        ) -> CInt
    ) throws(ResolverError.Reason) -> ServiceNames.Service {
        var entry = unsafe servent()
        var found: UnsafeMutablePointer<servent>?
        do throws(Errno) {
            let service = try unsafe growing(.getservent) { room in
                let code = unsafe body(&entry, room, &found)
                return unsafe (code, found.map { unsafe ServiceNames.Service($0.pointee) })
            }
            if let service { return service }
        } catch {
            throw .system(error)
        }
        throw .service
    }

    private static func protocolEntry(
        _ body: (
            UnsafeMutablePointer<protoent>, UnsafeMutableBufferPointer<CChar>,
            UnsafeMutablePointer<UnsafeMutablePointer<protoent>?>
        ) -> CInt
    ) throws(ResolverError.Reason) -> (name: String, number: ProtocolNumber) {
        var entry = unsafe protoent()
        var found: UnsafeMutablePointer<protoent>?
        do throws(Errno) {
            let answer = try unsafe growing(.getprotoent) { room in
                let code = unsafe body(&entry, room, &found)
                return unsafe (
                    code,
                    found.map {
                        unsafe (
                            name: String(cString: $0.pointee.p_name),
                            number: ProtocolNumber(rawValue: $0.pointee.p_proto)
                        )
                    }
                )
            }
            if let answer { return answer }
        } catch {
            throw .system(error)
        }
        throw .protocolNotFound
    }

    /// Makes a call that answers with an error number and an entry, with more room for as long as it asks for more. The
    /// entry points into the room: it is read before the room goes.
    private static func growing<Entry>(
        _ call: SystemCall, _ body: (UnsafeMutableBufferPointer<CChar>) -> (CInt, Entry?)
    ) throws(Errno) -> Entry? {
        var size = 1024
        while true {
            var room = [CChar](repeating: 0, count: size)
            var entry: Entry?
            do throws(Errno) {
                _ = try perform(call) {
                    let code: CInt
                    (code, entry) = unsafe room.withUnsafeMutableBufferPointer { unsafe body($0) }
                    if code == 0 { return CInt(0) }
                    nw_set_errno(code)
                    return -1
                }
                return entry
            } catch {
                // ENOENT is how some say that there is no such entry.
                if error == .noSuchFileOrDirectory { return nil }
                if error != .outOfRange || size >= 1 << 20 { throw error }
                size *= 2
            }
        }
    }

    private static func reason(ofHostFailure failure: CInt, _ error: Errno) -> ResolverError.Reason {
        switch failure {
        case nw_host_not_found: .nameNotFound
        case nw_try_again: .tryAgain
        case nw_no_recovery: .failed
        case nw_no_data: .noData
        default: error == .noSuchFileOrDirectory ? .nameNotFound : .system(error)
        }
    }
}

extension Resolver.Host {
    fileprivate init(_ entry: hostent) {
        let length = unsafe entry.h_addrtype == CInt(AF_INET) ? 4 : 16
        let addresses = unsafe strings(entry.h_addr_list) { unsafe UnsafeRawBufferPointer(start: $0, count: length) }
        unsafe self.init(
            name: String(cString: entry.h_name),
            aliases: strings(entry.h_aliases) { unsafe String(cString: $0) },
            addresses: addresses.compactMap { unsafe try? IPAddress(bytes: $0) })
    }
}

extension ServiceNames.Service {
    fileprivate init(_ entry: servent) {
        unsafe self.init(
            name: String(cString: entry.s_name),
            aliases: strings(entry.s_aliases) { unsafe String(cString: $0) },
            port: Port(rawValue: UInt16(bigEndian: UInt16(truncatingIfNeeded: entry.s_port))),
            protocolName: String(cString: entry.s_proto))
    }
}

/// What a list of pointers that ends with a null pointer points to.
private func strings<Element>(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ read: (UnsafeMutablePointer<CChar>) -> Element
) -> [Element] {
    guard var next = unsafe list else { return [] }
    var elements: [Element] = []
    while let element = unsafe next.pointee {
        unsafe elements.append(read(element))
        unsafe next += 1
    }
    return elements
}
