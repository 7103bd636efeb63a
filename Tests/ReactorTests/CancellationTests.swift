// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing
import Wire

/// Law 1 over the system's own streams: whatever waits ends at once when its task is cancelled, and says what state
/// remains: nothing that came is lost, and the connection goes on.
@Suite(.blocking) struct CancellationTests {
    /// Every way to wait for bytes.
    enum Reading: CaseIterable, Sendable {
        case receive, receiveInto, receiveUpTo, readExactly, readUntil, line, frame, descriptors, echo

        /// Whether it takes a part of what it waits for, and has to give it back.
        var collects: Bool { [.readExactly, .readUntil, .line, .frame].contains(self) }

        func read(_ connection: Connection) async throws {
            switch self {
            case .receive: _ = try await connection.receive()
            case .receiveInto:
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
                defer { memory.deallocate() }
                var output = OutputRawSpan(buffer: memory, initializedCount: 0)
                _ = try await connection.receive(into: &output)
            case .receiveUpTo: _ = try await connection.receive(upTo: 10)
            case .readExactly: _ = try await connection.read(exactly: 100)
            case .readUntil: _ = try await connection.read(until: [0x0A])
            case .line: _ = try await connection.lines.next()
            case .frame: _ = try await connection.frames(LengthFramer(.bits32)).next()
            case .descriptors: _ = try await connection.receiveDescriptors(upTo: 1)
            case .echo: try await connection.echo()
            }
        }
    }

    /// Every way to wait for room.
    enum Sending: CaseIterable, Sendable {
        case send, sendTwo, sendSome, sendFile, sendFrame, sendDescriptors

        private static let much = [UInt8](repeating: 0x78, count: 1 << 20)

        func send(_ connection: Connection, _ file: FileDescriptor) async throws {
            // Until there is no more room.
            while true {
                switch self {
                case .send: try await connection.send(Self.much)
                case .sendTwo: try await connection.send(Self.much.span.bytes, Self.much.span.bytes)
                case .sendSome: _ = try await connection.sendSome(Self.much.span.bytes)
                case .sendFile: try await connection.sendFile(file)
                case .sendFrame: try await connection.frames(LengthFramer(.bits32, limit: 2 << 20)).send(Self.much)
                case .sendDescriptors: try await connection.send(descriptors: [file], with: Self.much)
                }
            }
        }
    }

    private func reasonOfAny(_ body: () async throws -> Void) async -> SocketError.Reason? {
        do { try await body() } catch {
            return (error as? SocketError)?.reason ?? (error as? FrameError)?.connectionError?.reason
        }
        return nil
    }

    /// Reads to the end of the stream; what stands there.
    private func lastBytes(of connection: Connection) async throws -> [UInt8] {
        var last: [UInt8] = []
        while let piece = try await connection.receive() { last = Array((last + piece.array.suffix(4)).suffix(4)) }
        return last
    }

    /// Nothing of the test is left on its loop.
    private func expectNothing(on loop: EventLoop) async throws {
        try await until {
            try await loop.run { () throws(SocketError) in
                loop.statistics.connections == 0 && loop.timers.count == 0 && loop.watches.isEmpty
            }
        }
    }

