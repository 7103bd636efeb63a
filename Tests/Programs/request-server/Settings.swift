// SPDX-License-Identifier: Apache-2.0
import Glibc
import SocketServer

/// `NAME=VALUE` arguments, all whole numbers; times are milliseconds.
struct Settings {
    struct Mistake: Error { let word: String }

    private let values: [String: Int]

    init(_ words: some Sequence<String>) throws {
        var values: [String: Int] = [:]
        for word in words {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let number = Int(parts[1]) else { throw Mistake(word: word) }
            values[String(parts[0])] = number
        }
        self.values = values
    }

    subscript(_ name: String) -> Int? { values[name] }

    /// A handler's; from the environment, since handlers are made without arguments.
    static let timeLimit: Duration? = getenv("HANDLER_LIMIT").flatMap { Int(String(cString: $0)) }.map {
        .milliseconds($0)
    }

    var configuration: ServerConfiguration {
        var configuration = ServerConfiguration()
        if let limit = values["request-limit"] { configuration.requestLimit = .milliseconds(limit) }
        if let limit = values["reply-limit"] { configuration.replyLimit = .milliseconds(limit) }
        if let limit = values["close-limit"] { configuration.closeLimit = .milliseconds(limit) }
        if let size = values["packet"] { configuration.maximumPacketSize = size }
        if let size = values["queue"] { configuration.requestQueueSize = size }
        return configuration
    }

    func concurrency(_ name: String) throws -> RequestConcurrency {
        let maximum = values["maximum"] ?? 16
        switch name {
        case "sequential": return .sequential
        case "threads": return .threads(maximum: maximum)
        case "processes": return .processes(maximum: maximum)
        case "tasks": return .tasks(maximum: maximum)
        default: throw Mistake(word: name)
        }
    }
}
