// SPDX-License-Identifier: Apache-2.0
import Reactor
import Testing

@testable import NetTool

struct DelayLineTests {
    private func piece(_ count: Int) -> DelayLine.Piece {
        DelayLine.Piece(bytes: [UInt8](repeating: 7, count: count), due: .never)
    }

    @Test func `a line holds so much and no more, and an empty one any piece`() async {
        let line = DelayLine(limit: 1000)
        #expect(line.offer(piece(2000)))
        #expect(!line.offer(piece(0)))
        #expect(await line.take()?.bytes.count == 2000)
        #expect(line.offer(piece(500)))
        #expect(!line.offer(piece(500)))
    }

    // Whoever forges ten thousand senders gets as many lines.
    @Test func `lines of one relay hold no more together than may be`() async {
        let room = SharedRoom(limit: 10_000)
        var lines: [DelayLine] = (0..<100).map { _ in DelayLine(limit: 1000, of: room) }
        #expect(lines.count { $0.offer(piece(900)) } == 10)
        // What is taken out is room for another line.
        #expect(await lines[0].take() != nil)
        #expect(lines[50].offer(piece(900)))
        #expect(!lines[51].offer(piece(900)))
        // A line that is given up takes nothing with it.
        lines.removeAll()
        #expect(DelayLine(limit: 1, of: room).offer(piece(9_900)))
    }
}
