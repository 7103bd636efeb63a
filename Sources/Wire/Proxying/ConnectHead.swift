// SPDX-License-Identifier: Apache-2.0

/// A whole request head, taken apart.
struct ConnectHead {
    private let version: Int
    private let wish: ConnectRequest.Wish
    /// Names in lower case.
    private let fields: [(name: String, value: ArraySlice<UInt8>)]

    /// - Parameter lines: the head without its last two line ends.
    init(lines text: [UInt8], fieldLimit: Int) throws(FramingError.Reason) {
        let lines = try Self.split(text)
        if lines.count - 1 > fieldLimit { throw .malformed("more than \(fieldLimit) fields") }
        (wish, version) = try Self.requestLine(lines[0])
        var fields: [(name: String, value: ArraySlice<UInt8>)] = []
        for line in lines.dropFirst() { fields.append(try Self.field(line)) }
        self.fields = fields
    }

    /// What it asks for, once its fields have been found to be in order.
    func request() throws(FramingError.Reason) -> ConnectRequest {
        if case .other = wish { return ConnectRequest(wish, nil) }
        let hosts = values(of: "host").count
        guard hosts == 1 || version == 0 && hosts == 0 else { throw .malformed("\(hosts) Host fields in place of 1") }
        if !values(of: "transfer-encoding").isEmpty { throw .malformed("it announces a body") }
        let lengths = values(of: "content-length")
        guard lengths.isEmpty || lengths.count == 1 && lengths[0] == [UInt8(ascii: "0")] else {
            throw .malformed("it announces a body")
        }
        return ConnectRequest(wish, try credentials())
    }

    private func values(of name: String) -> [ArraySlice<UInt8>] { fields.filter { $0.name == name }.map(\.value) }

    /// Those of the scheme Basic; nil for none, and for those of another scheme, which prove nothing here.
    private func credentials() throws(FramingError.Reason) -> ProxyCredentials? {
        let values = values(of: "proxy-authorization")
        guard values.count <= 1 else { throw .malformed("\(values.count) Proxy-Authorization fields") }
        let scheme = Array("basic ".utf8)
        guard let value = values.first, Self.lowercased(value.prefix(scheme.count)).elementsEqual(scheme) else {
            return nil
        }
        let token = value.dropFirst(scheme.count).drop { $0 == UInt8(ascii: " ") }
        // The text is a secret: no error quotes it.
        guard let pair = Base64.bytes(of: token), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformed("its Proxy-Authorization is no user and password")
        }
        return ProxyCredentials(user: pair[..<colon], password: pair[(colon + 1)...])
    }

    // MARK: Lines

    private static func split(_ text: [UInt8]) throws(FramingError.Reason) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        for (index, byte) in text.enumerated() where byte == 0x0A || byte == 0x0D {
            if byte == 0x0D {
                guard index + 1 < text.count, text[index + 1] == 0x0A else {
                    throw .malformed("a CR that is no part of a line's end")
                }
                lines.append(text[start..<index])
                start = index + 2
            } else if index + 1 != start {
                throw .malformed("a line that ends in LF alone")
            }
        }
        lines.append(text[start...])
        return lines
    }

    /// RFC 9112 §3: method, one blank, target, one blank, version.
    private static func requestLine(
        _ line: ArraySlice<UInt8>
    ) throws(FramingError.Reason) -> (ConnectRequest.Wish, version: Int) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, isToken(words[0]), !words[1].isEmpty else {
            throw .malformed("\(quoted(line)) is no request line")
        }
        let version: Int
        switch String(decoding: words[2], as: UTF8.self) {
        case "HTTP/1.0": version = 0
        case "HTTP/1.1": version = 1
        default: throw .malformed("\(quoted(words[2])) is neither HTTP/1.0 nor HTTP/1.1")
        }
        let method = String(decoding: words[0], as: UTF8.self)
        guard method == "CONNECT" else { return (.other(method: method), version) }
        guard let target = ProxyTarget(authority: words[1]) else {
            throw .malformed("\(quoted(words[1])) is no host:port")
        }
        return (.connect(target), version)
    }

    /// RFC 9112 §5.
    private static func field(
        _ line: ArraySlice<UInt8>
    ) throws(FramingError.Reason) -> (name: String, value: ArraySlice<UInt8>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), isToken(line[..<colon]) else {
            throw .malformed("\(quoted(line)) is no field")
        }
        let name = String(decoding: lowercased(line[..<colon]), as: UTF8.self)
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        // Its value may be a secret: only the name is told.
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .malformed("a control in the field \(name)")
        }
        return (name, value)
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: tokenMarks.contains(byte)
                }
            }
    }

    private static let tokenMarks = Set("!#$%&'*+-.^_`|~".utf8)

    private static func lowercased(_ text: ArraySlice<UInt8>) -> [UInt8] {
        text.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
    }

    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        let copy = Array(bytes)
        return unsafe copy.span.bytes.quoted()
    }
}
