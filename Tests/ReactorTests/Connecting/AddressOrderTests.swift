// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Testing

/// B-AIO-07: the order of RFC 8305 §4, and asyncio's `interleave`.
@Suite struct AddressOrderTests {
    /// An address by family and number: `6a` is `[2001:db8::a]:1`, `4a` is 192.0.2.10.
    private static func addresses(_ text: String) throws -> [SocketAddress] {
        try text.split(separator: " ").map { word in
            let number = try #require(word.last?.hexDigitValue)
            return try SocketAddress(
                word.hasPrefix("6") ? "[2001:db8::\(String(number, radix: 16))]:1" : "192.0.2.\(number):1")
        }
    }

    @Test(arguments: [
        ("", 1, ""),
        ("61", 1, "61"),
        ("41 42 43", 1, "41 42 43"),
        ("61 62 41 42", 1, "61 41 62 42"),
        ("41 42 61 62", 1, "41 61 42 62"),
        ("61 62 63 41", 1, "61 41 62 63"),
        ("61 41 42 43", 1, "61 41 42 43"),
        ("61 62 63 64 41 42", 2, "61 62 41 63 42 64"),
        ("61 62 63 41 42", 3, "61 62 63 41 42"),
        ("61 62 63 41 42", .max, "61 62 63 41 42"),
        ("61 41 62 42", 0, "61 41 62 42"),
        ("61 41 42", 2, "61 41 42"),
    ])
    func `families take turns, after some of the first`(given: String, count: Int, wanted: String) throws {
        let order = Connector.interleaved(try Self.addresses(given), firstFamilyCount: count)
        #expect(order == (try Self.addresses(wanted)))
    }

    @Test func `addresses that come late take their place as if they had been there`() throws {
        var order = AddressOrder(firstFamilyCount: 1, preferring: .ipv6)
        order.add(try Self.addresses("41 42 43"))
        #expect(order.next() == (try Self.addresses("41")[0]))
        order.add(try Self.addresses("61 62"))
        var rest: [SocketAddress] = []
        while let next = order.next() { rest.append(next) }
        #expect(rest == (try Self.addresses("61 42 62 43")))
        #expect(order.isEmpty)
        order.add(try Self.addresses("44"))
        #expect(!order.isEmpty)
        #expect(order.next() == (try Self.addresses("44")[0]))
    }

    @Test func `a caller's own order is kept`() throws {
        let given = try Self.addresses("41 42 61 43")
        var order = AddressOrder(keeping: given)
        var taken: [SocketAddress] = []
        while let next = order.next() { taken.append(next) }
        #expect(taken == given)
    }
}
