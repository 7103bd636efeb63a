// SPDX-License-Identifier: Apache-2.0
//
// Facts:    getaddrinfo and getnameinfo answer with a code of their own and leave errno alone but for one code
//           (EAI_SYSTEM); a name service module may fail with EINTR below them.
// Decision: one place turns codes into reasons. A fault with a negative number forces the code itself, any other one
//           EAI_SYSTEM with that errno.
import CSockets
import SystemPackage

extension SystemCalls {
    /// C: `getaddrinfo(3)`.
    static func addresses(
        of host: String?, service: String?, family: AddressFamily, kind: SocketKind?, protocolNumber: ProtocolNumber,
        flags: AddressLookupFlags
    ) throws(ResolverError.Reason) -> [Resolver.Answer] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = family.rawValue
        unsafe hints.ai_socktype = kind?.rawValue ?? 0
        unsafe hints.ai_protocol = protocolNumber.rawValue
        unsafe hints.ai_flags = flags.rawValue
        var first: UnsafeMutablePointer<addrinfo>?
        try lookUp(.getaddrinfo) { unsafe getaddrinfo(host, service, &hints, &first) }
        defer { unsafe freeaddrinfo(first) }
        var answers: [Resolver.Answer] = []
        var next = unsafe first
        while let entry = unsafe next?.pointee {
            if let bytes = unsafe entry.ai_addr {
                let address = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(entry.ai_addrlen))
                let canonicalName = unsafe entry.ai_canonname.map { unsafe String(cString: $0) }
                unsafe answers.append(
                    Resolver.Answer(
                        address: SocketAddress(systemBytes: address), family: AddressFamily(rawValue: entry.ai_family),
                        kind: SocketKind(rawValue: entry.ai_socktype),
                        protocolNumber: ProtocolNumber(rawValue: entry.ai_protocol), canonicalName: canonicalName))
            }
            unsafe next = entry.ai_next
        }
        if answers.isEmpty { throw .noData }
        return answers
    }

    /// C: `getnameinfo(3)`.
    static func name(
        of address: SocketAddress, flags: NameLookupFlags
    ) throws(ResolverError.Reason) -> (host: String, service: String) {
        var host = [CChar](repeating: 0, count: Int(nw_ni_maxhost))
        var service = [CChar](repeating: 0, count: Int(nw_ni_maxserv))
        try unsafe address.withSystemBytes { (bytes) throws(ResolverError.Reason) in
            try lookUp(.getnameinfo) {
                unsafe getnameinfo(
                    bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count),
                    &host, socklen_t(host.count), &service, socklen_t(service.count), flags.rawValue)
            }
        }
        return (text(host), text(service))
    }

    /// C: `gethostname(2)`.
    static func hostName() throws(ResolverError.Reason) -> String {
        // Linux allows 64 bytes and says ENAMETOOLONG rather than cut; POSIX lets the NUL be missing.
        var name = [CChar](repeating: 0, count: 257)
        do throws(Errno) {
            _ = try perform(.gethostname) { unsafe gethostname(&name, name.count - 1) }
        } catch {
            throw .system(error)
        }
        return text(name)
    }

    /// C: `sethostname(2)`.
    static func setHostName(_ name: String) throws(ResolverError.Reason) {
        do throws(Errno) {
            _ = try perform(.sethostname) { unsafe sethostname(name, name.utf8.count) }
        } catch {
            throw .system(error)
        }
    }

    /// Makes a call that answers with a code of getaddrinfo's, again for as long as a signal interrupts it.
    private static func lookUp(_ call: SystemCall, _ body: () -> CInt) throws(ResolverError.Reason) {
        while true {
            let code: CInt
            let error: Errno
            if let fault = FaultInjection.error(in: FaultInjection.fault(for: call)) {
                code = fault.rawValue < 0 ? fault.rawValue : EAI_SYSTEM
                error = fault
            } else {
                code = body()
                error = currentError
            }
            if code == 0 { return }
            if code != EAI_SYSTEM || error != .interrupted { throw reason(code, error) }
        }
    }

    private static func reason(_ code: CInt, _ error: Errno) -> ResolverError.Reason {
        switch code {
        case EAI_NONAME: .nameNotFound
        case EAI_AGAIN: .tryAgain
        case EAI_FAIL: .failed
        case nw_eai_nodata, nw_eai_addrfamily: .noData
        case EAI_BADFLAGS: .badFlags
        case EAI_FAMILY: .family
        case EAI_SOCKTYPE: .kind
        case EAI_SERVICE: .service
        case EAI_MEMORY: .memory
        case nw_eai_idn_encode: .notInternational
        case EAI_SYSTEM: .system(error)
        default: .other(code)
        }
    }

    /// The text in a buffer, up to its NUL; bytes that are no UTF-8 are repaired.
    static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
