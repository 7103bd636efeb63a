// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import NetTool
@testable import Sockets

struct InterfacesTests {
    // A-097 A-098
    @Test func `each interface is told with what it has`() {
        #expect(
            ToolRun("interfaces").output == """
                lo   up, loopback, number 1, mtu 65536
                  127.0.0.1/8   loopback
                  ::1/128   loopback
                eth0   up, no carrier, number 2, mtu 1500, 02:00:5e:10:00:01
                  192.168.1.20/24   private   broadcast 192.168.1.255
                  default route: 192.168.1.1
                  groups: 224.0.0.1

                """)
    }

    @Test func `names choose among them, and an unknown one is told`() throws {
        #expect(ToolRun("if", "lo").output.hasPrefix("lo   up, loopback"))
        let run = ToolRun("interfaces", "nope", "eth0", "--json")
        #expect(run.status == .badData && run.errors == "nt: \"nope\" is no interface of this machine\n")
        let events = try run.events()
        #expect(events.compactMap { $0["event"] as? String } == ["error", "interface", "end"])
    }

    // A-097
    @Test func `this machine's interfaces are those that ip addr lists`() throws {
        let program = try ForeignProgram("ip", ["-json", "addr"])
        #expect(try program.exit() == .status(0))
        let listed = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [[String: Any]] ?? []
        let run = ToolRun(["interfaces", "--json"], on: .this)
        let ours = try run.events().filter { $0["event"] as? String == "interface" }
        #expect(!ours.isEmpty && ours.count == listed.count)
        for (theirs, ours) in zip(listed, ours) {
            #expect(theirs["ifname"] as? String == ours["name"] as? String)
            #expect(theirs["ifindex"] as? Int == ours["index"] as? Int && theirs["mtu"] as? Int == ours["mtu"] as? Int)
            #expect((theirs["flags"] as? [String])?.contains("UP") == ours["is_up"] as? Bool)
            #expect((theirs["flags"] as? [String])?.contains("LOOPBACK") == ours["is_loopback"] as? Bool)
            let addresses = (theirs["addr_info"] as? [[String: Any]] ?? []).map {
                "\($0["local"] ?? "")/\($0["prefixlen"] ?? "")"
            }
            let found = (ours["addresses"] as? [[String: Any]] ?? []).map {
                "\($0["address"] ?? "")/\($0["prefix_length"] ?? "")"
            }
            #expect(addresses == found)
        }
    }

    @Test func `this machine's default routes are those that ip route lists`() throws {
        var listed: [String] = []
        for family in ["-4", "-6"] {
            let program = try ForeignProgram("ip", ["-json", family, "route", "show", "default"])
            #expect(try program.exit() == .status(0))
            let routes = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [[String: Any]] ?? []
            listed += routes.map { "\($0["gateway"] ?? "direct") by \($0["dev"] ?? "")" }
        }
        let cards = try NetworkCard.all()
        let ours = cards.flatMap { card in
            card.defaultRoutes.map { "\($0.gateway.map { "\($0)" } ?? "direct") by \(card.interface.name)" }
        }
        #expect(Set(ours) == Set(listed))
    }
}
