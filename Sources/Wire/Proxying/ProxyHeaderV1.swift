// SPDX-License-Identifier: Apache-2.0

/// The text form: `PROXY TCP4 192.0.2.1 192.0.2.2 4000 80`, and CR LF.
enum ProxyHeaderV1 {
    static let signature = Array("PROXY ".utf8)

    /// Reads a line without its end, which begins with the signature.
    static func header(in line: [UInt8]) throws(FramingError.Reason) -> ProxyHeader {
        let words = line.dropFirst(signature.count)
            .split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        let family = words[0]
        // Whatever follows is to be ignored.
        if family.elementsEqual("UNKNOWN".utf8) { return ProxyHeader(.v1, .unknown) }
        let isIPv6 = family.elementsEqual("TCP6".utf8)
        guard isIPv6 || family.elementsEqual("TCP4".utf8) else {
            throw .malformed("\(quoted(Array(family))) is none of TCP4, TCP6 and UNKNOWN")
        }
        guard words.count == 5 else { throw .malformed("\(words.count - 1) words in place of 4 behind the family") }
        let source = InternetEndpoint(try address(words[1], isIPv6: isIPv6), try port(words[3]))
        let destination = InternetEndpoint(try address(words[2], isIPv6: isIPv6), try port(words[4]))
        return ProxyHeader(.v1, .internet(source: source, destination: destination))
    }

    private static func address(
        _ text: ArraySlice<UInt8>, isIPv6: Bool
    ) throws(FramingError.Reason) -> InternetAddress {
        switch InternetAddress(text) {
        case .v4(let bits)? where !isIPv6: return .v4(bits)
        case .v6(let bits)? where isIPv6: return .v6(bits)
        default: throw .malformed("\(quoted(Array(text))) is no \(isIPv6 ? "IPv6" : "IPv4") address")
        }
    }

    private static func port(_ text: ArraySlice<UInt8>) throws(FramingError.Reason) -> UInt16 {
        guard let port = DecimalNumber.read(text, upTo: 65_535) else {
            throw .malformed("\(quoted(Array(text))) is no port")
        }
        return UInt16(port)
    }

    private static func quoted(_ bytes: [UInt8]) -> String { unsafe bytes.span.bytes.quoted() }

    static func bytes(of header: ProxyHeader) throws(FramingError.Reason) -> [UInt8] {
        guard !header.isLocal, header.carrier == .stream, header.extras.isEmpty else {
            throw .malformed("version 1 speaks of TCP clients alone, and says nothing else of them")
        }
        switch header.addresses {
        case .unknown: return Array("PROXY UNKNOWN\r\n".utf8)
        case .unix: throw .malformed("version 1 has no UNIX addresses")
        case .internet(let source, let destination):
            let family =
                switch (source.address, destination.address) {
                case (.v4, .v4): "TCP4"
                case (.v6, .v6): "TCP6"
                default: throw FramingError.Reason.malformed("addresses of two families")
                }
            let words = "\(family) \(source.address) \(destination.address) \(source.port) \(destination.port)"
            return Array("PROXY \(words)\r\n".utf8)
        }
    }
}
