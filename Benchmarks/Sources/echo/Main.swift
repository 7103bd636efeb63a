// SPDX-License-Identifier: Apache-2.0
import CAllocations
import CPeers
import Glibc
import Measuring
import Reactor
import Sockets

/// Echo over TCP: ours on one loop, by tasks and by callbacks, beside a C program with one epoll, server and load on
/// one core, in turns.
///
///     echo [--rounds N] [--seconds S] [--core N] [--tool PATH]
///
/// prints CPU per request, system calls, allocations, bytes per idle connection and growth, each beside what
/// `performance.md` wants. It fails when an answer was wrong, not when a number is short: machines are noisy.
@main
struct Main {
    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "serve": try await serve(CommandLine.arguments.dropFirst(2).first)
        case "serve-callbacks": try serveByCallbacks(CommandLine.arguments.dropFirst(2).first)
        case "serve-c": exit(serveInC(CommandLine.arguments.dropFirst(2).first))
        default: try measure()
        }
    }

    /// Ours, as a user writes it.
    private static func serve(_ port: String?) async throws {
        tell_allocations_on_signal()
        let thread = try LoopThread()
        let server = try await Server(on: "127.0.0.1:\(port ?? "0")", loop: thread.loop) { connection in
            try await connection.echo()
        }
        try await server.run()
        withExtendedLifetime(thread) {}
    }

    private struct Echo: StreamProtocol {
        func dataReceived(_ data: RawSpan, _ transport: StreamTransport) { transport.write(data) }
    }

    /// Ours, by callbacks.
    private static func serveByCallbacks(_ port: String?) throws {
        tell_allocations_on_signal()
        let loop = try EventLoop()
        try loop.listenTCP(try Port(port ?? "0"), Factory(Echo.init))
        try loop.run()
    }

    private static func serveInC(_ port: String?) -> CInt {
        let listener = peer_echo_listen(port.flatMap { UInt16($0) } ?? 0)
        return listener < 0 ? -listener : peer_echo_serve(listener)
    }

    private static func measure() throws {
        let options = try Options(Array(CommandLine.arguments.dropFirst()))
        peer_raise_descriptor_limit()
        guard peer_stay_on_core(options.core) == 0 else { throw Failure("there is no core \(options.core)") }
        let subjects: [ServerProcess.Kind] = [.ours, .callbacks] + (options.tool.map { [.tool($0)] } ?? [])
        for subject in subjects {
            print("== \(subject.name), CPU per request, the C program's = 1")
            for workload in Workload.all { try workload.compare(subject, options) }
            print("== \(subject.name), other figures")
            try Figures(subject).printAll(options)
        }
    }
}

/// What the command line asks for.
struct Options {
    var rounds = 5
    var seconds = 1.0
    var core: CInt = 0
    var tool: String?

    init(_ arguments: [String]) throws {
        var left = arguments[...]
        while let name = left.popFirst() {
            guard let value = left.popFirst() else { throw Failure("\(name) needs a value") }
            switch name {
            case "--rounds": rounds = max(1, Int(value) ?? rounds)
            case "--seconds": seconds = Double(value) ?? seconds
            case "--core": core = CInt(value) ?? core
            case "--tool": tool = value
            default: throw Failure("unknown option \(name)")
            }
        }
    }
}
