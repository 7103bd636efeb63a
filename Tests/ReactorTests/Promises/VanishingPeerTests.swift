// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Issue 3, bad input: a peer that goes, or reads no more, in the middle of a file.
@Suite(.blocking) struct VanishingPeerTests {
    /// A file without blocks that no socket's buffers hold.
    private static let length: Int64 = 64 << 20

    /// A connection on a loop of its own, whose peer is a socket of the test's, and a file to send by it.
    private final class Scene: Sendable {
        let thread: LoopThread
        let connection: Connection
        let peer: SharedSocket
        let file: FileDescriptor
        let path: String
        private let directory: TemporaryDirectory

        init(_ carrier: Carrier) async throws {
            thread = try LoopThread()
            directory = try TemporaryDirectory()
            let listener = try await Listener(
                on: carrier == .tcp ? "127.0.0.2:0" : "unix:\(directory.file("s"))", loop: thread.loop)
            var socket = try Socket.connecting(to: listener.localAddress, within: .seconds(20))
            try socket.setTimeLimit(.seconds(20))
            peer = SharedSocket(socket)
            connection = try await listener.accept()
            listener.close()
            path = directory.file("f")
            file = try FileDescriptor.open(path, .readWrite, options: .create, permissions: .ownerReadWrite)
            try resize(to: VanishingPeerTests.length)
        }

        func resize(to length: Int64) throws { try file.resize(to: length) }

        /// Starts to send the file.
        func startSending(_ count: Int64? = nil) -> Task<Result<Int64, SocketError>, Never> {
            Task { [connection, file] () -> Result<Int64, SocketError> in
                do throws(SocketError) { return .success(try await connection.sendFile(file, count: count)) } catch {
                    return .failure(error)
                }
            }
        }

        /// Starts to send the file, and returns when the peer's room is full.
        func sending(_ count: Int64? = nil) async throws -> Task<Result<Int64, SocketError>, Never> {
            let sending = startSending(count)
            try await until { [connection] in try await connection.isSending }
            return sending
        }

        /// Reads everything up to the end of the stream; how many bytes it was, and the last few.
        func readAll() throws -> (count: Int64, last: [UInt8]) {
            var (count, last): (Int64, [UInt8]) = (0, [])
            while let piece = try peer.socket.receive(upTo: 1 << 20) {
                count += Int64(piece.count)
                last = Array((last + piece.suffix(4)).suffix(4))
            }
            return (count, last)
        }

        /// Closes the connection, and sees that nothing of it is left.
        func end() async throws {
            connection.close()
            try await until { [thread] in
                try await thread.loop.run { () throws(SocketError) in
                    thread.loop.statistics.connections == 0 && thread.loop.timers.count == 0
                }
            }
            // The caller's own descriptor, and no other of this file.
            let (files, own) = (FileManager.default, "/proc/self/fd")
            let open = try files.contentsOfDirectory(atPath: own).filter { name in
                (try? files.destinationOfSymbolicLink(atPath: "\(own)/\(name)")) == path
            }
            #expect(open == ["\(file.rawValue)"])
            try file.close()
            thread.stop()
        }
    }

