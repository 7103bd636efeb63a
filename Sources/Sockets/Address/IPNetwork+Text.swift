// SPDX-License-Identifier: Apache-2.0

extension IPNetwork: CustomStringConvertible {
    /// Reads `192.168.0.0/16`, `192.168.0.0/255.255.0.0`, `192.168.0.0/0.0.255.255` or `2001:db8::/32`; an address
    /// alone is a network of one.
    ///
    /// - Throws: ``AddressError`` that quotes the text; with `.hostBitsSet` for bits behind the prefix, which says what
    ///   the network would be.
    ///
    /// RFC 4632 §3.1, RFC 4291 §2.3.
    public init(_ text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            let (address, prefixLength) = try Self.parse(Substring(text))
            do throws(AddressError) {
                self = try IPNetwork(address, prefixLength: prefixLength)
            } catch {
                throw error.reason
            }
        } catch {
            throw AddressError(text, .network, error)
        }
    }

    /// Reads the same forms, and takes the network that the address is in: `192.168.1.7/24` gives `192.168.1.0/24`.
    ///
    /// - Throws: ``AddressError`` that quotes the text.
    public init(containing text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            let (address, prefixLength) = try Self.parse(Substring(text))
            do throws(AddressError) {
                self = try IPNetwork(containing: address, prefixLength: prefixLength)
            } catch {
                throw error.reason
            }
        } catch {
            throw AddressError(text, .network, error)
        }
    }

    /// The first address and the prefix length: `192.168.0.0/16`.
    public var description: String { "\(address)/\(prefixLength)" }

    /// The first address and the netmask: `192.168.0.0/255.255.0.0`.
    public var textWithNetmask: String { "\(address)/\(netmask)" }

    /// The first address and the hostmask: `192.168.0.0/0.0.255.255`.
    public var textWithHostmask: String { "\(address)/\(hostmask)" }

    /// An address and a prefix length, which may be written as a mask.
    static func parse(_ text: Substring) throws(AddressError.Reason) -> (IPAddress, prefixLength: Int) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let address: IPAddress
        do throws(AddressError) {
            address = try IPAddress(text[..<slash])
        } catch {
            throw error.reason
        }
        guard slash < text.endIndex else { return (address, address.bitWidth) }
        return (address, try prefixLength(text[text.index(after: slash)...], for: address))
    }

    private static func prefixLength(
        _ text: Substring, for address: IPAddress
    ) throws(AddressError.Reason) -> Int {
        let quoted = text.quotable(maximumLength: 40)
        if text.contains("." as Character), address.ipv4 != nil {
            guard let mask = try? IPv4Address(text), let length = length(of: mask) else { throw .notAPrefix(quoted) }
            return length
        }
        let isDecimal = !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard isDecimal, text == "0" || !text.hasPrefix("0") else { throw .notAPrefix(quoted) }
        let allowed = 0...address.bitWidth
        guard let length = Int(text), allowed ~= length else { throw .prefixOutOfRange(quoted, allowed: allowed) }
        return length
    }

    /// The length that a netmask, or failing that a hostmask, stands for. 0.0.0.0 is the netmask of /0, and not the
    /// hostmask of /32.
    private static func length(of mask: IPv4Address) -> Int? {
        let bits = mask.rawValue
        if bits.leadingZeroBitCount == 0 || bits == 0 {
            return (~bits).leadingZeroBitCount + bits.trailingZeroBitCount == 32 ? (~bits).leadingZeroBitCount : nil
        }
        let zeros = bits.leadingZeroBitCount
        return bits == UInt32.max >> UInt32(zeros) ? zeros : nil
    }
}
