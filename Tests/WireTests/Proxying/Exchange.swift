// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

/// What a codec makes of a stream: its events, what it wants to send, the error that ends it, and what it leaves.
struct Exchange: Equatable {
    var events: [String] = []
    var answer: [UInt8] = []
    var error: FramingError?
    var rest: [UInt8] = []

    typealias Step = (_ input: inout ByteBuffer, _ output: inout ByteBuffer) throws(FramingError) -> String?

    /// Feeds the pieces one after the other and takes all events after each.
    init(_ pieces: [[UInt8]], _ step: Step) {
        var input = ByteBuffer()
        var output = ByteBuffer()
        do throws(FramingError) {
            for piece in pieces {
                input.append(contentsOf: piece)
                while let event = try step(&input, &output) { events.append(event) }
            }
        } catch {
            self.error = error
            // Dead, whatever comes.
            input.append(contentsOf: [UInt8]("\r\n\r\n"))
            for _ in 0..<2 {
                do throws(FramingError) {
                    let event = try step(&input, &output)
                    Issue.record("after a violation came \(event ?? "nothing")")
                } catch let again {
                    #expect(again == error)
                }
            }
        }
        answer = output.take(output.count)
        // How much of a bad message has come by then depends on how it is cut.
        rest = error == nil ? input.take(input.count) : []
    }

    /// Expects the same of the stream however it is cut, and returns it.
    static func thorough(_ stream: [UInt8], _ make: () -> Step) -> Exchange {
        let whole = Exchange([stream], make())
        for pieces in Chunking.thorough(stream) {
            let cut = Exchange(pieces, make())
            #expect(cut == whole, "\(pieces)")
        }
        return whole
    }
}

extension [UInt8] {
    /// Bytes of hexadecimal digits; blanks are for the eye.
    init(hex text: String) {
        let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
