// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The addresses of a name that are still to be tried, in the order of RFC 8305 §4: some of the first family, then
/// one of each family in turns. Addresses that come late take their place as if they had been there.
struct AddressOrder {
    private struct Family {
        let family: AddressFamily
        var addresses: ArraySlice<SocketAddress>
    }

    private let firstFamilyCount: Int
    private var families: [Family]
    private var takenOfFirst = 0
    /// Whose turn it is.
    private var turn = 0

    /// - Parameters:
    ///   - firstFamilyCount: how many addresses of the first family come before the first one of another; at least 1.
    ///   - preferred: the family that comes first, whichever is added first.
    init(firstFamilyCount: Int, preferring preferred: AddressFamily? = nil) {
        self.firstFamilyCount = max(1, firstFamilyCount)
        families = preferred.map { [Family(family: $0, addresses: [])] } ?? []
    }

    /// Addresses in the order in which they are.
    init(keeping addresses: [SocketAddress]) {
        firstFamilyCount = .max
        families = [Family(family: .unspecified, addresses: addresses[...])]
    }

    /// A name's addresses in the order in which to listen at one of them. As Python's servers: IPv4 unless told
    /// otherwise, though "localhost" is ::1 first on most systems.
    static func forListening(_ addresses: [SocketAddress]) -> [SocketAddress] {
        addresses.filter { $0.family != .ipv6 } + addresses.filter { $0.family == .ipv6 }
    }

    var isEmpty: Bool { families.allSatisfy(\.addresses.isEmpty) }

    /// Adds addresses, best first. The family of the first one ever comes first, unless another is preferred.
    mutating func add(_ addresses: [SocketAddress]) {
        for address in addresses {
            if let index = families.firstIndex(where: { $0.family == address.family }) {
                families[index].addresses.append(address)
            } else {
                families.append(Family(family: address.family, addresses: [address]))
            }
        }
    }

    /// Takes out the next one to be tried.
    mutating func next() -> SocketAddress? {
        for step in 0..<families.count {
            let index = (turn + step) % families.count
            guard let address = families[index].addresses.popFirst() else { continue }
            if index == 0 { takenOfFirst += 1 }
            let staysWithFirst = index == 0 && takenOfFirst < firstFamilyCount
            turn = staysWithFirst ? 0 : (index + 1) % families.count
            return address
        }
        return nil
    }
}
