// SPDX-License-Identifier: Apache-2.0

/// The memory that a loop receives into: borrowed while a connection has something, so that idle ones pin none.
@safe final class BufferPool {
    /// The size of a buffer, in bytes.
    static let bufferSize = 65_536
    /// How many buffers are kept when nobody has them.
    static let maximumKept = 32

    /// The one that nearly every receive takes and gives back.
    private var next: UnsafeMutableRawPointer?
    private var free = unsafe [UnsafeMutableRawBufferPointer]()

    deinit {
        unsafe next?.deallocate()
        while let buffer = unsafe free.popLast() { unsafe buffer.deallocate() }
    }

    @inline(__always)
    func take() -> UnsafeMutableRawBufferPointer {
        guard let buffer = unsafe next else { return unsafe takeAnother() }
        unsafe next = nil
        return unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Self.bufferSize)
    }

    @inline(__always)
    func giveBack(_ buffer: UnsafeMutableRawBufferPointer) {
        if unsafe next == nil { unsafe next = buffer.baseAddress } else { unsafe keep(buffer) }
    }

    private func takeAnother() -> UnsafeMutableRawBufferPointer {
        if let buffer = unsafe free.popLast() { return unsafe buffer }
        return .allocate(byteCount: Self.bufferSize, alignment: 64)
    }

    private func keep(_ buffer: UnsafeMutableRawBufferPointer) {
        if unsafe free.count < Self.maximumKept {
            unsafe free.append(buffer)
        } else {
            unsafe buffer.deallocate()
        }
    }
}
