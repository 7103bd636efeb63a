// SPDX-License-Identifier: Apache-2.0

/// The memory that a loop receives into: borrowed while a connection has something, so that idle ones pin none.
@safe final class BufferPool {
    /// The size of a buffer, in bytes.
    static let bufferSize = 65_536
    /// How many buffers are kept when nobody has them.
    static let maximumKept = 16

    private var free = unsafe [UnsafeMutableRawBufferPointer]()

    deinit {
        while let buffer = unsafe free.popLast() { unsafe buffer.deallocate() }
    }

    func take() -> UnsafeMutableRawBufferPointer {
        if let buffer = unsafe free.popLast() { return unsafe buffer }
        return .allocate(byteCount: Self.bufferSize, alignment: 64)
    }

    func giveBack(_ buffer: UnsafeMutableRawBufferPointer) {
        if unsafe free.count < Self.maximumKept {
            unsafe free.append(buffer)
        } else {
            unsafe buffer.deallocate()
        }
    }
}
