// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage

/// Standard input and output as they are, pipes and files alike, as far as a conversation has a use for them.
final class StandardStreams: LocalSide {
    private let input: Connection?
    private let output: OutputQueue?
    private let session: Session

    /// Takes them; nothing is read before ``receive(upTo:)``.
    init(reads: Bool, writes: Bool, on loop: EventLoop, in session: Session) async throws(ToolFailure) {
        input = reads ? try await Self.input(on: loop) : nil
        output = writes ? try await OutputQueue(to: .standardOutput, named: "standard output", on: loop) : nil
        self.session = session
    }

    private static func input(on loop: EventLoop) async throws(ToolFailure) -> Connection {
        do throws(SocketError) { return try await .over(reading: .standardInput, writing: nil, on: loop) } catch {
            throw ToolFailure(error, of: inputName)
        }
    }

    func use(_ body: @Sendable () async throws -> Void) async throws {
        if let output { try await output.use(body) } else { try await body() }
    }

    func receive(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]? {
        do throws(SocketError) { return try await input?.receive(upTo: maximum) } catch {
            throw ToolFailure(error, of: Self.inputName)
        }
    }

    func send(_ bytes: [UInt8]) async throws(ToolFailure) {
        try output?.write(bytes)
        try await output?.waitForRoom()
    }

    func remark(_ line: String) { session.remark(line) }

    private static let inputName = "standard input"
}
