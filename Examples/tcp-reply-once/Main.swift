// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's TCP server: one client, one answer.
@main
struct TCPReplyOnce: Program {
    static let about = "Waits for one client, prints what it says, answers, and ends."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try Socket.listening(on: arguments[0], backlog: 128)
        print("listening on", try server.localAddress)
        if try ctrlC.comes(before: server) { return }
        let client = try server.accept()
        print("The client address of the link is:", client.peer?.description ?? "unknown")
        // On a connection receiveFrom tells no sender: there is one peer, known since it was accepted.
        if let request = try client.receiveFrom(upTo: 1024) {
            print(
                String(decoding: request.bytes, as: UTF8.self).debugDescription,
                request.sender?.description ?? "(no sender told)")
            try client.sendAll("hahahah".utf8)
        }
        try client.close()
        try server.close()
    }
}
