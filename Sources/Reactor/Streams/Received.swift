// SPDX-License-Identifier: Apache-2.0

/// Bytes that came, in memory of the loop's, which goes back by itself when this value ends.
///
/// ```swift
/// while let received = try await connection.receive() { try await connection.send(received) }
/// ```
/// Never empty. Keep it no longer than it takes: each one that is kept costs the loop 64 KiB.
@safe public struct Received: ~Copyable, Sendable {
    /// Nil once it is handed over.
    private nonisolated(unsafe) var memory: UnsafeMutableRawBufferPointer?
    private let loop: EventLoop

    /// How many bytes came, at least 1.
    public let count: Int

    init(_ memory: UnsafeMutableRawBufferPointer, count: Int, loop: EventLoop) {
        unsafe self.memory = memory
        self.count = count
        self.loop = loop
    }

    deinit {
        if let memory = unsafe memory { unsafe loop.giveBack(memory) }
    }

    /// The bytes.
    public var bytes: RawSpan {
        @_lifetime(borrow self) get {
            let all = unsafe UnsafeRawBufferPointer(start: memory?.baseAddress, count: memory == nil ? 0 : count)
            return unsafe _overrideLifetime(all.bytes, borrowing: self)
        }
    }

    /// The bytes, copied.
    public var array: [UInt8] { bytes.copied }

    /// Gives the memory away, for another value to own: how a lease crosses from one thread to another.
    consuming func handOver() -> Loan {
        defer { unsafe memory = nil }
        return unsafe Loan(memory: memory, count: count)
    }

    /// Takes over what another value gave away.
    init(_ loan: Loan, loop: EventLoop) {
        unsafe memory = loan.memory
        count = loan.count
        self.loop = loop
    }

    /// Memory that nobody owns for a moment.
    @safe struct Loan: @unchecked Sendable {
        let memory: UnsafeMutableRawBufferPointer?
        let count: Int
    }
}

extension EventLoop {
    /// Takes memory back, from whichever thread.
    func giveBack(_ memory: UnsafeMutableRawBufferPointer) {
        if isCurrent {
            unsafe buffers.giveBack(memory)
        } else {
            nonisolated(unsafe) let memory = unsafe memory
            enqueue { [self] in unsafe buffers.giveBack(memory) }
        }
    }
}
