// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

// B-AIO-14: connect_read_pipe, connect_write_pipe; B-TW-23: stdio
// One at a time: with the tests beside these the descriptors must stay below select's 1,024.
@Suite(.serialized, .blocking) struct StandardIOTests {
    /// Two pipes, crossed: what one connection sends the other receives.
    private func withPipes(
        _ mechanism: World.Mechanism, _ body: @Sendable (Connection, Connection) async throws -> Void
    ) async throws {
        let there = try PipeEnds().detach()
        let back = try PipeEnds().detach()
        let all = [there.reading, there.writing, back.reading, back.writing].map { FileDescriptor(rawValue: $0) }
        try await withLoop(mechanism) { loop in
            let first = try await Connection.over(reading: all[2], writing: all[1], on: loop)
            let second = try await Connection.over(reading: all[0], writing: all[3], on: loop)
            for descriptor in all { #expect(try !SystemCalls.isNonblocking(descriptor.rawValue)) }
            // The owner's ends are closed, so that an end is seen.
            for descriptor in all { try descriptor.close() }
            try await body(first, second)
            first.close()
            second.close()
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `pipes carry bytes both ways at once, and an end`(mechanism: World.Mechanism) async throws {
        try await withPipes(mechanism) { first, second in
            let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 10) }
            @Sendable func collect(_ connection: Connection) async throws -> [UInt8] {
                var all: [UInt8] = []
                while all.count < bytes.count, let more = try await connection.receive() { all += more.array }
                return all
            }
            async let there = collect(second)
            async let back = collect(first)
            async let sentThere: Void = first.send(bytes)
            async let sentBack: Void = second.send(bytes)
            _ = try await (sentThere, sentBack)
            #expect(try await there == bytes)
            #expect(try await back == bytes)
            try await first.shutdownSending()
            #expect(try await second.receive(upTo: 1) == nil)
            try await second.send("last")
            #expect(try await first.receive(upTo: 9) == Array("last".utf8))
        }
    }

    // How a program without standard input has its place filled
    @Test func `a descriptor is not read that was opened to be written`() async throws {
        let null = try FileDescriptor.open("/dev/null", .writeOnly)
        defer { try? null.close() }
        try await withLoop(.epoll) { loop in
            let connection = try await Connection.over(reading: null, writing: null, on: loop)
            #expect(await reason { _ = try await connection.receive(upTo: 1) } == .system(.badFileDescriptor))
            try await connection.send("nowhere")
            connection.close()
        }
    }

    // Laws 3, 4 and 10
    @Test(arguments: World.Mechanism.allCases)
    func `a pipe is busy, closed and broken as every connection is`(mechanism: World.Mechanism) async throws {
        try await withPipes(mechanism) { first, second in
            let waiting = Task { await reason { _ = try await first.receive(upTo: 1) } }
            try await until { try await first.loop.run { !first.loop.watches.isEmpty } }
            #expect(await reason { _ = try await first.receive(upTo: 1) } == .busy)
            first.close()
            first.close()
            #expect(await waiting.value == .closed)
            #expect(await reason { try await first.send("x") } == .closed)
            // A program that another test starts has the pipe's other end too, for the moment until it is a program.
            try await until { await reason { try await second.send("x") } == .broken(.brokenPipe) }
            #expect(try await second.receive(upTo: 1) == nil)
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a read deadline and a cancelled child end a pipe's wait and nothing else`(mechanism: World.Mechanism)
        async throws
    {
        try await withPipes(mechanism) { first, second in
            first.readDeadline = first.loop.timeNow.advanced(by: .milliseconds(10))
            #expect(await reason { _ = try await first.receive(upTo: 1) } == .timedOut)
            first.readDeadline = .never
            let child = Task { await reason { _ = try await first.receive(upTo: 1) } }
            try await until { try await first.loop.run { !first.loop.watches.isEmpty } }
            child.cancel()
            #expect(await child.value == .cancelled)
            try await second.send("x")
            #expect(try await first.receive(upTo: 9) == Array("x".utf8))
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a file is read to its end and written, on every mechanism`(mechanism: World.Mechanism) async throws {
        let temporary = try TemporaryDirectory()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
        try Data(bytes).write(to: URL(filePath: temporary.file("in")))
        let input = try FileDescriptor.open(temporary.file("in"), .readOnly)
        let output = try FileDescriptor.open(
            temporary.file("out"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        try await withLoop(mechanism) { loop in
            let connection = try await Connection.over(reading: input, writing: output, on: loop)
            try await connection.echo()
            connection.close()
        }
        try input.close()
        try output.close()
        #expect(try Data(contentsOf: URL(filePath: temporary.file("out"))) == Data(bytes))
    }

    #if DEBUG
        @Test func `a file that the system has to fetch is read by the pool, and nothing is lost`() async throws {
            let temporary = try TemporaryDirectory()
            let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
            try Data(bytes).write(to: URL(filePath: temporary.file("in")))
            let input = try FileDescriptor.open(temporary.file("in"), .readOnly)
            let cold = FaultPlan.failing(.preadv2, with: .resourceTemporarilyUnavailable)
            try await withLoop { loop in
                try await FaultPlan.$current.withValue(cold) {
                    let connection = try await Connection.over(reading: input, writing: nil, on: loop)
                    var got: [UInt8] = []
                    while let more = try await connection.receive(upTo: 7001) { got += more }
                    #expect(got == bytes)
                    #expect(await reason { try await connection.send("x") } == .unsupported(.badFileDescriptor))
                    connection.close()
                }
            }
            #expect(cold.count(of: .preadv2) >= 3)
            try input.close()
        }
    #endif

    @Test(arguments: World.Mechanism.allCases)
    func `a terminal and a shared descriptor are streams too`(mechanism: World.Mechanism) async throws {
        let (main, side) = try openTerminal()
        let pair = try SocketPair()
        try await withLoop(mechanism) { loop in
            let terminal = try await Connection.over(reading: side, writing: side, on: loop)
            async let line = terminal.receive(upTo: 100)
            try main.writeAll(Array("typed\n".utf8))
            #expect(try await line == Array("typed\n".utf8))
            try await terminal.send("shown")
            #expect(try !SystemCalls.isNonblocking(side.rawValue))
            terminal.close()

            // A socket can't be opened again: asked before each call, never told.
            let shared = pair.first.descriptor
            let stream = try await Connection.over(reading: shared, writing: shared, on: loop)
            async let answer = stream.receive(upTo: 100)
            try pair.second.sendAll(Array("to the stream".utf8))
            #expect(try await answer == Array("to the stream".utf8))
            try await stream.send([UInt8](repeating: 7, count: 5000))
            var got: [UInt8] = []
            while got.count < 5000, let more = try pair.second.receive(upTo: 5000) { got += more }
            #expect(got == [UInt8](repeating: 7, count: 5000))
            #expect(try !SystemCalls.isNonblocking(shared.rawValue))
            stream.close()
        }
        var shown = [UInt8](repeating: 0, count: 100)
        let count = try shown.withUnsafeMutableBytes { try main.read(into: $0) }
        #expect(String(decoding: shown.prefix(count), as: UTF8.self).contains("typed"))
        try main.close()
        try side.close()
    }

    private func openTerminal() throws -> (FileDescriptor, FileDescriptor) {
        var (main, side): (CInt, CInt) = (-1, -1)
        try #require(openpty(&main, &side, nil, nil, nil) == 0)
        return (FileDescriptor(rawValue: main), FileDescriptor(rawValue: side))
    }

    @Test func `the process's own streams can be opened, and closed without a trace`() async throws {
        try await withLoop { loop in
            let errors = try await StandardIO.openError(on: loop)
            #expect(errors.peer == nil && errors.localAddress == nil)
            errors.close()
            #expect(await reason { try await errors.send("x") } == .closed)
        }
        #expect((try? SystemCalls.isInheritable(2)) != nil)
        #expect(
            await reason { _ = try await Connection.over(reading: FileDescriptor(rawValue: -1), writing: nil) }
                == .system(.badFileDescriptor))
    }
}
