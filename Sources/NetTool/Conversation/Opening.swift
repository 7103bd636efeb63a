// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

extension SocketAddress {
    /// `tcp 127.0.0.1:80`, `unix:/path`: the address and what is spoken there.
    var toolText: String { ip == nil ? "\(self)" : "tcp \(self)" }
}

extension EventLoop {
    /// The one loop of a verb.
    static func forTool() throws(ToolFailure) -> EventLoop {
        do throws(SocketError) { return try EventLoop() } catch { throw ToolFailure(error) }
    }
}
