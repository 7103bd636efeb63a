// SPDX-License-Identifier: Apache-2.0

/// An address together with the network that it is used in, as an interface is given it: `192.168.1.7/24`.
///
/// Python: `ipaddress.ip_interface`.
public struct IPInterface: Hashable, Sendable, CustomStringConvertible {
    /// The address, its scope included.
    public let address: IPAddress
    /// The network that the address is in.
    public let network: IPNetwork

    /// The address and the length of its network's prefix.
    ///
    /// - Throws: ``AddressError`` with `.prefixOutOfRange`.
    public init(_ address: IPAddress, prefixLength: Int) throws(AddressError) {
        self.address = address
        network = try IPNetwork(containing: address.replacing(bits: address.bits), prefixLength: prefixLength)
    }

    /// Reads an address and a prefix length, or a mask, behind `/`; an address alone is in a network of one.
    ///
    /// - Throws: ``AddressError`` that quotes the text.
    public init(_ text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            let (address, prefixLength) = try IPNetwork.parse(Substring(text))
            self.address = address
            network = IPNetwork(masking: address, prefixLength: prefixLength)
        } catch {
            throw AddressError(text, .interface, error)
        }
    }

    /// The address and the prefix length: `192.168.1.7/24`.
    public var description: String { "\(address)/\(network.prefixLength)" }
}

extension IPInterface: Comparable {
    /// Orders by network, then by address.
    public static func < (left: IPInterface, right: IPInterface) -> Bool {
        (left.network, left.address) < (right.network, right.address)
    }
}
