// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

// B-AIO-06: SubprocessProtocol; B-AIO-14: subprocess_exec, subprocess_shell
// One at a time: with the tests beside these the descriptors must stay below select's 1,024.
@Suite(.serialized, .blocking) struct SubprocessTests {
    private let processes = World.real().processes

    private func shell(_ script: String) -> Subprocess.Request { .init("sh", ["-c", script]) }

    @Test(arguments: World.Mechanism.allCases)
    func `a program's streams are connections in both directions`(mechanism: World.Mechanism) async throws {
        try await withLoop(mechanism) { loop in
            var request = Subprocess.Request("cat")
            request.input = .connection
            let (answer, end) = try await processes.run(request, on: loop) { cat in
                let input = try #require(cat.input)
                let output = try #require(cat.output)
                #expect(cat.error == nil)
                try await input.send("one ")
                #expect(try await output.receive(upTo: 100) == Array("one ".utf8))
                try await input.send("two")
                try await input.shutdownSending()
                #expect(await reason { try await input.send("three") } == .broken(.brokenPipe))
                let answer = try await output.receive(upTo: 100)
                #expect(try await output.receive(upTo: 100) == nil)
                return answer
            }
            #expect(answer == Array("two".utf8))
            #expect(end == .exited(0))
        }
    }

