// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.blocking) struct FeatureTableTests {
    private let table: FeatureTable
    private let tests: [String: String]

    init() throws {
        table = FeatureTable(path: "FEATURES.md", text: try #require(Repository.text(of: "FEATURES.md")))
        let paths = Repository.paths(under: "Tests").filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }
        tests = Dictionary(
            uniqueKeysWithValues: paths.compactMap { path in
                Repository.text(of: path).map { (String(path.dropFirst("Tests/".count)), $0) }
            })
    }

    @Test func `every row can be read and no id stands twice`() {
        #expect(table.rows.count >= 370)
        expectNone(table.malformed)
        expectNone(table.duplicates)
    }

    @Test func `every row that is done names a test that names it`() {
        expectNone(table.unproven(tests: tests))
    }

    @Test func `every id that a test names has a row`() {
        expectNone(table.unlisted(tests: tests))
    }

    // The planted ids are put together here, or this file would name ids that have no row.
    private let one = "A-" + "901"
    private let two = "B-NONE-" + "02"

    @Test func `a planted second row of an id is found`() {
        let twice = planted("| \(one) | a | M | open | |", "| \(two) | b | N | open | |", "| \(one) | c | M | open | |")
        #expect(twice.rows.count == 3)
        #expect(twice.duplicates.map(\.line) == [3])
    }

    @Test(arguments: [
        "a | M | open", "a | M | open | | |", "a | M | nearly | |", "a | M | out: | |", "a | M | out | |",
        "a | S | open | |",
    ])
    func `a planted row of another form is found`(cells: String) {
        let table = planted("| \(one) | \(cells) |")
        #expect(table.malformed.count == 1 && table.rows.isEmpty)
    }

    @Test func `a planted row that is done without proof is found`() {
        let table = planted(
            "| \(one) | no test | M | done | |",
            "| \(one) | no such test | M | done | SocketsTests/Missing.swift |",
            "| \(one) | a test of something else | M | done | SocketsTests/Other.swift |",
            "| \(one) | one good, one not | M | done | SocketsTests/Good.swift SocketsTests/Other.swift |",
            "| \(one) | not done, yet claimed | M | open | SocketsTests/Good.swift |",
            "| \(one) | proven | M | done | SocketsTests/Good.swift |",
            "| \(two) | left out | X | out: Windows only | |")
        let tests = ["SocketsTests/Good.swift": "// \(one)", "SocketsTests/Other.swift": "// \(one)1 and X\(one)"]
        #expect(table.unproven(tests: tests).map(\.line) == [1, 2, 3, 4, 5])
    }

    @Test func `a planted id without a row is found`() {
        let tests = ["SocketsTests/Good.swift": "// \(one), \(two)"]
        #expect(planted("| \(one) | a | M | open | |").unlisted(tests: tests).count == 1)
        #expect(planted("| \(one) | a | M | open | |", "| \(two) | b | X | open | |").unlisted(tests: tests) == [])
    }

    private func planted(_ rows: String...) -> FeatureTable {
        FeatureTable(path: "FEATURES.md", text: rows.joined(separator: "\n"))
    }
}
