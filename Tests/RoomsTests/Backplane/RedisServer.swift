// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport

/// The real Redis, on a port of its own, ended with this value.
final class RedisServer {
    let port: UInt16
    private let folder: TemporaryDirectory
    private let options: [String]
    private var program: ForeignProgram?

    /// Starts it, on a port that is free.
    init(_ options: String...) throws {
        let probe = try Socket.listening(on: SocketAddress.loopback(0))
        port = try probe.localAddress.port?.rawValue ?? 0
        try probe.close()
        folder = try TemporaryDirectory()
        self.options = options
        try start()
    }

    /// Starts it again, where it was.
    func start() throws {
        let program = try ForeignProgram(
            "redis-server",
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path]
                + options)
        try program.line(containing: "Ready to accept connections")
        self.program = program
    }

    /// Ends it, as a crash would.
    func kill() {
        program?.kill()
        program = nil
    }

    /// Speaks to it by its own tool.
    func command(_ words: String..., environment: [String: String] = [:]) throws -> String {
        let tool = try ForeignProgram("redis-cli", ["-p", "\(port)"] + words, environment: environment)
        try tool.exit()
        return tool.output
    }
}
