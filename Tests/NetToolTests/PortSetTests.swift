// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool
@testable import Sockets

struct PortSetTests {
    @Test func `ports, ranges and lists are read, each port once and in order`() throws {
        #expect(try PortSet("80").ports == [80])
        #expect(try PortSet("22,8000-8002,22").ports == [22, 8000, 8001, 8002])
        #expect(try PortSet("0-65535").ports.count == 65_536)
    }

    @Test(arguments: ["", ",", "1,", "1-", "-1", "2-1", "1-2-3", "65536", "a", "1 - 2", "080"])
    func `anything else is refused with the part that is wrong`(text: String) {
        #expect(throws: AddressError.self) { try PortSet(text) }
    }
}
