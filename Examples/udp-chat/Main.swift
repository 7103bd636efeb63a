// SPDX-License-Identifier: Apache-2.0
import Console
import Reactor
import Sockets
import Synchronization

/// Seed 003's chat as it was meant to be: one socket sends and receives at the same time.
@main
struct UDPChat: Program {
    static let about = """
        Sends each line that is typed as a datagram, and shows what arrives meanwhile: one socket for both.
        exit, the end of the input, or ctrl-C ends it. Who writes first to a chat without a peer becomes its peer.
        """
    static let parameters: KeyValuePairs = ["LOCAL": "127.0.0.1:8080", "PEER": "none"]

    func run(_ arguments: [String]) throws {
        let loop = try EventLoop()
        try loop.runUntilComplete {
            try await withDatagramSocket(on: arguments[0]) { socket in
                let peer = Peer()
                if arguments[1] != "none" { peer.address = try await socket.address(of: arguments[1]) }
                print("bound to", socket.localAddress)
                let keyboard = try await StandardIO.open()
                async let _: Void = close(keyboard, at: loop.signals([.interrupt, .terminate]))
                async let shown: Void = show(what: socket, hears: peer)
                try await say(what: keyboard, types: peer, by: socket)
                keyboard.close()
                socket.close()
                try await shown
            }
        }
        print("closed")
    }

    /// Until `exit`, or the end of the input.
    private func say(what keyboard: Connection, types peer: Peer, by socket: DatagramSocket) async throws {
        do {
            for try await line in keyboard.lines {
                if line == "exit" { return }
                if let address = peer.address {
                    try await socket.send(line, to: address)
                } else {
                    print("nobody is there yet")
                }
            }
        } catch let error as FrameError where error.connectionError?.reason == .closed {
            // Ctrl-C.
        }
    }

    /// Until the socket is closed.
    private func show(what socket: DatagramSocket, hears peer: Peer) async throws {
        for try await datagram in socket {
            print("\(datagram.sender) said: \(String(decoding: datagram.bytes, as: UTF8.self))")
            if peer.address == nil { peer.address = datagram.sender }
        }
    }

    private func close(_ keyboard: Connection, at signals: Signals) async throws {
        for try await _ in signals { return keyboard.close() }
    }
}

/// Whom the lines go to: known from the beginning, or from the first datagram on.
private final class Peer: Sendable {
    private let known = Mutex<SocketAddress?>(nil)

    var address: SocketAddress? {
        get { known.withLock { $0 } }
        set { known.withLock { $0 = newValue } }
    }
}