    // P11: more than pipes hold, both ways at once
    @Test(arguments: World.Mechanism.allCases)
    func `what a program writes is collected while it is fed`(mechanism: World.Mechanism) async throws {
        try await withLoop(mechanism) { loop in
            let bytes = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 9) }
            let result = try await processes.output(
                of: shell("cat; echo complaint >&2; exit 3"), input: bytes, limit: 4 << 20, on: loop)
            #expect(result.output == bytes)
            #expect(result.error == Array("complaint\n".utf8))
            #expect(result.end == .exited(3))
        }
    }

    @Test func `arguments, variables, directory and descriptors arrive as they were asked for`() async throws {
        let temporary = try TemporaryDirectory()
        var request = Subprocess.Request(
            "/bin/sh",
            ["-c", "printf '%s|' \"$@\" \"$COLOUR\" \"$PWD\"; env | wc -l; cat <&3 >/dev/stdout", "-", "a b", ""])
        request.environment = ["COLOUR": "blue green"]
        request.directory = temporary.path
        let file = temporary.file("third")
        try Data("from three".utf8).write(to: URL(filePath: file))
        let third = try FileDescriptor.open(file, .readOnly)
        request.descriptors = [third]
        let result = try await processes.output(of: request)
        try third.close()
        let text = String(decoding: result.output, as: UTF8.self)
        #expect(text.hasPrefix("a b||blue green|\(temporary.path)|"))
        #expect(text.hasSuffix("from three"))
    }

    @Test func `errors join the output where that is wanted`() async throws {
        var request = shell("echo out; echo err >&2; echo out")
        request.joinsErrorToOutput = true
        let result = try await processes.output(of: request)
        #expect(String(decoding: result.output, as: UTF8.self) == "out\nerr\nout\n")
        #expect(result.error.isEmpty)
    }

    @Test func `a program that does not read its input is none the worse for it`() async throws {
        let result = try await processes.output(of: shell("exit 5"), input: [UInt8](repeating: 1, count: 1 << 20))
        #expect(result.end == .exited(5))
    }

    @Test func `a program that writes too much is ended`() async throws {
        let outcome = await reason { _ = try await processes.output(of: .init("yes"), limit: 100_000) }
        #expect(outcome == .limitReached(100_000))
    }

    @Test func `a program that can't be run is told`() async throws {
        let error = await #expect(throws: SocketError.self) {
            try await processes.output(of: .init("/nowhere/to/be/found"))
        }
        #expect(error?.reason == .system(.noSuchFileOrDirectory))
        #expect(error.map { "\($0)" } == "start /nowhere/to/be/found: no such file or directory")
        #expect(await reason { _ = try await processes.output(of: .init("/etc/passwd")) } == .system(.permissionDenied))
        #expect(await reason { _ = try await processes.output(of: .init("a\0b")) } == .system(.invalidArgument))
        #expect(
            await reason { _ = try await Processes.unsupported.output(of: .init("true")) } == .unsupported(.noFunction))
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a program is signalled, and its end is heard`(mechanism: World.Mechanism) async throws {
        try await withLoop(mechanism) { loop in
            let (_, end) = try await processes.run(.init("sleep", ["100"]), on: loop) { process in
                #expect(try process.end == nil)
                let waiter = Task { try await process.waitForEnd() }
                try process.send(.user1)
                #expect(try await waiter.value == .signalled(.user1, dumpedCore: false))
                #expect(try await process.waitForEnd() == .signalled(.user1, dumpedCore: false))
                try process.send(.terminate)
            }
            #expect(end == .signalled(.user1, dumpedCore: false))
        }
    }

    /// What a script says of itself: its number.
    private func number(_ process: Subprocess) async throws -> pid_t {
        let text = String(decoding: try #require(await process.output?.receive(upTo: 100)), as: UTF8.self)
        return try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    // Laws 1 and 2
    @Test(arguments: World.Mechanism.allCases)
    func `a cancelled task's program has ended before the call throws, and what it started too`(
        mechanism: World.Mechanism
    ) async throws {
        try await withLoop(mechanism) { loop in
            let numbers = AsyncStream<pid_t>.makeStream()
            let task = Task {
                await reason {
                    _ = try await processes.run(shell("sleep 100 & echo $!; wait"), on: loop) { process in
                        numbers.continuation.yield(process.identifier)
                        numbers.continuation.yield(try await number(process))
                        _ = try await process.waitForEnd()
                    }
                }
            }
            var iterator = numbers.stream.makeAsyncIterator()
            let leader = try #require(await iterator.next())
            let child = try #require(await iterator.next())
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(kill(leader, 0) == -1 && errno == ESRCH)
            // The grandchild is init's to bury.
            try await until { kill(child, 0) == -1 || isZombie(child) }
        }
    }

    private func isZombie(_ process: pid_t) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status?.contains(") Z ") ?? true
    }

    @Test func `a program that will not end is ended once the grace is over`() async throws {
        let start = ContinuousClock.now
        let outcome = await reason {
            let stubborn = shell("trap '' TERM; echo $$; while :; do sleep 0.05; done")
            _ = try await processes.run(stubborn, grace: .milliseconds(50)) { process in
                _ = try await number(process)
                try await withDeadline(.milliseconds(10)) { _ = try await process.waitForEnd() }
            }
        }
        #expect(outcome == .timedOut)
        #expect(ContinuousClock.now - start >= .milliseconds(55))
    }

    @Test func `a body that returns early leaves a program whose streams are closed`() async throws {
        let (_, end) = try await processes.run(.init("yes")) { process in
            _ = try await process.output?.receive(upTo: 10)
        }
        #expect(end == .signalled(.pipe, dumpedCore: false) || end == .exited(1))
    }

    @Test func `a body's error ends the program and is thrown`() async throws {
        struct Planned: Error {}
        await #expect(throws: Planned.self) {
            try await processes.run(.init("sleep", ["100"])) { _ in throw Planned() }
        }
    }

    /// A world like this machine's whose pool has one thread.
    private func smallWorld(_ pool: BlockingPool) -> World {
        let real = World.real()
        return World(
            now: real.now, processes: .system, blocking: pool, makeDriver: real.makeDriver, names: real.names)
    }

    @Test func `starting waits for a thread and not on the loop, and who gives up starts nothing`() async throws {
        let pool = BlockingPool(maximumThreads: 1)
        let directory = try TemporaryDirectory()
        let gate = DispatchSemaphore(value: 0)
        let thread = try LoopThread(in: smallWorld(pool))
        defer { thread.stop() }
        let loop = thread.loop
        let holder = Task { try await pool.run(on: loop) { gate.wait() } }
        try await until { pool.load.threads == 1 && pool.load.idle == 0 && pool.load.queued == 0 }
        let path = directory.file("trace")
        let given = Task { await reason { _ = try await processes(of: loop, "touch", [path]) } }
        try await until { pool.load.queued == 1 }
        // The loop is free meanwhile.
        try await loop.sleep(for: .milliseconds(1))
        given.cancel()
        #expect(await given.value == .cancelled)
        #expect(pool.load.queued == 0)
        let kept = Task { try await processes(of: loop, "echo", ["kept"]) }
        try await until { pool.load.queued == 1 }
        gate.signal()
        #expect(try await kept.value.output == Array("kept\n".utf8))
        try await holder.value
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    private func processes(
        of loop: EventLoop, _ program: String, _ arguments: [String]
    ) async throws -> Processes.Output {
        try await loop.world.processes.output(of: .init(program, arguments), on: loop)
    }
}
