// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization
import SystemPackage

/// A server that tests put under load: a process of its own, because what is measured (memory, descriptors, processor
/// time) belongs to a process. `load-server WHAT NAME=VALUE…`, where WHAT is one of ``Load`` and the names are those
/// of ``Settings``, and then commands on its standard input, each answered by one line:
///
/// - `count`: how many clients there were and are, how often the server reported what, and how many connections its
///   loops hold;
/// - `release`: lets go of the loops that ``Load/hold`` holds;
/// - `fill`: takes every descriptor that is left, `free`: gives them back.
@main struct LoadServer {
    static func main() async throws {
        let settings = Settings(CommandLine.arguments.dropFirst(2))
        let load = Load(rawValue: CommandLine.arguments.dropFirst().first ?? "") ?? .echo
        let tally = Tally()
        let thread = settings.loops == .one ? try LoopThread() : nil
        let service: any Service =
            if settings.hasProtocols {
                try await ProtocolService(load, settings, tally, on: thread?.loop ?? EventLoopGroup.shared.next())
            } else {
                try await ConnectionService(load, settings, tally, on: thread?.loop)
            }
        say("listening \(service.address)")
        var filling: [FileDescriptor] = []
        while let command = readLine() {
            switch command {
            case "count":
                let held = try await held(by: thread.map { [$0.loop] } ?? EventLoopGroup.shared.loops)
                say("counted \(tally) open \(try await service.openCount) held \(held)")
            case "release":
                Load.isReleased.set()
                say("released")
            case "fill":
                while let copy = try? FileDescriptor.standardError.duplicate() { filling.append(copy) }
                say("filled \(filling.count)")
            case "free":
                for descriptor in filling { try? descriptor.close() }
                filling = []
                say("freed")
            default: say("what is \(command)")
            }
        }
        try await service.end()
    }

    private static func held(by loops: [EventLoop]) async throws -> Int {
        var count = 0
        for loop in loops {
            count += try await loop.run { () throws(SocketError) in loop.statistics.connections }
        }
        return count
    }

    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = try? FileDescriptor.standardOutput.writeAll(line)
    }
}

/// What has happened so far.
final class Tally: CustomStringConvertible, Sendable {
    let served = Atomic(0)
    private let paused = Atomic(0)
    private let resumed = Atomic(0)
    private let failed = Atomic(0)
    private let refused = Atomic(0)

    func note(_ event: Server.Event) {
        switch event {
        case .acceptingPaused: paused.add(1, ordering: .relaxed)
        case .acceptingResumed: resumed.add(1, ordering: .relaxed)
        case .handlerFailed: failed.add(1, ordering: .relaxed)
        case .refused, .denied: refused.add(1, ordering: .relaxed)
        case .accepted, .ended: break
        }
    }

    var description: String {
        func text(_ name: String, _ number: borrowing Atomic<Int>) -> String {
            "\(name) \(number.load(ordering: .relaxed))"
        }
        return [
            text("served", served), text("paused", paused), text("resumed", resumed), text("failed", failed),
            text("refused", refused),
        ].joined(separator: " ")
    }
}
