// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A handler for datagrams.
///
/// ```swift
/// struct Shout: DatagramRequestHandler {
///     func handle(_ request: DatagramRequest) throws {
///         try request.writer.write(String(decoding: request.packet, as: UTF8.self).uppercased())
///     }
/// }
/// ```
/// Python: `socketserver.DatagramRequestHandler`.
public protocol DatagramRequestHandler: BaseRequestHandler where Request == DatagramRequest {}

extension BaseRequestHandler where Request == DatagramRequest {
    /// Handles a datagram and sends what was written.
    mutating func serve(_ request: DatagramRequest) throws {
        try run(request)
        if let answer = request.writer.bytes { try request.reply(answer) }
    }
}
