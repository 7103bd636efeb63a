// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 000's server: one client at a time, each piece that comes is sent back behind the time.
@main
struct TimestampServer: Program {
    static let about = "Answers every message with the time and the message, one client after the other."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:9999"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try Socket.listening(on: arguments[0], backlog: 5)
        let address = try server.localAddress
        print("listening on", address)
        explain(address)
        print("waiting for connection ...")
        while try !ctrlC.comes(before: server) {
            let client = try server.accept()
            let name = client.peer?.description ?? "somebody"
            print("... connected from:", name)
            do {
                try serve(client, ctrlC)
                print(name, "disconnected")
            } catch let error as SocketError {
                print(name, "disconnected:", error)  // a reset, say: the next client is waiting
            }
            print("waiting for connection ...")
        }
        try server.close()
        print("closed")
    }

    private func serve(_ client: borrowing Socket, _ ctrlC: CtrlC) throws {
        while try !ctrlC.comes(before: client), let piece = try client.receive(upTo: 1024) {
            try client.sendAll("\(CTime.now())".utf8 + piece)
        }
    }

    private func explain(_ address: SocketAddress) {
        guard let ip = address.ip, let port = address.port else { return }
        print("talk to it from another terminal with one of:")
        print("    telnet \(ip) \(port)")
        print("    ncat \(ip) \(port)")
        print("    swift run timestamp-client \(address)")
        print("ctrl-C ends it")
    }
}
