// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

// B-AIO-11: add_reader, add_writer; B-AIO-10: sock_recv, sock_sendall, sock_accept, sock_connect
// One at a time: with the tests beside these the descriptors must stay below select's 1,024.
@Suite(.serialized, .blocking) struct DescriptorTests {
    private func pipe() throws -> (reading: FileDescriptor, writing: FileDescriptor) {
        let (reading, writing) = try PipeEnds().detach()
        return (FileDescriptor(rawValue: reading), FileDescriptor(rawValue: writing))
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a task waits until a descriptor is readable, again and again`(mechanism: World.Mechanism) async throws {
        let (reading, writing) = try pipe()
        try await withLoop(mechanism) { loop in
            async let waited: Void = loop.waitUntilReadable(reading)
            try await until { try await loop.run { loop.watches[reading.rawValue] != nil } }
            try writing.writeAll([1, 2])
            try await waited
            // Nobody has read: it is readable still, whatever the mechanism remembers.
            try await loop.waitUntilReadable(reading)
            try await loop.waitUntilWritable(writing)
            try writing.close()
            try await loop.waitUntilReadable(reading)
            #expect(try await loop.run { loop.watches.isEmpty })
        }
        try reading.close()
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a wait ends by deadline, cancellation, and when its descriptor is given up`(mechanism: World.Mechanism)
        async throws
    {
        let (reading, writing) = try pipe()
        try await withLoop(mechanism) { loop in
            let start = ContinuousClock.now
            #expect(
                await reason {
                    try await withDeadline(.milliseconds(20)) { try await loop.waitUntilReadable(reading) }
                } == .timedOut)
            let limit = loop.timeNow.advanced(by: .milliseconds(20))
            #expect(await reason { try await loop.waitUntilReadable(reading, until: limit) } == .timedOut)
            #expect(ContinuousClock.now - start >= .milliseconds(38))

            let cancelled = Task { await reason { try await loop.waitUntilReadable(reading) } }
            try await until { try await loop.run { loop.watches[reading.rawValue] != nil } }
            #expect(await reason { try await loop.waitUntilReadable(reading) } == .busy)
            cancelled.cancel()
            #expect(await cancelled.value == .cancelled)

            let closed = Task { await reason { try await loop.waitUntilReadable(reading) } }
            try await until { try await loop.run { loop.watches[reading.rawValue] != nil } }
            loop.stopWatching(reading)
            #expect(await closed.value == .closed)
            #expect(try await loop.run { loop.watches.isEmpty })
        }
        try reading.close()
        try writing.close()
    }

    @Test(arguments: World.Mechanism.allCases)
    func `both directions of a descriptor are waited for at once`(mechanism: World.Mechanism) async throws {
        let pair = try SocketPair()
        let descriptor = pair.first.descriptor
        try await withLoop(mechanism) { loop in
            let reader = Task { try await loop.waitUntilReadable(descriptor) }
            try await until { try await loop.run { loop.watches[descriptor.rawValue]?.has(.readable) ?? false } }
            try await loop.waitUntilWritable(descriptor)
            try await loop.waitUntilWritable(descriptor)
            #expect(try await loop.run { loop.watches[descriptor.rawValue]?.has(.readable) ?? false })
            reader.cancel()
            _ = await reader.result
        }
        _ = pair.second.descriptor
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a callback is called once a turn for as long as there is something, until it is cancelled`(
        mechanism: World.Mechanism
    ) async throws {
        let (reading, writing) = try pipe()
        let calls = Atomic(0)
        try await withLoop(mechanism) { loop in
            let callback = try await loop.whenReadable(reading) {
                #expect(loop.isCurrent)
                calls.add(1, ordering: .relaxed)
            }
            #expect(await reason { try await loop.waitUntilReadable(reading) } == .busy)
            #expect(calls.load(ordering: .relaxed) == 0)
            try writing.writeAll([1])
            try await until { calls.load(ordering: .relaxed) >= 5 }
            callback.cancel()
            callback.cancel()
            #expect(try await loop.run { loop.watches.isEmpty })
            let last = calls.load(ordering: .relaxed)
            try await loop.sleep(for: .milliseconds(5))
            #expect(calls.load(ordering: .relaxed) == last)
            let writer = try await loop.whenWritable(writing) { calls.store(0, ordering: .relaxed) }
            try await until { calls.load(ordering: .relaxed) == 0 }
            writer.cancel()
        }
        try reading.close()
        try writing.close()
    }

    @Test func `what a mechanism can't watch is told`() async throws {
        let temporary = try TemporaryDirectory()
        let file = try FileDescriptor.open(
            temporary.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        try await withLoop(.epoll) { loop in
            guard case .invalid = await reason({ try await loop.waitUntilReadable(file) }) else {
                Issue.record("epoll watches a regular file")
                return
            }
            let isForgotten = try await loop.run { loop.watches.isEmpty }
            #expect(isForgotten)
            #expect(await reason { try await loop.waitUntilReadable(FileDescriptor(rawValue: -1)) } != nil)
        }
        try await withLoop(.poll) { loop in try await loop.waitUntilReadable(file) }
        try file.close()
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a socket of one's own is served on a loop`(mechanism: World.Mechanism) async throws {
        var listener = try Socket.listening(on: "127.0.0.2:0")
        try listener.setTimeLimit(.zero)
        let address = try listener.localAddress
        let shared = SharedSocket(listener)
        try await withLoop(mechanism) { loop in
            let served = Task {
                let client = try await loop.accept(from: shared.socket)
                while let bytes = try await loop.receive(upTo: 1000, from: client) {
                    try await loop.send(bytes, to: client)
                }
            }
            var socket = try Socket()
            try await loop.connect(&socket, to: address)
            let sent = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0) }
            let client = SharedSocket(socket)
            async let sending: Void = loop.send(sent, to: client.socket)
            var got: [UInt8] = []
            while got.count < sent.count, let more = try await loop.receive(upTo: 70_000, from: client.socket) {
                got += more
            }
            try await sending
            #expect(got == sent)
            try client.socket.shutdown(.sending)
            #expect(try await loop.receive(upTo: 1, from: client.socket) == nil)
            try await served.value
        }
    }

    @Test func `a refused connection is told to the socket's owner`() async throws {
        let closed = try Socket.listening(on: "127.0.0.2:0").localAddress
        try await withLoop { loop in
            var socket = try Socket()
            do {
                try await loop.connect(&socket, to: closed)
                Issue.record("it connected")
            } catch {
                #expect((error as? SocketError)?.isConnectionRefused == true)
            }
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a callback that another one cancels in the same turn is not called`(mechanism: World.Mechanism) async throws {
        let pair = try SocketPair()
        _ = try pair.first.send([1])
        let descriptor = pair.second.descriptor
        try await withLoop(mechanism) { loop in
            let writable = Mutex<DescriptorCallback?>(nil)
            let calls = Atomic(0)
            try await loop.run { () throws(SocketError) in
                let writer = DescriptorCallback(
                    { calls.add(1, ordering: .relaxed) }, for: .writable, descriptor, on: loop)
                let reader = DescriptorCallback(
                    { writable.withLock { $0 }?.cancel() }, for: .readable, descriptor, on: loop)
                writable.withLock { $0 = writer }
                try loop.listen(to: descriptor, for: .readable, .callback(reader))
                try loop.listen(to: descriptor, for: .writable, .callback(writer))
            }
            try await loop.sleep(for: .milliseconds(5))
            loop.stopWatching(descriptor)
            try await loop.run {}
            #expect(calls.load(ordering: .relaxed) == 0)
        }
    }
}
