// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

@Suite struct EchoTests {
    @Test(arguments: Ground.allCases)
    func `a client hears its own words from an echo server`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in try await connection.echo() }
            let running = start { try await server.run() }
            let address = try #require(server.addresses.first)
            let answer = try await withConnection(to: address) { connection in
                try await connection.send("hello")
                try await connection.shutdownSending()
                var bytes: [UInt8] = []
                while let received = try await connection.receive() { bytes += received.array }
                return bytes
            }
            #expect(answer == Array("hello".utf8))
            server.drain()
            try await running.value
        }
    }
}
