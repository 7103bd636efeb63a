// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Endpoints that are plain streams: what `connect` and `listen` speak.
enum StreamEndpoint {
    /// Reads an endpoint from a command line.
    ///
    /// - Throws: a failure for a text that is none, and for one that is no TCP or UNIX stream.
    static func read(_ text: String, for verb: String) throws(ToolFailure) -> Endpoint {
        let endpoint: Endpoint
        do throws(AddressError) { endpoint = try Endpoint(text) } catch { throw ToolFailure(.usage, "\(error)") }
        switch endpoint.scheme {
        case .tcp, .unix: return endpoint
        default: throw ToolFailure(.usage, "\(endpoint) is no plain stream: nt \(verb) speaks TCP and UNIX streams")
        }
    }
}

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