    // A file descriptor that was lent is the caller's, whatever happens; nothing waits on
    @Test(arguments: [Carrier.tcp, .unix], ["close", "reset", "kill"])
    func `a peer that goes in the middle of a file breaks the connection, for good`(
        carrier: Carrier, way: String
    ) async throws {
        let program = """
            import socket, struct, sys
            way, family, address = sys.argv[1:4]
            if family == "tcp":
                host, port = address.rsplit(":", 1)
                peer = socket.create_connection((host, int(port)))
            else:
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(address)
            peer.recv(1000)
            print("there", flush=True)
            sys.stdin.readline()
            if way == "reset": peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if way != "kill": peer.close()
            sys.stdin.read()
            """
        try await withLoop(.epoll) { loop in
            let directory = try TemporaryDirectory()
            let path = directory.file("s")
            let listener = try await Listener(on: carrier == .tcp ? "127.0.0.2:0" : "unix:\(path)", loop: loop)
            let address = carrier == .tcp ? "\(listener.localAddress)" : path
            let peer = try ForeignProgram(
                Python.executable, ["-c", program, way, carrier == .tcp ? "tcp" : "unix", address])
            let connection = try await listener.accept()
            let file = try FileDescriptor.open(
                directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
            defer { try? file.close() }
            try file.resize(to: Self.length)
            let sending = Task { await failure { try await connection.sendFile(file) } }
            try await until { try await connection.isSending }
            try peer.line(containing: "there")
            if way == "kill" { peer.kill() } else { try peer.write("\n") }
            let error = try #require(await sending.value)
            guard case .broken = error.reason else {
                Issue.record("\(error)")
                return
            }
            #expect(error.operation == .sendFile || error.operation == .send)
            // Who it was is told where it has a name.
            if carrier == .tcp { #expect("\(error)".contains("\(try #require(connection.peer))"), "\(error)") }
            for _ in 0..<2 {
                let again = try #require(await failure { try await connection.sendFile(file) })
                guard case .broken = again.reason else {
                    Issue.record("\(again)")
                    return
                }
            }
            connection.close()
            listener.close()
            try await until { try await loop.run { () throws(SocketError) in loop.statistics.connections } == 0 }
        }
    }

    @Test(arguments: [Carrier.tcp, .unix], [true, false])
    func `a file to a peer that never reads ends at its deadline, or when it is cancelled`(
        carrier: Carrier, isCancelled: Bool
    ) async throws {
        let scene = try await Scene(carrier)
        let start = ContinuousClock.now
        if !isCancelled { scene.connection.writeDeadline = scene.thread.loop.timeNow.advanced(by: .milliseconds(200)) }
        let sending = isCancelled ? try await scene.sending() : scene.startSending()
        if isCancelled { sending.cancel() }
        let outcome = await sending.value
        #expect(ContinuousClock.now - start < .seconds(60))
        guard case .failure(let error) = outcome else {
            Issue.record("it was all sent")
            return
        }
        #expect(error.reason == (isCancelled ? .cancelled : .timedOut))
        // What was sent stays sent, in front of what is sent then.
        scene.connection.writeDeadline = .never
        let reader = BlockingThread { try scene.readAll() }
        try await scene.connection.send("end!")
        try await scene.connection.shutdownSending()
        let (count, last) = try reader.join()
        #expect(count > 4 && count < Self.length)
        #expect(last == Array("end!".utf8))
        try await scene.end()
    }

    // It ends with the file, wherever that is by then
    @Test(arguments: [(nil, 40 << 20), (nil, 80 << 20), (nil, 0), (72 << 20, 80 << 20), (48 << 20, 80 << 20)])
    func `a file that changes its length while it is sent is sent to its end`(
        count: Int64?, newLength: Int64
    ) async throws {
        let scene = try await Scene(.tcp)
        let sending = try await scene.sending(count)
        try scene.resize(to: newLength)
        let reader = BlockingThread { try scene.readAll() }
        let sent = try await sending.value.get()
        try await scene.connection.shutdownSending()
        #expect(try reader.join().count == sent)
        // Of what is cut off some may have gone before.
        if newLength > 0 { #expect(sent == min(count ?? .max, newLength)) } else { #expect(sent < Self.length) }
        try await scene.end()
    }

    #if DEBUG
        // Issue 3: nobody else waits while a peer takes a file as fast as the system has it
        @Test func `a file goes out in pieces, between which others have their turn`() async throws {
            let scene = try await Scene(.tcp)
            let plan = FaultPlan { _, _ in nil }
            let reader = BlockingThread { try scene.readAll() }
            let sent = try await FaultPlan.$current.withValue(plan) { try await scene.connection.sendFile(scene.file) }
            try await scene.connection.shutdownSending()
            #expect(sent == Self.length)
            #expect(try reader.join().count == sent)
            // At most a mebibyte at a time.
            #expect(plan.count(of: .sendfile) >= Int(Self.length >> 20))
            try await scene.end()
        }
    #endif

    // Law 5 and B-AIO-10: what is no regular file has to be waited for, and not by the loop
    @Test func `a pipe that has nothing yet holds nobody but its sender`() async throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        let scene = try await Scene(.tcp)
        let (connection, loop) = (scene.connection, scene.thread.loop)
        let cancelled = Task { await reason { try await connection.sendFile(pipe.readEnd) } }
        try await until { try await loop.run { () throws(SocketError) in !loop.watches.isEmpty } }
        cancelled.cancel()
        #expect(await cancelled.value == .cancelled)
        connection.writeDeadline = loop.timeNow.advanced(by: .milliseconds(20))
        #expect(await reason { try await connection.sendFile(pipe.readEnd) } == .timedOut)
        connection.writeDeadline = .never
        async let sent = connection.sendFile(pipe.readEnd)
        try await until { try await loop.run { () throws(SocketError) in !loop.watches.isEmpty } }
        // The loop goes on meanwhile.
        try await loop.sleep(for: .milliseconds(1))
        for word in ["from ", "a ", "pipe"] { _ = try pipe.writeEnd.writeAll(Array(word.utf8)) }
        try pipe.writeEnd.close()
        #expect(try await sent == 11)
        try await connection.shutdownSending()
        #expect(try scene.readAll().last == Array("pipe".utf8))
        try await scene.end()
    }
}

/// The error that a body ends with; nil for none.
private func failure(_ body: () async throws -> Void) async -> SocketError? {
    do {
        try await body()
        return nil
    } catch { return error as? SocketError }
}
