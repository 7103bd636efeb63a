// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A program for each client: its standard input and output are the client's.
extension HandlerRun {
    /// How long a program may take to end once its client is gone.
    private static let grace = Duration.seconds(2)

    /// How a program failed, as the client's line tells it.
    struct ProgramFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program, no shell, in a process group of its own; it is ended when the client breaks off.
    func execute(_ words: [String]) async throws {
        guard let program = words.first else { return }
        var request = Subprocess.Request(program, Array(words.dropFirst()))
        request.input = .connection
        let loop = connection.loop
        let (_, end) = try await loop.world.processes.run(request, on: loop, grace: Self.grace) { [self] process in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask { try await self.feed(process) }
                group.addTask { try await self.answer(from: process) }
                group.addTask {
                    await process.endStreamsAfterEnd()
                    return false
                }
                // The end of what the program says is the client's; the client's is only that of what it reads.
                while let isOver = try await group.next() { if isOver { break } }
                group.cancelAll()
            }
            // The program may go on, and its client need not wait for that.
            try? await finish()
            connection.close()
        }
        if end != .exited(0) { throw ProgramFailure(description: "\(program): \(end)") }
    }

    /// What the client says, until it ends or the program reads no more.
    private func feed(_ process: Subprocess) async throws -> Bool {
        defer { process.input?.close() }
        while let bytes = try await connection.receive(upTo: 65_536) {
            client.note(bytesIn: bytes.count)
            do throws(SocketError) {
                if try await process.input?.send(bytes.span.bytes, saidBy: connection) != false { continue }
            } catch {
                guard case .broken = error.reason else { throw error }
                return false
            }
            throw BrokenOff(connection)
        }
        return false
    }

    /// What the program says, until it ends.
    private func answer(from process: Subprocess) async throws -> Bool {
        while let bytes = try await process.output?.receive(upTo: 65_536) {
            try await connection.send(bytes)
            client.note(bytesOut: bytes.count)
        }
        return true
    }
}
