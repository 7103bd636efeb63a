// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Promise 21 begins here: children are bounded, reaped and isolated.
@Suite(.blocking) struct ProcessTests {
    /// Runs a shell's words, with what it writes to its standard output and how it ended.
    private func shell(
        _ words: String, _ change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> (output: String, end: ProcessEnd) {
        let pipe = try PipeEnds()
        var request = SpawnRequest("/bin/sh", arguments: ["sh", "-c", words])
        request.output = .descriptor(pipe.writing.number)
        change(&request)
        var child = try ChildProcess(request)
        let reading = pipe.takeReading()
        return (try Self.readAll(reading.number), try child.wait())
    }

    static func readAll(_ descriptor: CInt) throws -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = try buffer.withUnsafeMutableBytes({ try SystemCalls.read(descriptor, into: $0) }),
            count > 0
        {
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    @Test func `a program runs with its arguments, its environment and its directory`() throws {
        let home = try TemporaryDirectory()
        let (output, end) = try shell(#"echo "$0 $1" "$NAME" "$HOME"; pwd; exit 7"#) {
            $0.arguments += ["zero", "a b"]
            $0.environment = ["NAME=né", "PATH=/usr/bin:/bin"]
            $0.directory = .path(home.path)
        }
        #expect(output == "zero a b né \n\(home.path)\n")
        #expect(end == .exited(7))
        #expect("\(end)" == "exit code 7")
    }

    @Test func `the environment is handed on unless another one is given`() throws {
        setenv("NETWRIGHT_TEST", "handed on", 1)
        #expect(try shell(#"echo "$NETWRIGHT_TEST""#).output == "handed on\n")
        #expect(try shell(#"/usr/bin/env"#) { $0.environment = ["A=1", "B="] }.output.contains("NETWRIGHT") == false)
    }

    @Test func `a directory may be an open one`() throws {
        let home = try TemporaryDirectory()
        let place = try SystemCalls.open(
            home.path.utf8, in: SystemCalls.currentDirectory, .readOnly, options: .directory)
        let number = place.number
        #expect(try shell("pwd") { $0.directory = .descriptor(number) }.output == "\(home.path)\n")
    }

    // P21
    @Test func `the end of all groups is that of their leaders, and nobody is started after it`() throws {
        let groups = ChildGroups()
        var child = try ChildProcess(SpawnRequest("sleep", arguments: ["sleep", "1000"]))
        let number = child.identifier
        _ = try groups.starting { () throws(Errno) in number }
        #expect(groups.count == 1)
        groups.endAll()
        #expect(try child.wait() == .signalled(.kill, dumpedCore: false))
        let error = #expect(throws: Errno.self) { try groups.starting { 1 } }
        #expect(error == .canceled)
    }

    @Test func `a name without a slash is looked for along PATH`() throws {
        var child = try ChildProcess(SpawnRequest("true"))
        #expect(try child.wait() == .exited(0))
        var other = try ChildProcess(SpawnRequest("false"))
        #expect(try other.wait() == .exited(1))
    }

    @Test("P21: only 0, 1 and 2 are inherited, whatever is open here")
    func onlyStandardStreams() throws {
        // Open without FD_CLOEXEC, as other people's code does.
        let careless = open("/dev/null", O_RDONLY)
        defer { close(careless) }
        #expect(try SystemCalls.isInheritable(careless))
        let (output, _) = try shell("ls /proc/self/fd | tr '\\n' ' '")
        #expect(output == "0 1 2 3 ", "3 is ls's own")
    }

    @Test func `descriptors that are named become 3 and on, in any order and from any number`() throws {
        let first = try PipeEnds()
        let second = try PipeEnds()
        for number in [first.writing.number, second.writing.number] { #expect(try !SystemCalls.isInheritable(number)) }
        var request = SpawnRequest(
            "/bin/sh", arguments: ["sh", "-c", "echo three >&3; echo four >&4; ls /proc/self/fd | wc -l >&4"])
        request.output = .null
        request.error = .null
        request.descriptors = [second.writing.number, first.writing.number]
        var child = try ChildProcess(request)
        let a = first.takeReading()
        let b = second.takeReading()
        #expect(try Self.readAll(b.number) == "three\n")
        #expect(try Self.readAll(a.number) == "four\n6\n")
        #expect(try child.wait() == .exited(0))
    }

    @Test func `descriptors may swap their numbers, and stay open here`() throws {
        let first = try PipeEnds()
        let second = try PipeEnds()
        let (a, b) = (first.writing.number, second.writing.number)
        var request = SpawnRequest(
            "/bin/bash", arguments: ["bash", "-c", "echo was second >&\(a); echo was first >&\(b)"])
        request.output = .null
        request.error = .null
        request.descriptors = (3...max(a, b)).map { $0 == a ? b : $0 == b ? a : 2 }
        var child = try ChildProcess(request)
        #expect(try child.wait() == .exited(0))
        #expect(fcntl(a, F_GETFD) != -1 && fcntl(b, F_GETFD) != -1)
        let firstReading = first.takeReading()
        let secondReading = second.takeReading()
        #expect(try Self.readAll(firstReading.number) == "was first\n")
        #expect(try Self.readAll(secondReading.number) == "was second\n")
    }

    @Test func `standard streams may lead to each other`() throws {
        let pipe = try PipeEnds()
        var request = SpawnRequest("/bin/sh", arguments: ["sh", "-c", "cat >&2"])
        request.input = .descriptor(pipe.reading.number)
        request.output = .descriptor(2)
        let errors = try PipeEnds()
        request.error = .descriptor(errors.writing.number)
        var child = try ChildProcess(request)
        let writing = pipe.takeWriting()
        _ = try Array("through".utf8).withUnsafeBytes { try SystemCalls.write(writing.number, $0) }
        try writing.close()
        let reading = errors.takeReading()
        #expect(try Self.readAll(reading.number) == "through")
        #expect(try child.wait() == .exited(0))
    }

    @Test func `an input leads nowhere unless it is said`() throws {
        #expect(try shell("cat; echo $?").output == "0\n")
    }

    @Test("Law 10: a child has no signal blocked and none ignored, whatever is so here")
    func signals() throws {
        let pipe = try PipeEnds()
        let writing = pipe.writing.number
        let child = BlockingThread {
            try SystemCalls.block([.terminate, .user1, .pipe])
            let before = signal(SIGUSR2, SIG_IGN)
            defer { signal(SIGUSR2, before) }
            var request = SpawnRequest("/bin/grep", arguments: ["grep", "^Sig", "/proc/self/status"])
            request.output = .descriptor(writing)
            var child = try ChildProcess(request)
            return try child.wait()
        }
        #expect(try child.join() == .exited(0))
        let reading = pipe.takeReading()
        let status = try Self.readAll(reading.number)
        #expect(status.contains("SigBlk:\t0000000000000000"))
        // The C library itself leaves 32 and 33, its own, ignored.
        let ignored = try #require(
            status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }?.split(separator: "\t").last)
        #expect(try #require(UInt64(ignored, radix: 16)) & ~0x1_8000_0000 == 0)
    }

    @Test func `a program that can't be run is an error, and leaves nothing`() throws {
        let home = try TemporaryDirectory()
        try "text".write(toFile: home.file("text"), atomically: false, encoding: .utf8)
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try ChildProcess(SpawnRequest("/nonexistent")) }
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try ChildProcess(SpawnRequest("nosuch-program")) }
        #expect(throws: Errno.permissionDenied) { _ = try ChildProcess(SpawnRequest(home.file("text"))) }
        var request = SpawnRequest("/bin/true")
        request.directory = .path("/nonexistent")
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try ChildProcess(request) }
        request.directory = .inherited
        request.descriptors = [9999]
        #expect(throws: Errno.badFileDescriptor) { _ = try ChildProcess(request) }
    }

    @Test func `a text with a NUL is refused, not cut`() throws {
        for change: (inout SpawnRequest) -> Void in [
            { $0.program = "/bin/true\0x" }, { $0.arguments = ["a\0b"] }, { $0.environment = ["A=1\0B=2"] },
            { $0.directory = .path("/tmp\0") },
        ] {
            var request = SpawnRequest("/bin/true")
            change(&request)
            #expect(throws: Errno.invalidArgument) { _ = try ChildProcess(request) }
        }
    }

    @Test func `a child is signalled, and says by which it ended`() throws {
        var child = try ChildProcess(SpawnRequest("/bin/sleep", arguments: ["sleep", "1000"]))
        #expect(try child.end() == nil)
        #expect(try !child.hasEnded())
        try child.send(.terminate)
        let end = try child.wait()
        #expect(end == .signalled(.terminate, dumpedCore: false))
        #expect("\(end)" == "ended by SIGTERM")
        #expect(try child.wait() == end)
        #expect(try child.end() == end)
        #expect(try child.hasEnded())
        #expect(throws: Errno.noSuchProcess) { try child.send(.terminate) }
        #expect(throws: Errno.noSuchProcess) { try child.sendToGroup(.terminate) }
    }

    @Test("P21: a script is killed with everything that it started, also when it has ended itself")
    func group() throws {
        let pipe = try PipeEnds()
        var request = SpawnRequest(
            "/bin/sh", arguments: ["sh", "-c", "sleep 1000 & sleep 1000 & echo started; exit 3"])
        request.output = .descriptor(pipe.writing.number)
        var child = try ChildProcess(request)
        let reading = pipe.takeReading()
        // Readable: the shell has ended.
        #expect(try Self.isReadable(child.number))
        #expect(try child.hasEnded())
        // The pipe ends only when the two sleepers, which hold its other end, are gone.
        try child.sendToGroup(.kill)
        #expect(try Self.readAll(reading.number) == "started\n")
        #expect(try child.wait() == .exited(3))
    }

    @Test func `who leads no group can't be signalled as one`() throws {
        var request = SpawnRequest("/bin/sleep", arguments: ["sleep", "1000"])
        request.leadsGroup = false
        var child = try ChildProcess(request)
        #expect(getpgid(child.identifier) == getpgid(0))
        #expect(throws: Errno.noSuchProcess) { try child.sendToGroup(.kill) }
        try child.send(.kill)
        #expect(try child.wait() == .signalled(.kill, dumpedCore: false))
        var leader = try ChildProcess(SpawnRequest("/bin/sleep", arguments: ["sleep", "1000"]))
        #expect(getpgid(leader.identifier) == leader.identifier)
        try leader.sendToGroup(.kill)
        #expect(try leader.wait() == .signalled(.kill, dumpedCore: false))
    }

    @Test("P21: a child whose owner goes is killed by nobody, and stays no zombie")
    func abandoned() throws {
        let pipe = try PipeEnds()
        let number: CInt
        do {
            var request = SpawnRequest("/bin/cat")
            request.input = .descriptor(pipe.reading.number)
            request.output = .null
            let child = try ChildProcess(request)
            number = child.identifier
        }
        #expect(kill(number, 0) == 0, "it still runs")
        let watch = try SystemCalls.processDescriptor(number)
        _ = pipe.takeReading()
        #expect(try Self.isReadable(watch.number))
        AbandonedChildren.shared.forgetEnded()
        #expect(kill(number, 0) == -1, "it was forgotten")
    }

    @Test("P21: many children leave neither zombies nor descriptors")
    func many() throws {
        for _ in 0..<repetitions(50, soak: 10_000) {
            var child = try ChildProcess(SpawnRequest("/bin/true"))
            #expect(try child.wait() == .exited(0))
            let number = child.identifier
            #expect(kill(number, 0) == -1)
        }
    }

    #if DEBUG
        @Test func `a child that can't be watched is not left behind`() throws {
            let pipe = try PipeEnds()
            var request = SpawnRequest("/bin/cat")
            request.input = .descriptor(pipe.reading.number)
            request.output = .null
            let plan = FaultPlan.failing(.pidfdOpen, with: .tooManyOpenFiles)
            _ = withFaults(plan) {
                #expect(throws: Errno.tooManyOpenFiles) { _ = try ChildProcess(request) }
            }
            #expect(plan.count(of: .kill) == 1 && plan.count(of: .waitid) == 1, "it was ended, and waited for")
            // The writing end breaks: nobody has the reading end any more.
            let writing = pipe.takeWriting()
            // Not at once: the children that other tests start share every descriptor until they become a program.
            var poll = Poll()
            poll.register(writing.number, for: [])
            #expect(try poll.wait(timeout: .seconds(20)).first?.events.contains(.error) == true)
            #expect(throws: Errno.brokenPipe) { try [0].withUnsafeBytes { try SystemCalls.write(writing.number, $0) } }
        }

        @Test(arguments: [SystemCall.spawn, .pidfdOpen, .waitid, .pidfdSendSignal, .kill, .pipe])
        func `P10: a signal is not seen, an error is`(call: SystemCall) throws {
            var identifier: CInt?
            func perform() throws {
                _ = try PipeEnds()
                var child = try ChildProcess(SpawnRequest("/bin/sleep", arguments: ["sleep", "1000"]))
                identifier = child.identifier
                defer { kill(child.identifier, SIGKILL) }
                try child.send(.hangUp)
                try child.sendToGroup(.kill)
                _ = try child.wait()
            }
            let plan = FaultPlan.failing(call, with: .interrupted, times: 2)
            try withFaults(plan) { try perform() }
            #expect(plan.count(of: call) >= 3)
            _ = withFaults(FaultPlan { made, _ in made == call ? .fail(.noMemory) : nil }) {
                #expect(throws: Errno.noMemory) { try perform() }
            }
            // Whatever failed, no zombie stays.
            guard let identifier else { return }
            let deadline = ContinuousClock.now + .seconds(20)
            while kill(identifier, 0) == 0 {
                try #require(ContinuousClock.now < deadline, "a zombie")
                AbandonedChildren.shared.forgetEnded()
            }
        }
    #endif

    static func isReadable(_ descriptor: CInt) throws -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 20_000) == 1
    }
}
