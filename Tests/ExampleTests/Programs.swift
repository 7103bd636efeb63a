// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Who wrote a program: each pair of the seeds' programs is run with either side from either hand.
enum Author: CaseIterable, CustomTestStringConvertible {
    case us, seed

    var testDescription: String { self == .us ? "ours" : "the seed's" }

    /// Who talks with whom.
    static let pairs = [(us, us), (us, seed), (seed, us)]
}

/// Starts the programs that a test is about, and ends them with it.
final class Programs {
    private var started: [ForeignProgram] = []
    private var directories: [TemporaryDirectory] = []

    private func start(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], in directory: String? = nil
    ) throws -> ForeignProgram {
        let program = try ForeignProgram(name, arguments, environment: environment, in: directory)
        started.append(program)
        return program
    }

    /// A program of `Examples/`.
    func ours(_ name: String, _ arguments: String..., in directory: String? = nil) throws -> ForeignProgram {
        try ours(name, arguments, in: directory)
    }

    /// A program of `Examples/`.
    func ours(_ name: String, _ arguments: [String], in directory: String? = nil) throws -> ForeignProgram {
        try start(BuiltProgram.path(name), arguments, in: directory)
    }

    /// A server of `Examples/` on a free port that has room for so many descriptors.
    func limited(_ name: String, to descriptors: Int) throws -> ForeignProgram {
        // What other tests have open at this moment would take its room.
        let inherited = (3...9).map { "\($0)>&-" }.joined(separator: " ")
        return try shell("exec \(inherited); ulimit -n \(descriptors); exec \"$0\" 127.0.0.1:0", name)
    }

    /// A program of `Examples/`, which is `$0` in this script of a shell, with its arguments behind.
    func shell(_ script: String, _ name: String, _ arguments: String...) throws -> ForeignProgram {
        try start("sh", ["-c", script, BuiltProgram.path(name)] + arguments)
    }

    /// Another program, with one of ours among its arguments perhaps.
    func command(_ name: String, _ arguments: String...) throws -> ForeignProgram { try start(name, arguments) }

    /// A program of the seeds, as little repaired as it takes to run it.
    func original(_ name: String, _ arguments: String..., in directory: String? = nil) throws -> ForeignProgram {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Originals/\(name).py")
        let needsTwisted = ["twisted_log_server", "line_log_server"].contains(name)
        let python = needsTwisted ? try #require(Twisted.python) : Python.executable
        return try start(
            python, [script.path] + arguments, environment: ["PYTHONDONTWRITEBYTECODE": "1"], in: directory)
    }

    /// A server on a free port, once it listens.
    func server(
        _ author: Author, _ name: String, in directory: String? = nil
    ) throws -> (program: ForeignProgram, address: SocketAddress) {
        let program =
            switch author {
            case .us: try ours(name, "127.0.0.1:0", in: directory)
            case .seed: try original(name.replacing("-", with: "_"), "0", in: directory)
            }
        return (program, try program.address(after: "listening on "))
    }

    /// A client of a server.
    func client(_ author: Author, _ name: String, of server: SocketAddress) throws -> ForeignProgram {
        switch author {
        case .us: try ours(name, "\(server)")
        case .seed: try original(name.replacing("-", with: "_"), "\(server.port ?? 0)")
        }
    }

    /// A directory that lasts as long as the programs.
    func directory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        directories.append(directory)
        return directory
    }

    /// The real telnet, connected, for a test that is ``Testing/Trait/telnet``.
    func telnet(to server: SocketAddress) throws -> ForeignProgram {
        let telnet = try start("telnet", ["127.0.0.1", "\(server.port ?? 0)"])
        try telnet.line(containing: "Escape character")
        return telnet
    }
}

extension ForeignProgram {
    /// Waits for the line in which a program tells its address.
    func address(after words: String) throws -> SocketAddress {
        try SocketAddress(try line(containing: words).dropFirst(words.count))
    }
}

extension ForeignProgram {
    /// What the system says of the process: a line of `/proc/PID/status`. C: `proc_pid_status(5)`.
    func status(_ name: String) throws -> Substring {
        let status = try String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(name):\t") })
        return line.dropFirst(name.count + 2)
    }
}

/// Asks again and again until it is so; a failure after 20 seconds. For what tells nobody when it happens.
func wait(until isSo: () throws -> Bool, _ location: SourceLocation = #_sourceLocation) throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try !isSo() {
        try #require(ContinuousClock.now < deadline, sourceLocation: location)
        sched_yield()
    }
}

extension Socket {
    /// Connects. No call on it waits for ever.
    static func patient(to address: SocketAddress) throws -> Socket {
        var socket = try Socket.connecting(to: address)
        try socket.setTimeLimit(.seconds(20))
        return socket
    }

    /// Listens on a free port. No call on it waits for ever.
    static func patientListener() throws -> Socket {
        var socket = try Socket.listening(on: SocketAddress.loopback(0))
        try socket.setTimeLimit(.seconds(20))
        return socket
    }

    /// Ends the connection by a reset in place of an end, as a crashed machine's would.
    consuming func reset() throws {
        try set(.linger, to: Linger.reset)
        try close()
    }
}

extension TemporaryDirectory {
    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: file(name)))
    }

    func bytes(of name: String) -> [UInt8]? {
        (try? Data(contentsOf: URL(filePath: file(name)))).map(Array.init)
    }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

extension Trait where Self == ConditionTrait {
    /// The test talks with the real telnet.
    static var telnet: Self { .enabled(if: Installed.has("telnet"), "NOT tested: telnet is not installed") }
}
