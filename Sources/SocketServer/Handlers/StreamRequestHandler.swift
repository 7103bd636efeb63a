// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A handler for clients of a stream server, with a file to read and one to write, and what is usual to say about a
/// connection.
///
/// ```swift
/// struct Greeter: StreamRequestHandler {
///     func handle(_ request: StreamRequest) throws {
///         print("Got connection from", request.clientAddress ?? "somebody")
///         try request.writer.write("Thank you for connecting\r\n")
///     }
/// }
/// ```
/// Python: `socketserver.StreamRequestHandler`, whose attributes these are.
public protocol StreamRequestHandler: BaseRequestHandler where Request == StreamRequest {
    /// How long each receive or send may wait before it throws `.timedOut`; nil, as at first, for ever. Python:
    /// `timeout`.
    var timeLimit: Duration? { get }

    /// Whether small writes leave at once, without waiting for the answer to those before; false at first. Python:
    /// `disable_nagle_algorithm`.
    var disablesNagle: Bool { get }

    /// Bytes that the reader asks for at a time; with 1 it reads nothing ahead. Python: `rbufsize`.
    var readSize: Int { get }

    /// Bytes that the writer collects before it sends; 0, as at first, sends each write at once. Python: `wbufsize`.
    var writeCapacity: Int { get }
}

extension StreamRequestHandler {
    /// None.
    public var timeLimit: Duration? { nil }

    /// No.
    public var disablesNagle: Bool { false }

    /// 16,384.
    public var readSize: Int { SocketFile.readSize }

    /// 0.
    public var writeCapacity: Int { 0 }
}

extension BaseRequestHandler where Request == StreamRequest {
    /// Serves a client, from what the handler says about the connection to what is left in its writer.
    mutating func serve(
        _ socket: SharedSocket, from address: SocketAddress?, of server: BaseServer
    ) throws {
        var files = StreamRequest.FileSizes()
        if let wishes = self as? any StreamRequestHandler {
            files = StreamRequest.FileSizes(readSize: wishes.readSize, writeCapacity: wishes.writeCapacity)
            // On the blocking socket itself, so that it holds for whoever else has it.
            if let limit = wishes.timeLimit {
                try socket.socket.set(.receiveTimeout, to: limit)
                try socket.socket.set(.sendTimeout, to: limit)
            }
            if wishes.disablesNagle && socket.socket.family != .unix { try socket.socket.set(.noDelay, to: true) }
        }
        let request = StreamRequest(socket, from: address, of: server, files)
        do { try run(request) } catch {
            try? request.writer.flush()
            throw error
        }
        try request.writer.flush()
    }
}
