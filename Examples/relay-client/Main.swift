// SPDX-License-Identifier: Apache-2.0
import Console
import Reactor
import Rooms
import Sockets

/// A client of the relay: each tells the server its own port, so several of them run on one machine.
@main
struct RelayClientProgram: Program {
    static let about = """
        Logs in at a relay by a name, and sends what is typed: a name, a blank and the text. What comes is shown, with
        the way that it came. exit, or the end of the input, ends it.
        """
    static let parameters: KeyValuePairs = ["NAME": "ann", "SERVER": "127.0.0.1:5000"]

    func run(_ arguments: [String]) throws {
        guard let name = ChatName(arguments[0]) else {
            throw ArgumentError(description: "\"\(arguments[0])\" is no name")
        }
        let loop = try EventLoop()
        try loop.runUntilComplete {
            try await RelayClient.run(as: name, at: arguments[1], on: loop) { client in
                print("logged in as \(name), client \(client.session)")
                // Whichever ends first ends the other.
                try await withThrowingTaskGroup { group in
                    group.addTask { try await show(client) }
                    group.addTask { try await say(client) }
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    /// Sends what is typed, to the end of the input.
    private func say(_ client: RelayClient) async throws {
        let keyboard = try await StandardIO.open()
        defer { keyboard.close() }
        for try await line in keyboard.lines {
            if line == "exit" { return }
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, let friend = ChatName(words[0]) else {
                print("a name, a blank and the text")
                continue
            }
            do throws(RelayError) {
                switch try await client.send(words[1], to: friend) {
                case .direct: print("sent to \(friend) directly")
                case .relayed(let count): print("sent to \(count) clients of \(friend) by the server")
                case .nobody: print("\(friend) is not there")
                }
            } catch {
                guard case .text = error else { throw error }
                print("not sent: \(error)")
            }
        }
    }

    /// Shows what comes.
    ///
    /// - Throws: when the server is gone.
    private func show(_ client: RelayClient) async throws {
        while let event = try await client.next() {
            switch event {
            case .message(let text, let sender, let isDirect):
                print("\(sender) says\(isDirect ? "" : ", by the server"): \(text)")
            case .online(let name): print("\(name) has come")
            case .offline(let name): print("\(name) has gone")
            }
        }
        throw RelayError.gone
    }
}
