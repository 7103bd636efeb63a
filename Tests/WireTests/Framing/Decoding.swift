// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Wire

/// What a framer makes of a stream: its frames, and the error that ends it.
struct Decoding: Equatable, CustomStringConvertible {
    var frames: [[UInt8]] = []
    var error: FramingError?
    /// The most memory that the buffer had.
    var capacity = 0

    /// Feeds the pieces one after the other and takes all frames after each; then ends the stream.
    init(_ framer: any ByteFramer, _ pieces: [[UInt8]]) {
        var framer = framer
        var buffer = ByteBuffer()
        do throws(FramingError) {
            for piece in pieces {
                buffer.append(contentsOf: piece)
                capacity = max(capacity, buffer.capacity)
                while let frame = try framer.next(in: &buffer) { frames.append(frame) }
            }
            while let frame = try framer.finish(in: &buffer) { frames.append(frame) }
        } catch {
            self.error = error
        }
    }

    init(frames: [[UInt8]], error: FramingError? = nil) { (self.frames, self.error) = (frames, error) }

    /// The memory depends on the pieces; what is read must not.
    static func == (first: Self, second: Self) -> Bool {
        first.frames == second.frames && first.error == second.error
    }

    var description: String { "\(frames.map { String(decoding: $0, as: UTF8.self) }), \(String(describing: error))" }
}

/// Ways to cut a stream into pieces.
enum Chunking {
    /// Whole, byte by byte, in two at every place, and with empty pieces between.
    static func thorough(_ stream: [UInt8]) -> [[[UInt8]]] {
        let inTwo = (0...stream.count).map { [Array(stream[..<$0]), Array(stream[$0...])] }
        return [[stream], stream.map { [$0] }, stream.flatMap { [[$0], []] }] + inTwo
    }

    /// In pieces of up to `largest` bytes.
    static func random(_ stream: [UInt8], largest: Int, _ generator: inout SeededGenerator) -> [[UInt8]] {
        var (rest, pieces) = (stream[...], [[UInt8]]())
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...largest, using: &generator))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }
}

extension [UInt8] {
    /// The bytes of a text.
    init(_ text: String) { self = Array(text.utf8) }
}
