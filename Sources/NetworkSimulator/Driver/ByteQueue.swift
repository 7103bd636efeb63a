// SPDX-License-Identifier: Apache-2.0

/// Bytes that have arrived and are not read yet, as the pieces in which they came.
struct ByteQueue {
    private var pieces = FirstInFirstOut<[UInt8]>()
    /// How many bytes of the first piece have been read.
    private var offset = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ piece: [UInt8]) {
        count += piece.count
        pieces.append(piece)
    }

    /// Moves what fits.
    mutating func move(into output: inout OutputRawSpan) -> Int {
        var moved = 0
        while !output.isFull, let piece = pieces.first {
            let length = min(piece.count - offset, output.freeCapacity)
            Self.copy(piece, offset..<offset + length, to: &output)
            moved += length
            offset += length
            if offset == piece.count {
                _ = pieces.popFirst()
                offset = 0
            }
        }
        count -= moved
        return moved
    }

    /// Copies a part of a piece behind what is there, where it must fit.
    static func copy(_ piece: [UInt8], _ range: Range<Int>, to output: inout OutputRawSpan) {
        unsafe output.withUnsafeMutableBytes { room, used in
            unsafe piece.withUnsafeBytes { bytes in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[used..<used + range.count])
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            used += range.count
        }
    }
}
