// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A client of a stream server, as a blocking handler has it.
public final class StreamRequest {
    /// The client's socket. Python: `self.request`, `self.connection`.
    public var socket: Socket { _read { yield shared.socket } }

    /// The same, for selectors and for other owners. It is shut down when the handler has ended.
    public let shared: SharedSocket

    /// Who the client is, remembered from when it came. Python: `self.client_address`.
    public let clientAddress: SocketAddress?

    /// The server that it came to; a handler may ``BaseServer/shutdown()`` it.
    public let server: BaseServer

    private let file: SocketFile

    init(_ socket: SharedSocket, from address: SocketAddress?, of server: BaseServer, _ files: FileSizes) {
        shared = socket
        clientAddress = address
        self.server = server
        file = SocketFile(socket, readSize: files.readSize, writeCapacity: files.writeCapacity)
    }

    /// Reads from the client as from a file: by line, by count. A line is bounded
    /// (``SocketFile/maximumLineLength``). Python: `self.rfile`.
    public var reader: SocketFile { file }

    /// Writes to the client as to a file; each write is sent at once unless the handler says otherwise
    /// (``StreamRequestHandler/writeCapacity``), and what is collected is sent when the handler has ended. Python:
    /// `self.wfile`.
    public var writer: SocketFile { file }

    struct FileSizes {
        var readSize = SocketFile.readSize
        var writeCapacity = 0
    }
}
