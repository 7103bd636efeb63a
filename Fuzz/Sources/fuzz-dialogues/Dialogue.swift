// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Wire

/// A side of a conversation: it takes what has come and answers.
protocol Dialogue: SendableMetatype {
    /// What it made of the next message, in numbers; nil until more has come.
    mutating func next(in input: inout ByteBuffer, answer output: inout ByteBuffer) throws(FramingError) -> [Int]?
}

extension Parser {
    /// A side that is made anew for each message.
    static func dialogue(
        _ name: String, _ seeds: [[UInt8]], _ make: @escaping @Sendable () -> some Dialogue
    ) -> Parser {
        Parser(name, seeds: seeds, passes: 2) { message, random in
            let whole = Transcript(make(), [message[...]])
            let cut = Transcript(make(), random.pieces(of: message))
            if whole.said != cut.said { return "cut it says \(cut.said), not \(whole.said)" }
            if whole.answer != cut.answer { return "cut it answers \(cut.answer), not \(whole.answer)" }
            if whole.error != cut.error { return "cut it ends in another error" }
            if whole.answer.count > 64 + message.count { return "\(whole.answer.count) bytes of answer" }
            return whole.isAlive ? "it went on after an error" : nil
        }
    }
}

/// What one side made of pieces.
private struct Transcript {
    private(set) var said: [Int] = []
    private(set) var answer: [UInt8] = []
    private(set) var error: FramingError?
    /// Whether it gave anything but the same error after the first one.
    private(set) var isAlive = false

    init(_ side: some Dialogue, _ pieces: [ArraySlice<UInt8>]) {
        var side = side
        var input = ByteBuffer()
        var output = ByteBuffer()
        do throws(FramingError) {
            for piece in pieces {
                input.append(contentsOf: piece)
                while let numbers = try side.next(in: &input, answer: &output) { said += numbers }
            }
        } catch {
            self.error = error
            do throws(FramingError) {
                _ = try side.next(in: &input, answer: &output)
                isAlive = true
            } catch let second {
                isAlive = second != error
            }
        }
        answer = output.take(output.count)
    }
}
