// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a pipe goes one way, so that a stream of two directions has two descriptors. The open file behind a
//           standard stream belongs to other programs too: made non-blocking, it would be so for the shell. A regular
//           file is always ready, says epoll by refusing it, and may wait for a disk all the same.
// Decision: three manners. Non-blocking, where the open file is ours alone. Shared: ask before each call, and write no
//           more than a ready pipe takes for certain. File: what the system has in memory is read on the loop, the rest
//           on the pool; written is into the system's memory, at once.
// Cost:     each wait is two system calls (DescriptorWatch.swift); shared descriptors one more for each call.
import Sockets
import Synchronization

/// One descriptor of a transport, in one direction.
final class DescriptorEnd: Sendable {
    enum Manner: Sendable {
        case nonblocking, shared, file
    }

    let owned: OwnedDescriptor
    let manner: Manner

    init(_ descriptor: consuming OwnedDescriptor, _ manner: Manner) {
        owned = descriptor
        self.manner = manner
    }

    var number: CInt { owned.number }
    var descriptor: FileDescriptor { FileDescriptor(rawValue: owned.number) }

    /// What every pipe with a reader takes at once when it says that it is writable. POSIX: `_POSIX_PIPE_BUF`.
    static let certainRoom = 512
}

/// Pipes, terminals and files on a loop. All state is the loop's; what may be called from any thread goes there first.
final class DescriptorTransport: Transport, @unchecked Sendable {
    private(set) var loop: EventLoop
    private let name: String
    private var input: DescriptorEnd?
    private var output: DescriptorEnd?
    private var isClosed = false
    private var isCancelled = false
    private var hasShutDown = false
    /// Of a file that is read: what a thread brought.
    private let readAhead = ReadAhead()
    private var reading: Waiting
    private var writing: Waiting
    /// After a wait an attempt is worth its system call.
    private var receiving = Readiness()
    private var sending = Readiness()

    init(reading input: DescriptorEnd?, writing output: DescriptorEnd?, name: String, loop: EventLoop) {
        self.input = input
        self.output = output
        self.name = name
        self.loop = loop
        reading = Waiting(on: loop)
        writing = Waiting(on: loop)
    }

    var peer: SocketAddress? { nil }
    var localAddress: SocketAddress? { nil }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        let end = try open(.receive, input, .readable)
        if output.isFull { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        if !receiving.mayAttempt { return .wouldBlock }
        do throws(Errno) {
            if end.manner == .file {
                let attempt = try receiveFromFile(end, into: &output)
                if attempt == .wouldBlock { receiving.noteBlocked() } else { receiving.noteSuccess() }
                return attempt
            }
            if end.manner == .shared, try !SystemCalls.isReady(end.number, for: .readable) { throw .wouldBlock }
            let count = try SystemCalls.read(end.number, into: &output)
            receiving.noteSuccess()
            return count == 0 ? .ended : .moved(count)
        } catch {
            if error != .wouldBlock { throw SocketError(.receive, error: error, subject: name) }
            receiving.noteBlocked()
            return .wouldBlock
        }
    }

    private func receiveFromFile(
        _ end: DescriptorEnd, into output: inout OutputRawSpan
    ) throws(Errno) -> TransferAttempt {
        if let attempt = try readAhead.take(into: &output) { return attempt }
        guard let count = try SystemCalls.readCached(end.number, into: &output, at: -1) else { return .wouldBlock }
        return count == 0 ? .ended : .moved(count)
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        let end = try open(.send, output, .writable)
        if !sending.mayAttempt { return .wouldBlock }
        do throws(Errno) {
            let isShared = end.manner == .shared
            if isShared, try !SystemCalls.isReady(end.number, for: .writable) { throw .wouldBlock }
            let piece = isShared ? bytes.extracting(first: DescriptorEnd.certainRoom) : bytes
            let count = try SystemCalls.write(end.number, piece)
            sending.noteSuccess()
            return .moved(count)
        } catch {
            if error != .wouldBlock { throw SocketError(.send, error: error, subject: name) }
            sending.noteBlocked()
            return .wouldBlock
        }
    }

    private func open(
        _ operation: SocketError.Operation, _ end: DescriptorEnd?, _ interest: Interest
    ) throws(SocketError) -> DescriptorEnd {
        if isClosed { throw SocketError(operation, .closed, subject: name) }
        if isCancelled { throw SocketError(operation, .cancelled, subject: name) }
        guard let end else {
            let reason: SocketError.Reason =
                hasShutDown && interest == .writable ? .broken(.brokenPipe) : .unsupported(.badFileDescriptor)
            throw SocketError(operation, reason, subject: name)
        }
        if (interest == .readable ? reading : writing).isBusy { throw SocketError(operation, .busy, subject: name) }
        return end
    }

