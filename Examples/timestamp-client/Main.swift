// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 000's client: sends what the user types, prints the answer.
@main
struct TimestampClient: Program {
    static let about = "Sends each line that is typed and prints the answer; an empty line ends it."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:9999"]

    /// The server stamps each piece that it reads, of at most this many bytes: longer lines would come back in pieces.
    static let longestLine = 1024
    static let stampLength = 24

    func run(_ arguments: [String]) throws {
        let server = SocketFile(try Socket.connecting(to: arguments[0]))
        let keyboard = Keyboard(try CtrlC())
        while let line = try keyboard.ask(">>:"), !line.isEmpty {
            if line.utf8.count > Self.longestLine {
                print("at most \(Self.longestLine) bytes a line, please")
                continue
            }
            do {
                try server.write(line)
                try server.flush()
                // A stream has no messages. That the whole answer is here only its length can tell.
                let answer = try server.read(exactly: Self.stampLength + line.utf8.count)
                print(String(decoding: answer, as: UTF8.self))
            } catch {
                print("the server has left:", error)
                return
            }
        }
    }
}
