// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// The program where something is missing that it counts on: standard streams, descriptors, answers.
@Suite(.blocking) struct ScarcityTests {
    private func shell(_ script: String, _ words: String...) throws -> ForeignProgram {
        try ForeignProgram("bash", ["-c", script, BuiltProgram.path("nt")] + words)
    }

    @Test func `without a standard output nothing is printed into a socket`() throws {
        var receiver = try Socket(.ipv4, .datagram)
        try receiver.bind(to: SocketAddress.loopback(0))
        try receiver.setTimeLimit(.seconds(20))
        // The failure of the first is told while the datagram socket of the second waits for its answer.
        let program = try shell(
            "\"$0\" check --timeout 200ms unix:/nonexistent \"udp://$1\" >&-", "\(receiver.localAddress)")
        #expect(try program.exit() == .status(74))
        #expect(program.errors.contains("standard output: bad file descriptor"))
        #expect(try receiver.receive(upTo: 1000) == [])
        try receiver.setTimeLimit(.zero)
        let error = #expect(throws: SocketError.self) { _ = try receiver.receive(upTo: 1000) }
        #expect(error?.reason == .wouldBlock)
    }

    @Test func `a command behind -- gets the streams that nt was started with`() throws {
        let listener = try Socket.listening(on: SocketAddress.loopback(0))
        let program = try shell(
            "\"$0\" check \"$1\" -- sh -c 'test -e /proc/self/fd/0 || echo closed' <&-", "\(listener.localAddress)")
        #expect(try program.exit() == .status(0))
        #expect(program.output == "closed\n")
    }

    @Test func `a scan with few descriptors takes longer, and says the same`() throws {
        let program = try shell("ulimit -n 20; \"$0\" check 127.0.0.1 --ports 1-200")
        try program.exit()
        #expect(program.errors.contains("200 ports tried: "))
        #expect(program.errors.contains(", 0 silent or unreachable"), "\(program.errors)")
    }

    @Test func `targets that wait for their turn cost no time of the processor`() throws {
        // A listener whose queue is full answers nobody.
        let listener = try Socket.listening(on: SocketAddress.loopback(0), backlog: 0)
        let address = try listener.localAddress
        var callers: [SharedSocket] = []
        for _ in 0..<4 {
            var caller = try Socket(.ipv4, .stream)
            try caller.setTimeLimit(.zero)
            _ = caller.connectResult(to: address)
            callers.append(SharedSocket(caller))
        }
        // One more than are tried at a time.
        let words = Array(repeating: "\(address)", count: 65)
        let program = try ForeignProgram(
            "bash",
            ["-c", "TIMEFORMAT='%U %S'; time \"$0\" check --timeout 1 \"$@\"", BuiltProgram.path("nt")] + words)
        #expect(try program.exit() == .status(75))
        let seconds = try #require(program.errors.split(separator: "\n").last).split(separator: " ").compactMap(
            Double.init)
        #expect(seconds.count == 2)
        #expect(seconds.reduce(0, +) < 0.3, "\(program.errors)")
        #expect(callers.count == 4)
    }
}