    func finishConnecting() throws(SocketError) {}

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? {
        let end = try open(.receive, input, .readable)
        if receiving.mayAttempt { return nil }
        if receiving.takeTurn() {
            reading.wakeOnItsLoop()
        } else if end.manner == .file {
            try readAhead.start(from: end, on: loop.world.blocking) { [reading] in reading.wakeOnItsLoop() }
        } else {
            try listen(.receive, .readable, end, reading)
        }
        receiving.becomeReady()
        return reading
    }

    func wakeReceiver() { reading.wake() }

    func waitToSend() throws(SocketError) -> Waiting? {
        let end = try open(.send, output, .writable)
        if sending.mayAttempt { return nil }
        if sending.takeTurn() { writing.wakeOnItsLoop() } else { try listen(.send, .writable, end, writing) }
        sending.becomeReady()
        return writing
    }

    func waitToConnect() throws(SocketError) -> Waiting? { nil }

    private func listen(
        _ operation: SocketError.Operation, _ interest: Interest, _ end: DescriptorEnd, _ waiting: Waiting
    ) throws(SocketError) {
        do throws(SocketError) { try loop.listen(to: end.descriptor, for: interest, .task(waiting)) } catch {
            throw SocketError(operation, error.reason, subject: name)
        }
    }

    // MARK: The end

    func move(to loop: EventLoop) {
        self.loop = loop
        reading = Waiting(on: loop)
        writing = Waiting(on: loop)
    }

    func shutdownSending() throws(SocketError) {
        let end = try open(.shutdown, output, .writable)
        hasShutDown = true
        output = nil
        loop.endWaits(for: end.descriptor, .closed)
    }

    func close() {
        loop.perform { [self] in
            isClosed = true
            endWaits(.closed)
            (input, output) = (nil, nil)
        }
    }

    func abort() { close() }

    func cancel() {
        loop.perform { [self] in
            isCancelled = true
            endWaits(.cancelled)
        }
    }

    private func endWaits(_ reason: SocketError.Reason) {
        for end in [input, output].compactMap({ $0 }) { loop.endWaits(for: end.descriptor, reason) }
        for waiting in [reading, writing] {
            waiting.disarm()
            waiting.wake(reason)
        }
    }
}

/// What a thread reads of a file while a loop waits. It stays here when the wait is given up: nothing is lost.
private final class ReadAhead: Sendable {
    private enum State: Sendable {
        case idle, reading, ended
        case bytes(ArraySlice<UInt8>)
        case failed(Errno)
    }

    private let state = Mutex(State.idle)

    /// Starts to read, unless something is here already or on its way.
    func start(
        from end: DescriptorEnd, on pool: BlockingPool, whenDone: @escaping @Sendable () -> Void
    ) throws(SocketError) {
        let isNew = state.withLock { state in
            guard case .idle = state else { return false }
            state = .reading
            return true
        }
        if !isNew { return }
        do throws(SocketError) {
            try pool.submit(then: whenDone) { [self] in
                let result = Result { () throws(Errno) in
                    try [UInt8].filled(capacity: BufferPool.bufferSize) { output throws(Errno) in
                        _ = try SystemCalls.read(end.number, into: &output)
                    }
                }
                state.withLock { $0 = Self.after(result) }
            }
        } catch {
            state.withLock { $0 = .idle }
            throw error
        }
    }

    private static func after(_ result: Result<[UInt8], Errno>) -> State {
        switch result {
        case .success(let bytes): bytes.isEmpty ? .ended : .bytes(bytes[...])
        case .failure(let error): .failed(error)
        }
    }

    /// What has come; nil when nothing was asked for.
    func take(into output: inout OutputRawSpan) throws(Errno) -> TransferAttempt? {
        // The span can't be lent to the lock's closure: first take, then give back what did not fit.
        let before = state.withLock { state in
            defer { if case .reading = state {} else { state = .idle } }
            return state
        }
        switch before {
        case .idle: return nil
        case .reading: return .wouldBlock
        case .ended: return .ended
        case .failed(let error): throw error
        case .bytes(let bytes):
            let piece = bytes.prefix(output.freeCapacity)
            for byte in piece { unsafe output.append(byte, as: UInt8.self) }
            let rest = bytes.dropFirst(piece.count)
            if !rest.isEmpty { state.withLock { $0 = .bytes(rest) } }
            return .moved(piece.count)
        }
    }
}
