// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The real Redis, on a port of its own, ended with this value.
public final class RedisServer {
    /// Where it listens, on 127.0.0.1.
    public let port: UInt16
    private let folder: TemporaryDirectory
    private let options: [String]
    private var program: ForeignProgram?

    /// Why a test that needs it is skipped.
    public static let absence = "NOT tested: Redis is not installed: apt-get install redis-server redis-tools"
    /// Whether it is installed, and its own tool.
    public static var isInstalled: Bool { Installed.has("redis-server", "redis-cli") }

    /// Starts it, on a port that is free.
    public init(_ options: String...) throws {
        let probe = try Socket.listening(on: SocketAddress.loopback(0))
        port = try probe.localAddress.port?.rawValue ?? 0
        try probe.close()
        folder = try TemporaryDirectory()
        self.options = options
        try start()
    }

    /// Starts it again, where it was.
    public func start() throws {
        let program = try ForeignProgram(
            "redis-server",
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path]
                + options)
        try program.line(containing: "Ready to accept connections")
        self.program = program
    }

    /// Ends it, as a crash would.
    public func kill() {
        program?.kill()
        program = nil
    }

    /// Speaks to it by its own tool.
    public func command(_ words: String..., environment: [String: String] = [:]) throws -> String {
        let tool = try ForeignProgram("redis-cli", ["-p", "\(port)"] + words, environment: environment)
        try tool.exit()
        return tool.output
    }

    /// How often it has refused a command because nobody allowed it, with `s3` as its password.
    public func refusals(of name: String) throws -> Int {
        let statistics = try command("INFO", "commandstats", environment: ["REDISCLI_AUTH": "s3"])
        let line = statistics.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(name):") }
        let count = line?.split(separator: ",").first { $0.hasPrefix("rejected_calls=") }
        return count.flatMap { Int($0.dropFirst("rejected_calls=".count)) } ?? 0
    }
}
