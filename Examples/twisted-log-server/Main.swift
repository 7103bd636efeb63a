// SPDX-License-Identifier: Apache-2.0
import Console
import Reactor
import Sockets

/// The same with a protocol of Twisted's kind: callbacks in one thread.
@main
struct TwistedLogServer: Program {
    static let about = "Prints what any of its clients sends. MAXIMUM clients are served at a time, others are refused."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234", "MAXIMUM": "500"]

    struct SimpleLogger: StreamProtocol {
        func connectionMade(_ transport: StreamTransport) { print("Got connection from", transport.peer) }

        func dataReceived(_ data: RawSpan, _ transport: StreamTransport) {
            print("\(transport.peer): \(data.text.debugDescription)")
        }

        func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {
            switch reason {
            case .lost(let error): print(transport.peer, "disconnected:", error.reason)
            default: print(transport.peer, "disconnected")
            }
        }
    }

    func run(_ arguments: [String]) throws {
        let loop = try EventLoop()
        let maximum = try Int(argument: arguments[1], in: 1...100_000)
        let ports = try loop.listen(on: arguments[0], Factory(SimpleLogger.init).limited(to: maximum))
        let host = ports[0].host
        // Not before: from then on a signal stops the loop, and does not end the program.
        loop.callWhenRunning { print("listening on", host) }
        try loop.run(stoppingAt: [.interrupt, .terminate])
        print("closed")
    }
}
