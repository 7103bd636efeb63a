// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// The programs beside this one.
public struct Command: Sendable { var program = "" }
public final class Subprocess: Sendable {}
public struct Processes: Sendable {
    let start: @Sendable (_ command: Command, _ loop: EventLoop) throws(SocketError) -> Subprocess
}
extension Processes {
    static let unsupported = Processes { command, _ throws(SocketError) in
        throw SocketError(.start, .unsupported(.noFunction), subject: command.program)
    }
    static let system = unsupported
}
