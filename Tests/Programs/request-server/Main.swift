// SPDX-License-Identifier: Apache-2.0
@preconcurrency import Glibc
import Reactor
import SocketServer
import Sockets

/// A server of each kind for tests: what it forks must not be the tests' own process.
///
/// `request-server TRANSPORT POLICY STYLE ADDRESS [NAME=VALUE …]` serves until its standard input ends. It tells where
/// it listens, each handler that failed, and its end. What it is asked it answers: see ``Commands``.
@main
struct RequestServer {
    static func main() throws {
        setvbuf(stdout, nil, _IOLBF, 0)
        let words = Array(CommandLine.arguments.dropFirst())
        let settings = try Settings(words.dropFirst(4))
        if settings["thread"] != nil { try startIdleThread() }
        if let count = settings["workers"] { return try runWorkers(count, words) }
        let server = try makeServer(words, settings)
        print("listening on \(server.address)")
        if let limit = settings["requests"] {
            for _ in 0..<limit { try server.handleRequest(within: .seconds(20)) }
        } else if settings["forever"] != nil {
            try server.serveForever()
        } else {
            try server.serveForever(pollInterval: .milliseconds(50), until: FileDescriptor.standardInput)
        }
        print("served; descriptors \(descriptorCount()) children \(childCount())")
        try server.close()
        print("closed")
    }

    /// The same program, several times, on one listener.
    private static func runWorkers(_ count: Int, _ words: [String]) throws {
        let listener = SharedSocket(try Socket.listening(on: words[3]))
        print("listening on \(try listener.socket.localAddress)")
        let workers = ServerWorkers(
            count, of: "/proc/self/exe", words.prefix(3) + ["fd:3", "forever=1"], sharing: listener
        ) { event in print("\(event)") }
        try workers.run(until: FileDescriptor.standardInput)
        print("served; descriptors \(descriptorCount()) children \(childCount())")
    }

    private static func makeServer(_ words: [String], _ settings: Settings) throws -> BaseServer {
        guard words.count >= 4 else { throw Settings.Mistake(word: words.joined(separator: " ")) }
        let (endpoint, policy) = (words[3], try settings.concurrency(words[1]))
        let (configuration, report) = (settings.configuration, Report.report)
        switch (words[0], words[2]) {
        case ("tcp", "blocking"):
            return try TCPServer(
                on: endpoint, configuration: configuration, concurrency: policy, overrides: Report(), report: report,
                handler: Talker.init)
        case ("tcp", _):
            return try TCPServer(
                on: endpoint, configuration: configuration, concurrency: policy, overrides: Report(), report: report,
                handler: AsyncTalker.init)
        case ("unix", "blocking"):
            return try UnixStreamServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report, handler: Talker.init)
        case ("unix", _):
            return try UnixStreamServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: AsyncTalker.init)
        case ("udp", "blocking"):
            return try UDPServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: Answerer.init)
        case ("udp", _):
            return try UDPServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: AsyncAnswerer.init)
        case (_, "blocking"):
            return try UnixDatagramServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: Answerer.init)
        default:
            return try UnixDatagramServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: AsyncAnswerer.init)
        }
    }

    /// A second thread, which does nothing.
    private static func startIdleThread() throws {
        var thread = pthread_t()
        pthread_create(&thread, nil, { _ in while true { pause() } }, nil)
    }

    private static func descriptorCount() -> Int { entries(of: "/proc/self/fd") - 1 }

    /// Children that run, or have ended and were not asked for.
    private static func childCount() -> Int {
        guard let file = fopen("/proc/self/task/\(getpid())/children", "r") else { return -1 }
        defer { fclose(file) }
        var count = 0
        var number: CInt = 0
        while withUnsafeMutablePointer(to: &number, { withVaList([$0]) { vfscanf(file, "%d", $0) } }) == 1 {
            count += 1
        }
        return count
    }

    private static func entries(of path: String) -> Int {
        guard let directory = opendir(path) else { return -1 }
        defer { closedir(directory) }
        var count = -2  // "." and ".."
        while readdir(directory) != nil { count += 1 }
        return count
    }
}

/// Prints what happens to requests, as it happens.
struct Report: ServerOverrides {
    static let report: @Sendable (Server.Event) -> Void = { event in
        switch event {
        case .handlerFailed(let error, _): print("failed: \(error)")
        case .acceptingPaused: print("paused")
        case .acceptingResumed: print("resumed")
        case .refused: print("refused")
        case .denied: print("denied")
        case .accepted, .ended: break
        }
    }
}
