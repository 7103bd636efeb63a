// SPDX-License-Identifier: Apache-2.0

/// A line while it is typed, and the lines that were typed before.
struct LineEditor {
    /// What a key came to.
    enum Outcome: Hashable {
        /// The line, or the cursor in it, has changed.
        case changed
        /// The line is done; the next one has begun.
        case line(String)
        /// ctrl-D on an empty line.
        case end
        case interrupt, suspend, clear
        /// The key has no effect here.
        case refused
    }

    /// So many lines are remembered.
    static let historyLimit = 1000
    /// So many characters fit into a line.
    static let lengthLimit = 16_384

    /// What has been typed.
    private(set) var characters: [Character] = []
    /// In front of which character the next one goes.
    private(set) var cursor = 0
    private var history: [String] = []
    /// Which line of the history is shown; their number for the one that is typed.
    private var place = 0
    /// What was typed before the history was looked at.
    private var draft: [Character] = []
    private var killed: [Character] = []

    mutating func handle(_ key: Key) -> Outcome {
        switch key {
        case .scalar(let scalar): return insert(scalar)
        case .enter: return .line(takeLine())
        case .endOfInput: return characters.isEmpty ? .end : remove(cursor..<cursor + 1)
        case .interrupt: return .interrupt
        case .suspend: return .suspend
        case .clear: return .clear
        case .up: return show(place - 1)
        case .down: return show(place + 1)
        case .yank: return insert(killed)
        case .transpose: return transpose()
        case .backspace: return remove(cursor - 1..<cursor)
        case .delete: return remove(cursor..<cursor + 1)
        case .killToStart: return kill(0..<cursor)
        case .killToEnd: return kill(cursor..<characters.count)
        case .killWord: return kill(wordStart..<cursor)
        case .killNextWord: return kill(cursor..<wordEnd)
        case .unknown: return .refused
        case .left, .right, .home, .end, .wordLeft, .wordRight: return move(key)
        }
    }

    private mutating func move(_ key: Key) -> Outcome {
        let wanted =
            switch key {
            case .left: cursor - 1
            case .right: cursor + 1
            case .home: 0
            case .end: characters.count
            case .wordLeft: wordStart
            default: wordEnd
            }
        guard 0...characters.count ~= wanted, wanted != cursor else { return .refused }
        cursor = wanted
        return .changed
    }

    /// A scalar that belongs to the character before it (an accent, the next piece of an emoji) joins it.
    private mutating func insert(_ scalar: Unicode.Scalar) -> Outcome {
        if cursor > 0 {
            let joined = String(characters[cursor - 1]) + String(Character(scalar))
            if joined.count == 1, let character = joined.first {
                characters[cursor - 1] = character
                return .changed
            }
        }
        return insert([Character(scalar)])
    }

    private mutating func insert(_ piece: [Character]) -> Outcome {
        if piece.isEmpty || characters.count + piece.count > Self.lengthLimit { return .refused }
        characters.insert(contentsOf: piece, at: cursor)
        cursor += piece.count
        return .changed
    }

    private mutating func remove(_ range: Range<Int>) -> Outcome {
        guard range.lowerBound >= 0, range.upperBound <= characters.count, !range.isEmpty else { return .refused }
        characters.removeSubrange(range)
        cursor = range.lowerBound
        return .changed
    }

    private mutating func kill(_ range: Range<Int>) -> Outcome {
        if range.isEmpty { return .refused }
        killed = Array(characters[range])
        return remove(range)
    }

    private mutating func transpose() -> Outcome {
        let second = cursor == characters.count ? cursor - 1 : cursor
        guard second >= 1 else { return .refused }
        characters.swapAt(second - 1, second)
        cursor = second + 1
        return .changed
    }

    /// Where the word in front of the cursor begins.
    private var wordStart: Int {
        let end = characters[..<cursor].lastIndex { !$0.isWhitespace } ?? 0
        return characters[..<end].lastIndex { $0.isWhitespace }.map { $0 + 1 } ?? 0
    }

    /// Where the word behind the cursor ends.
    private var wordEnd: Int {
        let start = characters[cursor...].firstIndex { !$0.isWhitespace } ?? characters.count
        return characters[start...].firstIndex { $0.isWhitespace } ?? characters.count
    }

    // MARK: Lines

    private mutating func takeLine() -> String {
        let line = String(characters)
        if !line.isEmpty && line != history.last {
            history.append(line)
            if history.count > Self.historyLimit { history.removeFirst() }
        }
        place = history.count
        (characters, draft, cursor) = ([], [], 0)
        return line
    }

    private mutating func show(_ wanted: Int) -> Outcome {
        guard 0...history.count ~= wanted else { return .refused }
        if place == history.count { draft = characters }
        place = wanted
        characters = wanted == history.count ? draft : Array(history[wanted])
        cursor = characters.count
        return .changed
    }
}
