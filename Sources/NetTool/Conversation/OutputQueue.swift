// SPDX-License-Identifier: Apache-2.0
//
// Facts:    whoever reads standard output may stop reading. A write would then hold the loop, and all clients with it.
//           Two tasks can't wait for one descriptor at a time.
// Decision: pieces are put into a queue at once and whole, and one task writes them. Whoever makes more of them waits
//           for room first.
import Reactor
import Sockets
import Synchronization
import SystemPackage

/// Standard output, or another place that may be slow, for several writers.
final class OutputQueue: Sendable {
    /// So many bytes may wait before ``waitForRoom()`` waits.
    static let limit = 1 << 18

    private struct State {
        var waiting: [UInt8] = []
        var isFinished = false
        var failure: ToolFailure?
        var forRoom: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())
    private let connection: Connection
    private let name: String
    private let news: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// - Parameter name: what errors call it.
    init(to descriptor: FileDescriptor, named name: String, on loop: EventLoop) async throws(ToolFailure) {
        do throws(SocketError) { connection = try await .over(reading: nil, writing: descriptor, on: loop) } catch {
            throw ToolFailure(error, of: name)
        }
        self.name = name
        (news, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// A file of its owner's alone, for it may hold secrets; it is made where there is none.
    ///
    /// - Parameter emptied: what it holds makes way; else this comes behind it.
    static func file(
        _ path: String, emptied: Bool = false, on loop: EventLoop
    ) async throws(ToolFailure) -> OutputQueue {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(path), .writeOnly,
                // A pipe that nobody reads would be waited for, and with it the loop.
                options: [.create, emptied ? .truncate : .append, .closeOnExec, .nonBlocking],
                permissions: .ownerReadWrite)
        } catch {
            let words = (error as? Errno)?.words ?? "\(error)"
            let hint = error as? Errno == .noSuchAddressOrDevice ? " (a pipe needs its reader first)" : ""
            throw ToolFailure(.cannotCreate, "\(path.quoted): \(words)\(hint)")
        }
        // The queue has one of its own.
        defer { try? file.close() }
        return try await OutputQueue(to: file, named: path.quoted, on: loop)
    }

    /// Puts a piece behind those that wait. Any thread may call this.
    ///
    /// - Throws: what writing failed with before.
    func write(_ piece: some Collection<UInt8>) throws(ToolFailure) {
        try state.withLock { state throws(ToolFailure) in
            if let failure = state.failure { throw failure }
            state.waiting += piece
        }
        bell.yield()
    }

    /// Whether more waits than should.
    var isFull: Bool { state.withLock { $0.waiting.count > Self.limit } }

    /// Waits while too much waits, or until the task is cancelled.
    func waitForRoom() async throws(ToolFailure) {
        while isFull && !Task.isCancelled {
            let (room, continuation) = AsyncStream<Void>.makeStream()
            state.withLock { $0.forRoom.append(continuation) }
            // The writer may have been quicker.
            if !isFull { wakeWriters() }
            for await _ in room {}
        }
        if let failure { throw failure }
    }

    /// What writing failed with; nil while it has not.
    var failure: ToolFailure? { state.withLock { $0.failure } }

    /// Writes what comes while `body` runs, and the rest of it then.
    ///
    /// - Throws: what `body` throws, else what writing failed with.
    func use(_ body: @Sendable () async throws -> Void) async throws {
        async let writing: Void = run()
        do { try await body() } catch {
            finish()
            await writing
            throw error
        }
        finish()
        await writing
        if let failure { throw failure }
    }

    /// Writes what comes until ``finish()``, or until that fails; then `onFailure` is told.
    func run(onFailure: @Sendable (ToolFailure) -> Void = { _ in }) async {
        for await _ in news {
            while let piece = take() {
                do throws(SocketError) { try await connection.send(piece) } catch {
                    let failure = ToolFailure(error, of: name)
                    state.withLock { $0.failure = failure }
                    wakeWriters()
                    return onFailure(failure)
                }
                wakeWriters()
            }
            if state.withLock({ $0.isFinished && $0.waiting.isEmpty }) { break }
        }
        connection.close()
    }

    /// ``run(onFailure:)`` returns once everything is written.
    func finish() {
        state.withLock { $0.isFinished = true }
        bell.yield()
    }

    private func take() -> [UInt8]? {
        state.withLock { state in
            if state.waiting.isEmpty { return nil }
            var piece: [UInt8] = []
            swap(&piece, &state.waiting)
            return piece
        }
    }

    private func wakeWriters() {
        let waiting = state.withLock { state in
            defer { state.forRoom = [] }
            return state.forRoom
        }
        for continuation in waiting { continuation.finish() }
    }
}

extension ToolFailure {
    /// What a standard stream's error means: without words where only a reader has gone.
    init(_ error: SocketError, of name: String) {
        switch error.reason {
        case .broken(.brokenPipe): self.init(.inputOutput, nil)
        case .broken(let error), .system(let error), .unsupported(let error):
            self.init(.inputOutput, "\(name): \(error.words)")
        default: self.init(error)
        }
    }
}
