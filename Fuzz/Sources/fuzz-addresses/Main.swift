// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Sockets

/// Addresses, ports, names and endpoints: what is accepted prints a text that reads as the same value, and neither that
/// nor the words of a refusal can move a terminal.
@main
struct FuzzAddresses {
    static func main() {
        Fuzzer.main([
            address("ip", ["127.0.0.1", "::ffff:1.2.3.4", "fe80::1%lo", "1:2:3:4:5:6:7::"]) {
                text throws(AddressError) in try IPAddress(text)
            },
            address("network", ["10.0.0.0/255.0.0.0", "2001:db8::/32", "0.0.0.0/0.0.0.255"]) {
                text throws(AddressError) in try IPNetwork(text)
            },
            address("interface", ["10.1.2.3/8", "fe80::1/64"]) { text throws(AddressError) in try IPInterface(text) },
            address("port", ["80", "http", "65535"]) { text throws(AddressError) in try Port(text) },
            address("socket-address", ["[::1]:80?flowinfo=3", "1.2.3.4:5", "unix:/tmp/%00x"]) {
                text throws(AddressError) in try SocketAddress(text)
            },
            address("host-name", ["xn--bcher-kva.test.", "a.b-c.example"]) {
                text throws(AddressError) in try HostName(text)
            },
            address("unix-address", ["/run/a", "@a b", "./x%41"]) {
                text throws(AddressError) in try UnixAddress(text)
            },
            .text("legacy-ip", seeds: ["0x7f.1", "017700000001", "1.2.3"], words: words) { text in
                _ = try? IPv4Address(legacy: text)
                return nil
            },
            .text("endpoint", seeds: endpoints, words: words, passes: 2) { text in
                // Credentials are masked when printed, so endpoints that have some can't read as the same.
                let isSecret = (try? Endpoint(text))?.credentials != nil
                return flaw(text, mayDiffer: isSecret) { text throws(AddressError) in try Endpoint(text) }
            },
        ])
    }

    private static let words = [
        "::", "%", "%25", "%00", "/", "//", "?", "[", "]", "@", ":", "=", "&", "*", "0x", "00", "255", "65536", "unix:",
        "udp://", "é", "\u{202E}", "\u{9B}", "\u{301}", "\u{1B}[2J",
    ]

    private static let endpoints = [
        "unix:@a b", "http://u:p@host:80/p?a=b&c", "udp://239.1.1.1:5000?iface=eth0&ttl=4",
        "exec:a 'b \"c\\d' \"e\\\"f\"", "fd:3",
        "systemd:x", "*:80", ":80", "xn--bcher-kva.test.:443", "wss://[::1%1]/a",
    ]

    private static func address<Value: Equatable & CustomStringConvertible & SendableMetatype>(
        _ name: String, _ seeds: [String], _ read: @escaping @Sendable (String) throws(AddressError) -> Value
    ) -> Parser {
        .text(name, seeds: seeds, words: words, passes: 2) { flaw($0, read) }
    }

    /// Reads a text, prints what it means, and reads that: what is wrong.
    private static func flaw<Value: Equatable & CustomStringConvertible>(
        _ text: String, mayDiffer: Bool = false, _ read: (String) throws(AddressError) -> Value
    ) -> String? {
        let value: Value
        do throws(AddressError) { value = try read(text) } catch {
            return isHarmless(error.description) ? nil : "the refusal has a control in it"
        }
        let printed = value.description
        if !isHarmless(printed) { return "the printed text has a control in it" }
        if mayDiffer { return nil }
        do throws(AddressError) {
            return try read(printed) == value ? nil : "\(printed) reads as something else"
        } catch {
            return "\(printed) is printed and not read: \(error)"
        }
    }

    private static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.isASCII ? $0.value >= 0x20 && $0.value != 0x7F : !isControl($0) }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .format].contains(scalar.properties.generalCategory)
    }
}
