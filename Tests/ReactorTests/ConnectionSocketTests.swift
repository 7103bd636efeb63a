// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// What a connection can do because a socket of the system's carries it.
@Suite(.blocking) struct ConnectionSocketTests {
    // B-AIO-10: sendfile
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `a file is sent as a whole, in part, and up to its end`(
        carrier: Carrier, ground: Ground
    ) async throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 9) }
        let file = try FileDescriptor.open(
            directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(bytes) }
        let source = try FileDescriptor.open(directory.file("f"), .readOnly)
        defer { try? source.close() }
        try await carrier.withEnds(ground) { first, second in
            async let there = collect(second)
            #expect(try await first.sendFile(source) == Int64(bytes.count))
            #expect(try await first.sendFile(source, from: 5, count: 10) == 10)
            #expect(try await first.sendFile(source, from: Int64(bytes.count) - 3, count: 100) == 3)
            #expect(try await first.sendFile(source, from: Int64(bytes.count) + 7) == 0)
            try await first.shutdownSending()
            #expect(try await there == bytes + bytes[5..<15] + bytes.suffix(3))
            guard case .invalid = await reason({ _ = try await first.sendFile(source, from: -1) }) else {
                Issue.record("a negative offset was taken")
                return
            }
        }
    }

    @Test func `what the kernel can't send goes through memory`() async throws {
        let pipe = try FileDescriptor.pipe()
        try pipe.writeEnd.closeAfter { _ = try pipe.writeEnd.writeAll(Array("from a pipe".utf8)) }
        defer { try? pipe.readEnd.close() }
        try await Carrier.tcp.withEnds { first, second in
            async let there = collect(second)
            _ = try await first.sendFile(pipe.readEnd)
            try await first.shutdownSending()
            #expect(try await there == Array("from a pipe".utf8))
        }
    }

    @Test func `a file that is sent to a peer that is gone raises no signal`() async throws {
        let directory = try TemporaryDirectory()
        let file = try FileDescriptor.open(
            directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        defer { try? file.close() }
        try file.writeAll([UInt8](repeating: 1, count: 4 << 20))
        try await Carrier.tcp.withEnds { first, second in
            second.abort()
            let outcome = await reason { while true { _ = try await first.sendFile(file) } }
            guard case .broken = outcome else {
                Issue.record("\(String(describing: outcome))")
                return
            }
        }
    }

    // P23: descriptors
    @Test(arguments: [1, 253])
    func `descriptors cross a UNIX connection and belong to who takes them`(count: Int) async throws {
        let pipe = try FileDescriptor.pipe()
        try await Carrier.unix.withEnds { first, second in
            try await first.send(descriptors: Array(repeating: pipe.writeEnd, count: count), with: Array("take".utf8))
            guard var message = try await second.receiveDescriptors(upTo: count) else {
                Issue.record("the end came")
                return
            }
            #expect(message.bytes == Array("take".utf8))
            let taken = message.takeDescriptors()
            #expect(taken.count == count)
            try pipe.writeEnd.close()
            for (index, descriptor) in taken.enumerated() {
                _ = try descriptor.writeAll([UInt8(truncatingIfNeeded: index)])
                try descriptor.close()
            }
            // The end of the pipe: no copy of the descriptor is left anywhere.
            var all = [UInt8](repeating: 0, count: 1000)
            #expect(try all.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) } == count)
            #expect(try all.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) } == 0)
            try pipe.readEnd.close()
        }
    }

    @Test func `more descriptors than wanted are an error, and all of them are closed`() async throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        try await Carrier.unix.withEnds { first, second in
            try await first.send(descriptors: [pipe.writeEnd, pipe.writeEnd, pipe.writeEnd])
            try pipe.writeEnd.close()
            #expect(await reason { _ = try await second.receiveDescriptors(upTo: 1) } == .ancillaryTruncated)
            var byte: [UInt8] = [0]
            #expect(try byte.withUnsafeMutableBytes { try pipe.readEnd.read(into: $0) } == 0)
        }
    }

    @Test func `descriptors that wait to be received wake with them`() async throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        defer { try? pipe.writeEnd.close() }
        try await Carrier.unix.withEnds { first, second in
            async let count = second.receiveDescriptors(upTo: 4)?.descriptorCount
            try await until { try await second.isReceiving }
            try await first.send(descriptors: [pipe.readEnd, pipe.writeEnd])
            #expect(try await count == 2)
        }
    }

    @Test(arguments: [Carrier.tcp, .unix])
    func `options are read and changed`(carrier: Carrier) async throws {
        try await carrier.withEnds { first, _ in
            try await first.set(.keepAlive, to: true)
            #expect(try await first.option(.keepAlive))
            if carrier == .tcp { #expect(try await first.option(.noDelay)) }
            first.close()
            #expect(await reason { _ = try await first.option(.keepAlive) } == .closed)
        }
    }

    @Test(arguments: Carrier.allCases)
    func `two pieces arrive as one, however large`(carrier: Carrier) async throws {
        let (nothing, head) = ([UInt8](), Array("head: ".utf8))
        let body = (0..<2 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await carrier.withEnds { first, second in
            async let there = collect(second)
            try await first.send(head.span.bytes, body.span.bytes)
            try await first.send(nothing.span.bytes, head.span.bytes)
            try await first.send(head.span.bytes, nothing.span.bytes)
            try await first.send([Array("a".utf8), [], Array("bc".utf8)])
            try await first.send([[UInt8]]())
            try await first.shutdownSending()
            #expect(try await there == head + body + head + head + Array("abc".utf8))
        }
    }

    @Test(arguments: Carrier.allCases)
    func `two pieces sent from outside of the loop arrive as one`(carrier: Carrier) async throws {
        try await carrier.withEnds { first, second in
            try await Task.detached {
                let (head, body) = ([UInt8]("one ".utf8), [UInt8]("two".utf8))
                try await first.send(head.span.bytes, body.span.bytes)
            }.value
            var got: [UInt8] = []
            while got.count < 7, let more = try await second.receive(upTo: 100) { got += more }
            #expect(got == Array("one two".utf8))
        }
    }

    // A graceful close
    @Test(arguments: Carrier.allCases)
    func `a graceful close waits for the peer's end and drops what it still says`(carrier: Carrier) async throws {
        try await carrier.withEnds { first, second in
            async let closed: Void = first.close(within: .seconds(60))
            #expect(try await second.receive(upTo: 10) == nil)
            try await second.send("too late")
            try await second.shutdownSending()
            try await closed
            #expect(await reason { try await first.send("x") } == .closed)
        }
    }

    @Test func `a graceful close says how much a peer that never reads has not taken`() async throws {
        try await Carrier.tcp.withEnds { first, _ in
            first.writeDeadline = first.loop.timeNow.advanced(by: .milliseconds(30))
            _ = await reason { try await first.send([UInt8](repeating: 0, count: 64 << 20)) }
            do throws(SocketError) {
                try await first.close(within: .milliseconds(20))
                Issue.record("it closed")
            } catch {
                #expect(error.reason == .timedOut)
                #expect("\(error)".contains("bytes were not acknowledged"), "\(error)")
            }
        }
    }

    @Test func `a graceful close gives up on a peer that goes on talking`() async throws {
        try await Carrier.pair.withEnds { first, second in
            async let flood = reason { while true { try await second.send([UInt8](repeating: 0, count: 65_536)) } }
            guard case .invalid = await reason({ try await first.close(within: .seconds(60)) }) else {
                Issue.record("it went on reading")
                return
            }
            guard case .broken = await flood else {
                Issue.record("the peer was not told")
                return
            }
        }
    }

    // P12, idle deadline
    @Test(arguments: Carrier.allCases)
    func `a peer that is silent for too long ends the wait, one that speaks does not`(carrier: Carrier) async throws {
        try await carrier.withEnds { first, second in
            first.idleLimit = .milliseconds(200)
            #expect(first.idleLimit == .milliseconds(200))
            let start = ContinuousClock.now
            for _ in 0..<4 {
                try await second.loop.sleep(for: .milliseconds(70))
                try await second.send("x")
                #expect(try await first.receive(upTo: 1) == [0x78])
            }
            #expect(ContinuousClock.now - start > .milliseconds(200))
            #expect(await reason { _ = try await first.receive(upTo: 1) } == .timedOut)
            first.idleLimit = nil
            try await second.send("y")
            #expect(try await first.receive(upTo: 1) == [0x79])
        }
    }
}

private func collect(_ connection: Connection) async throws -> [UInt8] {
    var all: [UInt8] = []
    while let received = try await connection.receive() { all += received.array }
    return all
}
