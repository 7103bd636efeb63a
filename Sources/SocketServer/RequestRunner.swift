// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// How a server's handlers are made and run, whatever their types.
enum RequestRunner: Sendable {
    /// Calls block.
    case blocking(@Sendable (IncomingRequest, BaseServer) throws -> Void)
    /// Calls wait; on a loop, which is told.
    case asynchronous(@Sendable (IncomingRequest, BaseServer, EventLoop) async throws -> Void)

    static func streams<Handler: BaseRequestHandler>(
        _ make: @escaping @Sendable () -> Handler
    ) -> RequestRunner where Handler.Request == StreamRequest {
        .blocking { request, server in
            guard let socket = request.socket else { return }
            var handler = make()
            try handler.serve(socket, from: request.clientAddress, of: server)
        }
    }

    static func datagrams<Handler: BaseRequestHandler>(
        _ make: @escaping @Sendable () -> Handler
    ) -> RequestRunner where Handler.Request == DatagramRequest {
        .blocking { request, server in
            guard case .datagram(let datagram, let socket) = request.content else { return }
            var handler = make()
            try handler.serve(DatagramRequest(request, datagram, by: socket, of: server))
        }
    }

    static func streams<Handler: AsyncRequestHandler>(
        _ make: @escaping @Sendable () -> Handler
    ) -> RequestRunner where Handler.Request == AsyncStreamRequest {
        .asynchronous { request, server, loop in
            let connection = try request.connection(on: loop)
            // Whoever cancels the task ends the connection as a whole.
            try await withOwnership(of: connection) {
                var handler = make()
                try await handler.run(AsyncStreamRequest(connection: connection, server: server))
            }
        }
    }

    static func datagrams<Handler: AsyncRequestHandler>(
        _ make: @escaping @Sendable () -> Handler
    ) -> RequestRunner where Handler.Request == AsyncDatagramRequest {
        .asynchronous { request, server, _ in
            guard case .datagram(let datagram, let socket) = request.content else { return }
            var handler = make()
            try await handler.run(AsyncDatagramRequest(request, datagram, by: socket, of: server))
        }
    }
}
