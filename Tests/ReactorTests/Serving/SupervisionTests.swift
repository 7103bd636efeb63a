// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import TestSupport
import Testing

/// The service manager is told what it wants to know.
@Suite(.blocking) struct ServiceNotifierTests {
    /// What arrives where the manager listens.
    private func manager(at name: UnixAddress) throws -> SharedSocket {
        var socket = try Socket(.unix, .datagram)
        try socket.bind(to: .unix(name))
        try socket.setTimeLimit(.seconds(20))
        return SharedSocket(socket)
    }

    private func hear(_ manager: SharedSocket) throws -> String {
        String(decoding: try manager.socket.receive(upTo: 4096) ?? [], as: UTF8.self)
    }

    private static let abstract = "netwright-notify-\(getpid())"

    @Test(arguments: [true, false])
    func `news arrives by a path and by an abstract name, and is one line each`(isAbstract: Bool) async throws {
        let directory = try TemporaryDirectory()
        let name = try isAbstract ? UnixAddress(abstract: Self.abstract) : UnixAddress(path: directory.file("n"))
        let manager = try manager(at: name)
        let variable = isAbstract ? "@\(Self.abstract)" : directory.file("n")
        let notifier = try #require(ServiceNotifier({ $0 == "NOTIFY_SOCKET" ? variable : nil }, process: 7))
        #expect(notifier.address == name && notifier.watchdogInterval == nil)
        try await notifier.tell(.ready, .status("on \u{1B}[1m:80\nWATCHDOG=1"))
        #expect(try hear(manager) == "READY=1\nSTATUS=on \\u{1B}[1m:80")
        try await notifier.tell(.stopping)
        #expect(try hear(manager) == "STOPPING=1")
        try await notifier.tell(.reloading)
        #expect(try hear(manager).wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[0-9]+/) != nil)
    }

    @Test func `the variables of the environment are understood, and others are passed over`() throws {
        func notifier(_ variables: [String: String]) -> ServiceNotifier? {
            ServiceNotifier({ variables[$0] }, process: 7)
        }
        #expect(notifier([:]) == nil)
        #expect(notifier(["NOTIFY_SOCKET": ""]) == nil)
        #expect(notifier(["NOTIFY_SOCKET": "vsock:2:1"]) == nil)
        #expect(notifier(["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]) == nil)
        let place = ["NOTIFY_SOCKET": "/run/n"]
        func interval(_ others: [String: String]) -> Duration? {
            notifier(place.merging(others) { $1 })?.watchdogInterval
        }
        #expect(interval(["WATCHDOG_USEC": "3000000"]) == .seconds(3))
        #expect(interval(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"]) == .seconds(3))
        #expect(interval(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "soon"]) == nil)
    }

    @Test func `the watchdog is fed again and again, until the task is cancelled`() async throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(at: UnixAddress(path: directory.file("n")))
        let notifier = ServiceNotifier(
            at: try UnixAddress(path: directory.file("n")), watchdogInterval: .milliseconds(20))
        // The test blocks where it listens: what it waits for has a thread of its own.
        let thread = try LoopThread()
        defer { thread.stop() }
        let feeding = Task(executorPreference: thread.loop) { try await notifier.keepWatchdogContent() }
        for _ in 0..<3 { #expect(try hear(manager) == "WATCHDOG=1") }
        feeding.cancel()
        #expect(await reason { try await feeding.value } == .cancelled)
    }

    @Test func `a manager that is not there is told as an error`() async throws {
        let notifier = ServiceNotifier(at: try UnixAddress(path: "/nonexistent/notify"))
        #expect(await reason { try await notifier.tell(.ready) } != nil)
    }
}

/// A program in several processes: promises 1.10, P21 (children are reaped, and inherit what they are handed).
@Suite(.blocking) struct WorkerPoolTests {
    private func pool(_ count: Int) throws -> (program: ForeignProgram, address: String) {
        let program = try ForeignProgram(BuiltProgram.path("worker-server"), ["\(count)"])
        let address = try program.line(containing: "listening ").split(separator: " ")[1]
        return (program, String(address))
    }

