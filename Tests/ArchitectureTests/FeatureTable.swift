// SPDX-License-Identifier: Apache-2.0

/// The rows of `FEATURES.md`, and what must be true of them.
struct FeatureTable {
    struct Row {
        var line: Int
        var id: String
        var state: State
        /// Paths from `Tests/`.
        var holders: [String]
    }

    enum State: Equatable {
        case open
        case done
        /// Left out on purpose, for a reason.
        case out
    }

    let path: String
    private(set) var rows: [Row] = []
    /// Rows that can't be read.
    private(set) var malformed: [Violation] = []

    /// Reads every line of a table whose first cell is an id.
    init(path: String, text: String) {
        self.path = path
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(Self.trimmed)
            guard cells.count > 2, cells[0].isEmpty, FeatureTable.ids(in: cells[1]) == [cells[1]] else { continue }
            guard cells.count == 7, let state = State(cells[4]), ["M", "N", "X"].contains(cells[3]) else {
                let form = "| id | capability | M, N or X | open, done or out: reason | test files |"
                malformed.append(Violation(path: path, line: index + 1, "this row is not of the form \(form)"))
                continue
            }
            let holders = cells[5].split(separator: " ").map(String.init)
            rows.append(Row(line: index + 1, id: cells[1], state: state, holders: holders))
        }
    }

    private static func trimmed(_ cell: Substring) -> String {
        String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// Ids that two rows have.
    var duplicates: [Violation] {
        var seen: Set<String> = []
        return rows.filter { !seen.insert($0.id).inserted }.map {
            Violation(path: path, line: $0.line, "\($0.id) stands here a second time")
        }
    }

    /// Rows whose state and whose proof don't agree. `tests` gives the text of a test file by its path from `Tests/`.
    func unproven(tests: [String: String]) -> [Violation] {
        rows.flatMap { row -> [Violation] in
            guard row.state == .done else {
                let isClaimed = !row.holders.isEmpty
                return isClaimed ? [violation(row, "names a test, yet is not done")] : []
            }
            if row.holders.isEmpty { return [violation(row, "is done, yet no test holds it")] }
            return row.holders.compactMap { holder in
                guard let text = tests[holder] else {
                    return violation(row, "names Tests/\(holder), which is not there")
                }
                return Self.ids(in: text).contains(row.id) ? nil : violation(row, "is not named in Tests/\(holder)")
            }
        }
    }

    /// Ids that a test names and that no row has.
    func unlisted(tests: [String: String]) -> [Violation] {
        let known = Set(rows.map(\.id))
        return tests.sorted { $0.key < $1.key }.flatMap { test, text in
            Self.ids(in: text).subtracting(known).sorted().map {
                Violation(path: "Tests/\(test)", "names \($0), which is no row of \(path)")
            }
        }
    }

    private func violation(_ row: Row, _ message: String) -> Violation {
        Violation(path: path, line: row.line, "\(row.id) \(message)")
    }

    /// The ids in a text: `A-` with three digits, `A2-` with two, `B-`, letters, a dash and two digits.
    static func ids(in text: String) -> Set<String> {
        guard text.contains("A-") || text.contains("A2-") || text.contains("B-") else { return [] }
        let pattern = #/\b(?:A-[0-9]{3}|A2-[0-9]{2}|B-[A-Z]+-[0-9]{2})\b/#
        return Set(text.matches(of: pattern).map { String($0.output) })
    }
}

extension FeatureTable.State {
    fileprivate init?(_ cell: String) {
        switch cell {
        case "open": self = .open
        case "done": self = .done
        case _ where cell.hasPrefix("out: ") && cell.count > 5: self = .out
        default: return nil
        }
    }
}
