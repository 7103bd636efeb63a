// SPDX-License-Identifier: Apache-2.0
import Console
import Reactor
import Sockets

/// The same by lines: what a telnet sends character by character comes as a whole.
@main
struct LineLogServer: Program {
    static let about = "Prints each line that any of its clients sends, without its CR LF."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234"]

    struct SimpleLogger: LineReceiver {
        func connectionMade(_ transport: StreamTransport) { print("Got connection from", transport.peer) }

        func lineReceived(_ line: String, _ transport: StreamTransport) {
            print("\(transport.peer): \(line.debugDescription)")
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
        let ports = try loop.listen(on: arguments[0], Factory(SimpleLogger.init))
        let host = ports[0].host
        // Not before: from then on a signal stops the loop, and does not end the program.
        loop.callWhenRunning { print("listening on", host) }
        try loop.run(stoppingAt: [.interrupt, .terminate])
        print("closed")
    }
}
