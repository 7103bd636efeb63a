// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's program that sends and receives by one socket.
@main
struct UDPDuplex: Program {
    static let about = "Asks where to send a datagram, sends it, and waits for one in return."
    static let parameters: KeyValuePairs = ["LOCAL": "127.0.0.1:8080"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: arguments[0])
        print("bound to", try socket.localAddress)
        let keyboard = Keyboard(ctrlC)
        guard
            let ip = try keyboard.ask("Please enter the ip address to send to:", for: { try IPv4Address($0) }),
            let port = try keyboard.ask("Please enter the port number to send to:", for: { try Port($0) }),
            let text = try keyboard.ask("Please enter the data you want to send:")
        else { return }
        try socket.send(text.utf8, to: SocketAddress.ipv4(ip, port))
        if try !ctrlC.comes(before: socket), let message = try socket.receiveFrom(upTo: 1024) {
            let sender = message.sender?.description ?? "somebody"
            print("\(sender) Sent:\(String(decoding: message.bytes, as: UTF8.self))")
        }
        try socket.close()
    }
}
