// SPDX-License-Identifier: Apache-2.0
import Console
import Reactor
import Rooms
import Sockets

/// The server of seed 003's last section: clients log in, find each other, and have messages passed on.
@main
struct RelayServerProgram: Program {
    static let about = "Lets clients log in by TCP, tells them where others are, and passes messages on."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:5000"]

    func run(_ arguments: [String]) throws {
        let loop = try EventLoop()
        try loop.runUntilComplete {
            let relay = RelayServer(on: loop)
            let server = try await Server(on: arguments[0], loop: loop) { connection in
                try await relay.serve(connection)
            }
            guard let address = server.addresses.first else { return }
            // On the same host and port, so that whoever knows the one knows the other.
            try await withDatagramSocket(on: address, loop: loop) { socket in
                print("listening on", address)
                try await relay.run(hearing: socket) { try await server.run() }
            }
        }
    }
}
