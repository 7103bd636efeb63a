// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's receiver: one datagram, from whoever sends one.
@main
struct UDPReceive: Program {
    static let about = "Waits for one datagram and prints who sent it, and the text in it."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080", "ENCODING": "gbk"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let encoding = try TextEncoding(arguments[1])  // gbk from Windows, utf-8 from Linux
        let socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: arguments[0])
        print("bound to", try socket.localAddress)
        if try !ctrlC.comes(before: socket), let message = try socket.receiveFrom(upTo: 1024) {
            let text = try message.bytes.decoded(as: encoding, errors: .replacing)
            print("\(message.sender?.description ?? "somebody") Sent:\(text)")
            if message.isTruncated { print("(it was longer than 1024 bytes; the rest is lost)") }
        }
        try socket.close()
    }
}
