// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool

struct TimeSpanTests {
    @Test(arguments: [
        ("250ms", 250), ("5s", 5000), ("2m", 120_000), ("1h", 3_600_000), ("1.5s", 1500), ("0.25m", 15_000),
        ("30", 30_000),
        ("0s", 0), ("8760h", 31_536_000_000),
    ])
    func `a time is a number and its unit`(text: String, milliseconds: Int) throws {
        #expect(try TimeSpan(text).duration == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "s", "5x", "5 s", "-1s", "+1s", ".5s", "5.s", "1.2.3s", "1e3s", "nan", "inf", "0x10s", "٣s", "8761h",
        "1e400s",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: Malformed.self) { try TimeSpan(text) }
    }

    @Test(arguments: [("250ms", "250ms"), ("5s", "5s"), ("1.5s", "1.5s"), ("2m", "120s")])
    func `it is written in seconds or milliseconds`(text: String, expected: String) throws {
        #expect("\(try TimeSpan(text))" == expected)
    }
}