    /// Which worker serves a client, and the connection to it.
    private func client(of address: String) throws -> (file: SocketFile, process: Int32) {
        var socket = try Socket.connecting(to: address, within: .seconds(20))
        try socket.setTimeLimit(.seconds(20))
        let file = SocketFile(socket)
        let answer = try ask("who", file)
        return (file, try #require(Int32(answer.split(separator: " ")[1])))
    }

    /// Clients of two workers, both of which are at work then.
    private func clientsOfBoth(_ address: String) throws -> [(file: SocketFile, process: Int32)] {
        var clients: [(file: SocketFile, process: Int32)] = []
        while Set(clients.map(\.process)).count < 2 {
            try #require(clients.count < 400, "one worker gets all clients")
            clients.append(try client(of: address))
        }
        return clients
    }

    private func ask(_ question: String, _ file: SocketFile) throws -> String {
        try file.write("\(question)\n")
        try file.flush()
        return String(decoding: try #require(try file.readLine()), as: UTF8.self)
    }

    @Test func `workers share a listener, and the one that dies is started anew and costs nobody else's client`() throws
    {
        let (program, address) = try pool(2)
        let clients = try clientsOfBoth(address)
        let victim = clients[0]
        let other = try #require(clients.first { $0.process != victim.process })
        try victim.file.write("die\n")
        try victim.file.flush()
        #expect((try? victim.file.readLine()) ?? nil == nil)
        try program.line(containing: "ended ")
        #expect(try ask("who", other.file).hasSuffix(" \(other.process)"))
        try program.line(containing: "started ")
        #expect(try client(of: address).process != victim.process)
    }

    /// One that has ended and that nobody has asked about is not alive.
    private func isAlive(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return status.split(separator: ")").last?.first { $0 != " " } != "Z"
    }

    // P22
    @Test func `SIGTERM is passed on, who has something under way is served, and no process is left`() throws {
        let (program, address) = try pool(2)
        let clients = try clientsOfBoth(address)
        try clients[0].file.write("who")
        try clients[0].file.flush()
        let idle = try #require(clients.last)
        program.send(signal: SIGTERM)
        if idle.process != clients[0].process { #expect(try idle.file.readLine() == nil) }
        try clients[0].file.write("\n")
        try clients[0].file.flush()
        #expect(try clients[0].file.readLine() != nil)
        #expect(try program.exit() == .status(0))
        #expect(program.output.hasSuffix("over\n"))
        #expect(program.output.split(separator: "\n").count { $0.hasSuffix(" exit code 0") } == 2)
        for client in clients { #expect(kill(client.process, 0) == -1) }
    }

    @Test func `workers whose pool was killed end by themselves`() async throws {
        let (program, address) = try pool(2)
        let client = try client(of: address)
        // Not by its group: that would be all of them.
        kill(program.processIdentifier, SIGKILL)
        #expect(try client.file.readLine() == nil)
        let process = client.process
        try await until { !isAlive(process) }
    }

    @Test func `who is a worker says the variable, and only for the pool's own children`() {
        func worker(_ value: String?) -> Worker? { Worker({ _ in value }, parent: 7) }
        #expect(worker("3:2:7")?.number == 3)
        #expect(worker("3:2:7")?.endpoints.map { "\($0)" } == ["fd:3", "fd:4"])
        for value in [nil, "", "3", "3:2:8", "0:1:7", "1:-1:7", "x:1:7", "1:9999:7"] { #expect(worker(value) == nil) }
    }
}

/// With systemd's own programs.
@Suite(.blocking) struct SystemdTests {
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-socket-activate")))
    func `a listener that systemd opened is served by the tool's relay`() throws {
        let taken = try Socket.listening(on: "127.0.0.1:0")
        let address = "\(try taken.localAddress)"
        try taken.close()
        var target = try Socket.listening(on: "127.0.0.2:0")
        try target.setTimeLimit(.seconds(20))
        let program = try ForeignProgram(
            "/usr/bin/systemd-socket-activate",
            [
                "-l", address, "--fdname=front", BuiltProgram.path("nt"), "relay", "systemd:front",
                "\(try target.localAddress)",
            ])
        try program.errorLine(containing: "Listening on")
        var client = try Socket.connecting(to: address, within: .seconds(20))
        try client.setTimeLimit(.seconds(20))
        try client.sendAll("hello".utf8)
        var accepted = try target.accept()
        try accepted.setTimeLimit(.seconds(20))
        #expect(try accepted.receive(upTo: 10) == Array("hello".utf8))
    }
}
