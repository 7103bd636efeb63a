// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// An echo server of callbacks on one loop, for a load generator: `callback-echo PORT`.
@main
struct Main {
    struct Echo: StreamProtocol {
        func dataReceived(_ data: RawSpan, _ transport: StreamTransport) { transport.write(data) }
    }

    static func main() throws {
        let port = CommandLine.arguments.dropFirst().first ?? "7777"
        let loop = try EventLoop()
        try loop.listenTCP(try Port(port), Factory(Echo.init))
        try loop.run()
    }
}
