// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool

struct ExitStatusTests {
    /// The table of the tool's rules: sysexits.h, curl's 22, and what shells say.
    private static let rules: [Int32] = [0, 1, 22, 64, 65, 66, 68, 69, 73, 74, 75, 76, 77, 126, 127, 129, 130, 143]

    @Test func `the numbers are those of the rules`() {
        #expect(ExitStatus.allCases.map(\.rawValue) == Self.rules)
    }

    @Test func `the page has each number once, with what it means`() {
        let page = ToolRun("help", "exit-codes").output
        let rows = page.split(separator: "\n").dropFirst().compactMap { line -> (Int32, Substring)? in
            let columns = line.split(separator: " ", maxSplits: 1)
            return columns.count == 2 ? Int32(columns[0]).map { ($0, columns[1]) } : nil
        }
        #expect(rows.map(\.0) == Self.rules)
        for (number, meaning) in rows {
            let status = ExitStatus(rawValue: number)
            #expect(meaning.drop { $0 == " " } == status.map { Substring($0.meaning) })
        }
    }
}
