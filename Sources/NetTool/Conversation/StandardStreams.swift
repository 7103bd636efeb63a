// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage

/// Standard input and output of a conversation, as far as it has a use for them.
struct StandardStreams: Sendable {
    private let input: Connection?
    private let output: Connection?

    /// Takes them; nothing is read before ``receive()``.
    init(for style: Conversation.Style, on loop: EventLoop) async throws(ToolFailure) {
        input = style.sends ? try await Self.open(reading: .standardInput, on: loop) : nil
        output = style.receives ? try await Self.open(writing: .standardOutput, on: loop) : nil
    }

    private static func open(
        reading input: FileDescriptor? = nil, writing output: FileDescriptor? = nil, on loop: EventLoop
    ) async throws(ToolFailure) -> Connection {
        do throws(SocketError) { return try await .over(reading: input, writing: output, on: loop) } catch {
            throw failure(error, of: input == nil ? outputName : inputName)
        }
    }

    /// The next bytes of standard input; nil at its end.
    func receive() async throws(ToolFailure) -> [UInt8]? {
        do throws(SocketError) { return try await input?.receive(upTo: 65_536) } catch {
            throw Self.failure(error, of: Self.inputName)
        }
    }

    /// Writes to standard output; waits while its reader has enough.
    func send(_ bytes: RawSpan) async throws(ToolFailure) {
        do throws(SocketError) { try await output?.send(bytes) } catch {
            throw Self.failure(error, of: Self.outputName)
        }
    }

    private static let inputName = "standard input"
    private static let outputName = "standard output"

    /// Without words where only a reader has gone.
    private static func failure(_ error: SocketError, of name: String) -> ToolFailure {
        switch error.reason {
        case .broken(.brokenPipe): ToolFailure(.inputOutput, nil)
        case .broken(let error), .system(let error), .unsupported(let error):
            ToolFailure(.inputOutput, "\(name): \(error.words)")
        default: ToolFailure(error)
        }
    }
}