    /// Both ends on a loop of their own, of which nothing is left at the end.
    private func withEnds(
        _ carrier: Carrier, _ body: @escaping @Sendable (Connection, Connection) async throws -> Void
    ) async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let loop = thread.loop
        let directory = try TemporaryDirectory()
        let listener = try await Listener(
            on: carrier == .tcp ? "127.0.0.2:0" : "unix:\(directory.file("s"))", loop: loop)
        let first = try await Connector().connect(to: listener.localAddress, on: loop)
        let second = try await listener.accept()
        try await body(first, second)
        for end in [first, second] { end.close() }
        listener.close()
        try await expectNothing(on: loop)
    }

    @Test(arguments: [Carrier.tcp, .unix], Reading.allCases)
    func `a read that is cancelled ends at once, and nothing that came is lost`(
        carrier: Carrier, reading: Reading
    ) async throws {
        if reading == .descriptors && carrier == .tcp { return }
        try await withEnds(carrier) { first, second in
            for round in 0..<3 {
                first.readDeadline = first.loop.timeNow.advanced(by: .seconds(120))
                let task = Task { await reasonOfAny { try await reading.read(first) } }
                if reading.collects && round == 0 { try await second.send([0, 0, 0, 5]) }
                try await until { try await first.isReceiving }
                if reading.collects {
                    try await until {
                        try await first.loop.run { () throws(SocketError) in first.unread.bytes.count } == 4
                    }
                }
                let start = ContinuousClock.now
                task.cancel()
                #expect(await task.value == .cancelled)
                #expect(ContinuousClock.now - start < .seconds(50))
            }
            try await second.send("there\n")
            let wanted: [UInt8] = (reading.collects ? [0, 0, 0, 5] : []) + Array("there\n".utf8)
            #expect(try await first.read(exactly: wanted.count) == wanted)
            try await first.send("and back")
            #expect(try await second.read(exactly: 8) == Array("and back".utf8))
        }
    }

    @Test(arguments: [Carrier.tcp, .unix], Sending.allCases)
    func `a send that is cancelled ends at once, and the connection goes on`(
        carrier: Carrier, sending: Sending
    ) async throws {
        if sending == .sendDescriptors && carrier == .tcp { return }
        let directory = try TemporaryDirectory()
        let file = try FileDescriptor.open(
            directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        defer { try? file.close() }
        try file.resize(to: 1 << 20)
        try await withEnds(carrier) { first, second in
            first.writeDeadline = first.loop.timeNow.advanced(by: .seconds(120))
            let task = Task { await reasonOfAny { try await sending.send(first, file) } }
            // With the other end's room full too it stays so.
            try await until { try await first.isSending }
            let start = ContinuousClock.now
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(50))
            // The other direction is as it was, and so is this one, behind what had been sent.
            try await second.send("back")
            #expect(try await first.read(exactly: 4) == Array("back".utf8))
            first.writeDeadline = .never
            async let last = lastBytes(of: second)
            try await first.send("end!")
            try await first.shutdownSending()
            #expect(try await last == Array("end!".utf8))
        }
    }

    @Test(arguments: [Carrier.tcp, .unix])
    func `a graceful close that is cancelled has closed the connection`(carrier: Carrier) async throws {
        try await withEnds(carrier) { first, second in
            let task = Task { await reason { try await first.close(within: .seconds(60)) } }
            try await until { try await first.isReceiving }
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(await reason { try await first.send("x") } == .closed)
            #expect(try await second.receive(upTo: 1) == nil)
        }
    }

    /// A listener that takes no more clients, and those who fill its queue.
    private func fullListener(
        _ carrier: Carrier, in directory: TemporaryDirectory
    ) throws -> (SharedSocket, [SharedSocket]) {
        let listener = try Socket.listening(
            on: carrier == .tcp ? "127.0.0.2:0" : "unix:\(directory.file("full"))", backlog: 0)
        let address = try listener.localAddress
        var waiting: [SharedSocket] = []
        for _ in 0..<3 {
            var client = try Socket(address.family, .stream)
            if (try? client.connectNow(to: address)) != nil { waiting.append(SharedSocket(client)) }
        }
        return (SharedSocket(listener), waiting)
    }

    // The system waits for room in a queue by asking again, and for a UNIX one the engine does
    @Test(arguments: [Carrier.tcp, .unix], [true, false])
    func `connecting to a full queue is cancelled, or ends in time, and says what it was`(
        carrier: Carrier, isCancelled: Bool
    ) async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let loop = thread.loop
        let directory = try TemporaryDirectory()
        let (listener, waiting) = try fullListener(carrier, in: directory)
        let address = try listener.socket.localAddress
        let connector = Connector(timeout: isCancelled ? .seconds(60) : .milliseconds(50))
        let task = Task { () -> SocketError? in
            do throws(SocketError) { try await connector.connect(to: address, on: loop).close() } catch { return error }
            return nil
        }
        if isCancelled {
            // It has a timer while it waits, of whichever kind.
            try await until { try await loop.run { () throws(SocketError) in loop.timers.count > 0 } }
            task.cancel()
        }
        let error = try #require(await task.value)
        #expect(error.reason == (isCancelled ? .cancelled : .timedOut))
        #expect("\(error)".hasPrefix("connect \(address): "), "\(error)")
        try await expectNothing(on: loop)
        withExtendedLifetime(waiting) {}
    }

    @Test func `a connect within a deadline of its task's says what did not come`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let directory = try TemporaryDirectory()
        let (listener, waiting) = try fullListener(.unix, in: directory)
        let address = try listener.socket.localAddress
        do {
            try await withDeadline(.milliseconds(40)) {
                try await Connector().connect(to: address, on: thread.loop).close()
            }
            Issue.record("there was room")
        } catch {
            #expect("\(error)" == "connect \(address): timed out")
        }
        withExtendedLifetime(waiting) {}
    }

    // Law 10: EAGAIN is for nobody to see. B-AIO-10: sock_connect
    @Test func `a socket of one's own waits for room in a full queue, and can be cancelled there`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let loop = thread.loop
        let directory = try TemporaryDirectory()
        let (listener, waiting) = try fullListener(.unix, in: directory)
        let address = try listener.socket.localAddress
        let attempt = { @Sendable () async -> SocketError? in
            do throws(SocketError) {
                var socket = try Socket(.unix, .stream)
                try await loop.connect(&socket, to: address)
            } catch { return error }
            return nil
        }
        let cancelled = Task { await attempt() }
        try await until { try await loop.run { () throws(SocketError) in loop.timers.count > 0 } }
        cancelled.cancel()
        #expect(await cancelled.value?.description == "connect \(address): cancelled")
        #expect(
            await withDeadline(.milliseconds(30)) { await attempt() }?.description == "connect \(address): timed out")
        let patient = Task { await attempt() }
        try await until { try await loop.run { () throws(SocketError) in loop.timers.count > 0 } }
        for _ in waiting { _ = try listener.socket.accept() }
        #expect(await patient.value == nil)
        try await expectNothing(on: loop)
    }

    // Law 1, law 2: the hard stop in the middle of the graceful one
    @Test(arguments: [Carrier.tcp, .unix])
    func `a drain that is cancelled ends who sends, who receives and who closes`(carrier: Carrier) async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let directory = try TemporaryDirectory()
        let server = try await Server(
            on: carrier == .tcp ? "127.0.0.2:0" : "unix:\(directory.file("s"))", loop: thread.loop
        ) { connection in
            switch try await connection.read(exactly: 1) {
            case [0x73]: while true { try await connection.send([UInt8](repeating: 0, count: 1 << 20)) }
            case [0x72]: while try await connection.receive() != nil {}
            default: try await connection.close(within: .seconds(60))
            }
        }
        let address = try #require(server.addresses.first)
        let running = Task { await reason { try await server.run() } }
        let clients = try "src".utf8.map { word in
            let client = SharedSocket(try Socket.connecting(to: address, within: .seconds(20)))
            try client.socket.sendAll([word])
            return client
        }
        try await until { server.connectionCount == 3 }
        server.drain(within: .seconds(60))
        running.cancel()
        #expect(await running.value == .cancelled)
        #expect(server.connectionCount == 0)
        try await until {
            try await thread.loop.run { () throws(SocketError) in thread.loop.statistics.connections } == 0
        }
        withExtendedLifetime(clients) {}
    }
}
