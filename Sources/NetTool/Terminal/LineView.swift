// SPDX-License-Identifier: Apache-2.0

/// The row of a terminal on which a line is typed: as much of it as fits, the cursor always in sight.
enum LineView {
    /// What makes the row show the line, whatever it showed before; it never leaves the row.
    ///
    /// - Parameters:
    ///   - prompt: what stands in front; its end counts where it is long.
    ///   - cursor: in front of which character the cursor stands.
    ///   - columns: of the terminal.
    static func row(prompt: String, _ characters: [Character], cursor: Int, columns: Int) -> String {
        // The last column stays free: a terminal would go on to the next row there.
        let width = max(columns - 1, 1)
        let prompt = suffix(of: Array(prompt), width: max(width - 16, width / 2))
        let room = max(width - prompt.displayWidth, 1)
        var start = cursor
        var used = 0
        while start > 0, used + characters[start - 1].displayWidth <= room {
            start -= 1
            used += characters[start].displayWidth
        }
        var end = start
        var shown = 0
        while end < characters.count, shown + characters[end].displayWidth <= room {
            shown += characters[end].displayWidth
            end += 1
        }
        let text = (prompt + characters[start..<end]).map(\.displayText).joined()
        let column = prompt.displayWidth + characters[start..<cursor].displayWidth
        return "\r\(text)\u{1B}[K\r" + (column > 0 ? "\u{1B}[\(column)C" : "")
    }

    /// Empties the row.
    static let empty = "\r\u{1B}[K"

    private static func suffix(of text: [Character], width: Int) -> [Character] {
        var start = text.count
        var used = 0
        while start > 0, used + text[start - 1].displayWidth <= width {
            start -= 1
            used += text[start].displayWidth
        }
        return Array(text[start...])
    }
}
