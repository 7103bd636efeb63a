// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool

struct ExplainEventTests {
    @Test func `every reading is an event, and the last line is the end`() throws {
        let run = ToolRun("explain", "192.168.1.1", "10.0.0.0/9", ":3306", "111", "db:5432", "AF_INET", "--json")
        let events = try run.events()
        #expect(events.compactMap { $0["event"] as? String } == Array(repeating: "explanation", count: 7) + ["end"])
        #expect(
            events.compactMap { $0["kind"] as? String }
                == ["address", "network", "port", "errno", "port", "endpoint", "family"])
        #expect(events.last?["status"] as? Int == 0 && events.last?["explained"] as? Int == 6)
    }

    @Test func `an address's facts have names and types`() throws {
        let event = try #require(try ToolRun("explain", "--json", "192.168.1.1").events().first)
        #expect(event["what"] as? String == "192.168.1.1" && event["family"] as? String == "ipv4")
        #expect(event["class"] as? String == "C" && event["scope"] as? String == "private")
        #expect((event["special_purpose"] as? [String: Any])?["rfc"] as? String == "RFC 1918")
        let network = try #require(event["network"] as? [String: Any])
        #expect(network["first_host"] as? String == "192.168.1.1" && network["hosts"] as? Int == 254)
        #expect((event["reached"] as? [String: Any])?["interface"] as? String == "eth0")
    }

    @Test func `a failure is an event too, and the end comes all the same`() throws {
        let run = ToolRun("explain", "--json", "300.1.1.1", ":80")
        let events = try run.events()
        #expect(events.compactMap { $0["event"] as? String } == ["error", "explanation", "end"])
        #expect(events[0]["what"] as? String == "300.1.1.1" && events[0]["status"] as? Int == 65)
        #expect(events[2]["status"] as? Int == 65 && run.status == .badData)
        #expect(run.errors == "nt: \"300.1.1.1\" is no IP address: 300 is over 255\n")
    }

    @Test func `whatever is written, the events stay JSON`() throws {
        var generator = SeededText(seed: 11)
        let texts = (0..<500).map { _ in generator.next() }
        let events = try ToolRun(["explain", "--json", "--"] + texts).events()
        #expect(events.count > texts.count && events.last?["event"] as? String == "end")
    }
}
