// SPDX-License-Identifier: Apache-2.0
@preconcurrency import Glibc
import Reactor
import SocketServer
import Sockets
import Synchronization

/// What a handler threw because it was asked to.
struct Asked: Error {}

/// What the handlers understand; anything else they give back in capitals.
enum Commands {
    private static let count = Mutex(0)

    static func answer(_ command: String, _ server: BaseServer) throws -> String {
        switch command {
        case "pid": return "\(getpid())"
        case "thread": return "\(pthread_self())"
        case "count": return "\(count.withLock { $0 += 1; return $0 })"
        case "active": return "\(server.activeRequests)"
        case "throw": throw Asked()
        case "crash": fatalError("asked to crash")
        case "kill": kill(getpid(), SIGKILL)
        case "hang": while true { pause() }
        case "spawn": return "\(startSleeper())"
        case "shutdown": return "\(server.shutdown())"
        case "open": return "\(openDescriptors())"
        default: break
        }
        return command.uppercased()
    }

    /// A process that would outlive everybody.
    private static func startSleeper() -> pid_t {
        var process: pid_t = 0
        var arguments = [strdup("sleep"), strdup("600"), nil]
        defer { for argument in arguments { free(argument) } }
        posix_spawnp(&process, "sleep", nil, nil, &arguments, environ)
        return process
    }

    private static func openDescriptors() -> Int {
        (0..<1024 as Range<CInt>).count { fcntl($0, F_GETFD) != -1 }
    }
}

/// Answers lines.
struct Talker: StreamRequestHandler {
    var timeLimit: Duration? { Settings.timeLimit }
    var disablesNagle: Bool { true }

    func handle(_ request: StreamRequest) throws {
        while let line = try request.reader.readLine(as: .utf8) {
            try request.writer.write("\(try Commands.answer(line, request.server))\n")
        }
    }
}

/// The same without blocking.
struct AsyncTalker: AsyncStreamRequestHandler {
    func handle(_ request: AsyncStreamRequest) async throws {
        for try await line in request.connection.lines {
            if line == "hang" { try await request.connection.loop.sleep(for: .seconds(600)) }
            try await request.connection.send("\(try Commands.answer(line, request.server))\n")
        }
    }
}

/// Answers datagrams.
struct Answerer: DatagramRequestHandler {
    func handle(_ request: DatagramRequest) throws {
        let text = String(decoding: request.packet, as: UTF8.self)
        try request.writer.write(try Commands.answer(text, request.server))
        if request.isTruncated { try request.writer.write("…") }
    }
}

/// The same without blocking.
struct AsyncAnswerer: AsyncDatagramRequestHandler {
    func handle(_ request: AsyncDatagramRequest) async throws {
        let text = String(decoding: request.packet, as: UTF8.self)
        try await request.reply(Array(try Commands.answer(text, request.server).utf8))
    }
}
