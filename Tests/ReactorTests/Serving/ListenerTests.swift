// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct ListenerTests {
    // B-AIO-01: start_server and start_unix_server, from the connection's side
    @Test(arguments: World.Mechanism.allCases)
    func `clients come one after the other until the listener is closed`(mechanism: World.Mechanism) async throws {
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        let listener = try await Listener(on: "127.0.0.2:0", loop: thread.loop)
        let served = Task {
            var count = 0
            for try await connection in listener {
                count += 1
                try await connection.send("\(count)")
                connection.close()
            }
            return count
        }
        for number in 1...3 {
            let said = try await withConnection(to: listener.localAddress) { try await $0.receive(upTo: 10) }
            #expect(said == Array("\(number)".utf8))
        }
        listener.close()
        listener.close()
        #expect(try await served.value == 3)
        #expect(await reason { _ = try await listener.accept() } == .closed)
        #expect(
            await reason { try await withConnection(to: listener.localAddress) { _ in } }
                == .system(.connectionRefused))
    }

    // Laws 1 and 8
    @Test func `an accept that is cancelled loses no client`() async throws {
        let listener = try await Listener(on: "127.0.0.2:0")
        let task = Task { await reason { _ = try await listener.accept() } }
        task.cancel()
        #expect(await task.value == .cancelled)
        let client = try Socket.connecting(to: listener.localAddress)
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await reason { _ = try await listener.accept() }
        }
        // The client is there, and a task that is cancelled does not get it.
        #expect(await cancelled.value == .cancelled)
        let connection = try await listener.accept()
        try await connection.send("x")
        #expect(try client.receive(upTo: 1) == [0x78])
    }

    // Law 3
    @Test func `a second task that accepts is told that the first one is busy`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let listener = try await Listener(on: "127.0.0.2:0", loop: thread.loop)
        // Whichever comes first waits; the other is told.
        try await withThrowingTaskGroup(of: Connection?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do throws(SocketError) { return try await listener.accept() } catch {
                        #expect(error.reason == .busy)
                        return nil
                    }
                }
            }
            let told = try await group.next() ?? nil
            #expect(told == nil)
            let client = try Socket.connecting(to: listener.localAddress)
            let accepted = try await group.next() ?? nil
            #expect(try accepted?.peer == client.localAddress)
        }
    }

    @Test func `a deadline ends the wait for a client`() async throws {
        let listener = try await Listener(on: "127.0.0.2:0")
        let outcome = await reason {
            try await withDeadline(.milliseconds(5)) { _ = try await listener.accept() }
        }
        #expect(outcome == .timedOut)
    }

    #if DEBUG
        // Law 9 is the server's; a listener says it and goes on
        @Test func `without a descriptor accept throws, and the client is there at the next one`() async throws {
            let listener = try await Listener(on: "127.0.0.2:0")
            let client = try Socket.connecting(to: listener.localAddress)
            let plan = FaultPlan.failing(.accept4, with: .tooManyOpenFiles, times: 2)
            let peer = try await FaultPlan.$current.withValue(plan) { () async throws -> SocketAddress? in
                for _ in 0..<2 {
                    #expect(await reason { _ = try await listener.accept() } == .system(.tooManyOpenFiles))
                }
                return try await listener.accept().peer
            }
            #expect(peer == (try client.localAddress))
        }
    #endif

    // MARK: UNIX

    // B-AIO-01: cleanup_socket of Python 3.13
    @Test func `P23: a path is removed when its listener is closed`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let listener = try await Listener(on: "unix:\(path)")
        #expect(FileManager.default.fileExists(atPath: path))
        listener.close()
        try await until { !FileManager.default.fileExists(atPath: path) }
        let server = try await Server(on: "unix:\(path)") { try await $0.echo() }
        let running = Task { try await server.run() }
        #expect(server.addresses == [.unix(try UnixAddress(path: path))])
        try await withConnection(to: "unix:\(path)") { client in
            try await client.send("x")
            #expect(try await client.receive(upTo: 1) == [0x78])
        }
        server.drain()
        try await running.value
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `P23: a path that answers is never stolen, and one that somebody else has made since stays`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let living = try await Listener(on: "unix:\(path)")
        let error = await #expect(throws: SocketError.self) { _ = try await Listener(on: "unix:\(path)") }
        #expect(error?.isAddressInUse == true)
        try await withConnection(to: "unix:\(path)") { _ in }
        try FileManager.default.removeItem(atPath: path)
        let other = try Socket.listening(on: "unix:\(path)")
        living.close()
        #expect(await reason { _ = try await living.accept() } == .closed)
        #expect(FileManager.default.fileExists(atPath: path))
        try await withConnection(to: "unix:\(path)") { _ in }
        _ = try other.accept()
    }

    @Test func `P23: a path that a dead server left is taken over`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        do {
            let dead = try Socket(.unix, .stream)
            try dead.bind(to: .unix(try UnixAddress(path: path)))
        }
        let listener = try await taken(over: path)
        try await withConnection(to: "unix:\(path)") { _ in }
        _ = try await listener.accept()
    }

    /// The children that other tests start share every descriptor until they become a program: the dead is not dead at
    /// once.
    private func taken(over path: String) async throws -> Listener {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            do throws(SocketError) { return try await Listener(on: "unix:\(path)") } catch {
                guard error.isAddressInUse, ContinuousClock.now < deadline else { throw error }
            }
            await Task.yield()
        }
    }

    // B-AIO-01, B-SOCA-03
    @Test func `an abstract name is served like a path`() async throws {
        let name = "unix:@nt-\(UUID().uuidString)"
        let listener = try await Listener(on: name)
        async let accepted = listener.accept()
        try await withConnection(to: name) { try await $0.send("x") }
        #expect(try await accepted.receive(upTo: 1) == [0x78])
    }

    // MARK: Sockets that are there already

    // B-TW-08: adoptStreamPort
    @Test func `a descriptor that was inherited is taken over once`() async throws {
        let made = try Socket.listening(on: "127.0.0.2:0")
        let address = try made.localAddress
        let descriptor = made.detach()
        let server = try await Server(on: "fd:\(descriptor.rawValue)") { try await $0.echo() }
        #expect(server.addresses == [address])
        #expect(await reason { _ = try await Listener(on: "fd:\(descriptor.rawValue)") } == .busy)
        #expect(throws: SocketError.self) { _ = try Socket.listening(on: "fd:\(descriptor.rawValue)") }
        let running = Task { try await server.run() }
        try await withConnection(to: address) { client in
            try await client.send("x")
            #expect(try await client.receive(upTo: 1) == [0x78])
        }
        server.drain()
        try await running.value
        try await untilRefused(at: address)
    }

    @Test func `a descriptor that does not listen is refused and stays what it is`() async throws {
        let bound = try Socket(.ipv4, .stream)
        try bound.bind(to: try SocketAddress("127.0.0.2:0"))
        let number = bound.descriptor.rawValue
        let error = await #expect(throws: SocketError.self) { _ = try await Listener(on: "fd:\(number)") }
        #expect(error?.description == "adopt fd:\(number): it does not listen for streams")
        // Bound, it can be handed over as a value: and it was not closed.
        let address = try bound.localAddress
        let listener = try await Listener(adopting: bound)
        #expect(listener.localAddress == address)
        async let accepted = listener.accept()
        try await withConnection(to: address) { _ in }
        #expect(try await accepted.receive(upTo: 1) == nil)
        #expect(await reason { _ = try await Listener(on: "fd:1048575") } == .system(.badFileDescriptor))
        #expect(await reason { _ = try await Listener(adopting: try Socket(.ipv4, .datagram)) } != nil)
    }

    // B-TW-08: adoptStreamConnection; B-AIO-08: connect_accepted_socket
    @Test func `a connected socket becomes a connection`() async throws {
        let server = try Socket.listening(on: "127.0.0.2:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let connection = try await Connection.adopting(try server.accept())
        #expect(connection.peer == (try client.localAddress))
        try client.sendAll("hello".utf8)
        #expect(try await connection.receive(upTo: 10) == Array("hello".utf8))
        connection.close()
        #expect(try client.receive(upTo: 1) == nil)
        #expect(await reason { _ = try await Connection.adopting(try Socket()) } == .system(.socketNotConnected))
    }

    // MARK: Servers

    // B-AIO-01, B-AIO-08
    @Test func `one server listens at addresses of every kind`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let inherited = try Socket.listening(on: "127.0.0.2:0").detach()
        let server = try await Server(
            on: "127.0.0.2:0", "unix:\(path)", "fd:\(inherited.rawValue)"
        ) { try await $0.echo() }
        let running = Task { try await server.run() }
        #expect(server.addresses.count == 3)
        for address in server.addresses {
            try await withConnection(to: address) { client in
                try await client.send("x")
                #expect(try await client.receive(upTo: 1) == [0x78])
            }
        }
        server.drain()
        try await running.value
    }

    @Test func `if one of several endpoints can't be had none is left`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let busy = try Socket.listening(on: "127.0.0.2:0")
        let text = "\(try busy.localAddress)"
        let error = await #expect(throws: SocketError.self) {
            _ = try await Server(on: "unix:\(path)", text) { _ in }
        }
        #expect(error?.isAddressInUse == true)
        try await until { !FileManager.default.fileExists(atPath: path) }
        #expect(await reason { _ = try await Server(on: "udp://127.0.0.2:0") { _ in } } != nil)
    }

    @Test func `listeners that are there are served on their own loops`() async throws {
        let threads = try [LoopThread(), LoopThread()]
        defer { for thread in threads { thread.stop() } }
        var listeners: [Listener] = []
        for thread in threads { listeners.append(try await Listener(on: "127.0.0.2:0", loop: thread.loop)) }
        let seen = Mutex<[SocketAddress: EventLoop]>([:])
        let server = Server(listeners: listeners) { connection in
            if let address = connection.localAddress { seen.withLock { $0[address] = EventLoop.running } }
        }
        let running = Task { try await server.run() }
        for listener in listeners {
            let end = try await withConnection(to: listener.localAddress) { try await $0.receive(upTo: 1) }
            #expect(end == nil)
            #expect(seen.withLock { $0[listener.localAddress] === listener.loop })
        }
        server.drain()
        try await running.value
    }

    // B-AIO-08: create_server(reuse_port=True)
    @Test func `with a reused port every loop has a listener, and keeps its clients`() async throws {
        let loops = Mutex<Set<ObjectIdentifier>>([])
        let server = try await Server(on: "127.0.0.2:0", reusesPort: true) { connection in
            let running = EventLoop.running
            #expect(running === connection.loop)
            if let running { loops.withLock { _ = $0.insert(ObjectIdentifier(running)) } }
        }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        #expect(server.addresses == [address])
        #expect(server.listenerCount == EventLoopGroup.shared.loops.count)
        // Another process may have the port too; here another server plays it.
        let second = try await Server(on: address, reusesPort: true) { _ in }
        second.drain()
        try await second.run()
        for _ in 0..<100 {
            let end = try await withConnection(to: address) { try await $0.receive(upTo: 1) }
            #expect(end == nil)
        }
        #expect(loops.withLock { $0.count } == EventLoopGroup.shared.loops.count)
        server.drain()
        try await running.value
    }
}
