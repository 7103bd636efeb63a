// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct TransferTests {
    // A-050, A-052, A2-08, B-SOCK-14
    @Test func `send says how much went, and the rest can be sent from there`() throws {
        var pair = try SocketPair()
        try pair.first.set(.sendBuffer, to: 4096)
        try pair.first.setTimeLimit(.zero)
        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        let count = try pair.first.send(bytes)
        #expect(count > 0 && count < bytes.count)
        var received = 0
        var sent = count
        while sent < bytes.count {
            received += try pair.second.receive(upTo: 1 << 20)?.count ?? 0
            sent += try pair.first.send(bytes[sent...])
        }
        while received < bytes.count { received += try pair.second.receive(upTo: 1 << 20)?.count ?? 0 }
        #expect(received == bytes.count)
    }

    // A-051
    @Test func `sendAll sends eight mebibytes through a slow reader`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = SharedSocket(try Socket.connecting(to: try server.localAddress))
        let served = try server.accept()
        let bytes = (0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let sender = BlockingThread {
            try client.socket.sendAll(bytes)
            try client.socket.shutdown(.sending)
        }
        var received: [UInt8] = []
        while let piece = try served.receive(upTo: 50_000) { received += piece }
        try sender.join()
        #expect(received == bytes)
    }

    // A-053, B-SOCO-04
    @Test func `flags reach the call: peek, don't wait, urgent`() throws {
        let pair = try SocketPair()
        let nothing = #expect(throws: SocketError.self) { _ = try pair.second.receive(upTo: 1, flags: .dontWait) }
        #expect(nothing?.reason == .wouldBlock)
        _ = try pair.first.send("ab".utf8)
        #expect(try pair.second.receive(upTo: 10, flags: .peek) == Array("ab".utf8))
        #expect(try pair.second.receive(upTo: 10) == Array("ab".utf8))

        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let served = try server.accept()
        _ = try client.send("!".utf8, flags: .outOfBand)
        _ = try select(readable: [FileDescriptor](), exceptional: [served.descriptor], timeout: .seconds(5))
        #expect(try served.receive(upTo: 1, flags: .outOfBand) == Array("!".utf8))
    }

    // A-054, A-055, A-059
    @Test func `receive takes at most its maximum and leaves the rest`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("abcdef".utf8)
        #expect(try pair.second.receive(upTo: 3) == Array("abc".utf8))
        #expect(try pair.second.receive(upTo: 3) == Array("def".utf8))
    }

    // A-057, A2-14
    @Test func `the end of the stream is nil and stays nil`() throws {
        var pair = try SocketPair()
        try pair.first.sendAll("last".utf8)
        pair.first = try Socket()
        #expect(try pair.second.receive(upTo: 100) == Array("last".utf8))
        #expect(try pair.second.receive(upTo: 100) == nil)
        #expect(try pair.second.receive(upTo: 100) == nil)
    }

    @Test(arguments: [0, -1, Int.min])
    func `room for nothing is an error, never an empty read that looks like the end`(maximum: Int) throws {
        let pair = try SocketPair()
        try pair.first.sendAll("x".utf8)
        let error = #expect(throws: SocketError.self) { _ = try pair.second.receive(upTo: maximum) }
        guard case .invalid(let text) = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("\(maximum)"))
    }

    @Test func `a maximum beyond all memory takes what is there`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("x".utf8)
        #expect(try pair.second.receive(upTo: .max) == [0x78])
    }

    // A-058
    @Test func `a waiting receive wakes when the peer closes`() throws {
        let pair = try SocketPair()
        let waiting = SharedSocket(try pair.second.duplicate())
        let reader = BlockingThread { try waiting.socket.receive(upTo: 10) }
        try pair.first.shutdown(.both)
        #expect(try reader.join() == nil)
    }

    // A-056
    @Test func `a waiting receive wakes when bytes come`() throws {
        let pair = try SocketPair()
        let waiting = SharedSocket(try pair.second.duplicate())
        let reader = BlockingThread { try waiting.socket.receive(upTo: 10) }
        try pair.first.sendAll("now".utf8)
        #expect(try reader.join() == Array("now".utf8))
    }

    // B-SOCK-12
    @Test func `receive appends to the caller's memory`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("hello".utf8)
        var count: Int?
        let bytes = try [UInt8](capacity: 8) { output in
            output.append(0x2A)
            try output.withUnsafeMutableBufferPointer { buffer, used in
                let memory = UnsafeMutableRawBufferPointer(buffer)
                var raw = OutputRawSpan(buffer: memory, initializedCount: used)
                count = try pair.second.receive(into: &raw)
                used = raw.finalize(for: memory)
            }
        }
        #expect(count == 5)
        #expect(bytes == Array("*hello".utf8))
    }

    // A-061, A-062, B-SOCK-12
    @Test func `receiveFrom on a TCP socket gives the bytes and no sender`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let served = try server.accept()
        try client.sendAll("who".utf8)
        let message = try #require(try served.receiveFrom(upTo: 10))
        #expect(message.bytes == Array("who".utf8))
        #expect(message.sender == nil)
        try client.shutdown(.sending)
        #expect(try served.receiveFrom(upTo: 10) == nil)
    }

    // A-069, B-SOCK-18, B-SOCO-07
    @Test func `after ending its own direction a client still hears the answer`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("question".utf8)
        try pair.first.shutdown(.sending)
        let server = SocketFile(try pair.second.duplicate())
        let question = try server.readToEnd(maximumLength: 100)
        try pair.second.sendAll(question.reversed())
        #expect(try pair.first.receive(upTo: 100) == Array("noitseuq".utf8))
    }

    // A-100
    @Test func `each direction ends by itself: simplex, then silence`() throws {
        let pair = try SocketPair()
        try pair.first.shutdown(.receiving)
        try pair.first.sendAll("one way".utf8)
        #expect(try pair.second.receive(upTo: 100) == Array("one way".utf8))
        #expect(try pair.first.receive(upTo: 1) == nil)
        let error = #expect(throws: SocketError.self) { try pair.second.sendAll("back".utf8) }
        #expect(error?.reason == .broken(.brokenPipe))
    }

    // A2-13, B-SOCF-15, B-SOCF-16
    @Test func `a reset is a broken connection, and the peer stays known`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let address = try client.localAddress
        let served = try server.accept()
        try client.set(.linger, to: .reset)
        try client.close()
        let error = #expect(throws: SocketError.self) { _ = try served.receive(upTo: 10) }
        #expect(error?.reason == .broken(.connectionReset))
        #expect(served.peer == address)
        #expect(throws: SocketError.self) { try served.peerAddress }
        let send = #expect(throws: SocketError.self) { try served.sendAll("x".utf8) }
        #expect(send?.reason == .broken(.brokenPipe))
    }

    // A-064
    @Test func `text and byte constants are sent alike`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("grüß".utf8)
        try pair.first.sendAll([0x21, 0x0A])
        try pair.first.sendAll([1, 2, 3, 4][1...2])
        try pair.first.sendAll(AnyCollection([9 as UInt8]))
        #expect(try pair.second.receive(upTo: 100) == Array("grüß!\n".utf8) + [2, 3, 9])
    }

    /// What an attempt to receive into room for `capacity` bytes comes to.
    private func attempt(
        _ socket: borrowing Socket, capacity: Int = 16
    ) throws -> (answer: TransferAttempt, bytes: [UInt8]) {
        var answer = TransferAttempt.wouldBlock
        let bytes = try [UInt8](unsafeUninitializedCapacity: capacity) { buffer, used in
            let memory = UnsafeMutableRawBufferPointer(buffer)
            var raw = OutputRawSpan(buffer: memory, initializedCount: 0)
            answer = try socket.receiveNow(into: &raw)
            used = raw.finalize(for: memory)
        }
        return (answer, bytes)
    }

    @Test func `attempts never wait and tell three answers apart`() throws {
        let pair = try SocketPair()
        #expect(try attempt(pair.second).answer == .wouldBlock)
        #expect(try pair.first.sendNow("abc".utf8.span.bytes) == .moved(3))
        #expect(try attempt(pair.second).answer == .moved(3))
        try pair.first.shutdown(.sending)
        #expect(try attempt(pair.second).answer == .ended)
    }

    // P24, A-088
    @Test func `an attempt tells of a message that did not fit`() throws {
        let pair = try SocketPair(.unix, .datagram)
        try pair.first.sendAll("too long".utf8)
        let error = #expect(throws: SocketError.self) { _ = try attempt(pair.second, capacity: 3) }
        #expect(error?.reason == .truncated(8))
        try pair.first.sendAll([UInt8]())
        #expect(try attempt(pair.second).answer == .moved(0))
    }

    // A-012, A-057
    @Test func `an attempt sees the end of a sequence of packets`() throws {
        let pair = try SocketPair(.unix, .sequencedPacket)
        try pair.first.sendAll("last".utf8)
        try pair.first.shutdown(.sending)
        #expect(try attempt(pair.second).bytes == Array("last".utf8))
        #expect(try attempt(pair.second).answer == .ended)
    }

    @Test func `an attempt fails as the waiting call does`() throws {
        let pair = try SocketPair()
        let room = #expect(throws: SocketError.self) { _ = try attempt(pair.second, capacity: 0) }
        guard case .invalid = room?.reason else {
            Issue.record("\(String(describing: room))")
            return
        }
        let lonely = try Socket()
        let error = #expect(throws: SocketError.self) { _ = try lonely.sendNow("x".utf8.span.bytes) }
        #expect(error?.isNotConnected == true)
    }

    // A-053
    @Test func `bytes that are counted and thrown away leave zeros, never old memory`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let served = try server.accept()
        try client.sendAll("secret".utf8)
        let bytes = try [UInt8](unsafeUninitializedCapacity: 16) { buffer, used in
            buffer.initialize(repeating: 0xAA)
            let memory = UnsafeMutableRawBufferPointer(buffer)
            var raw = OutputRawSpan(buffer: memory, initializedCount: 0)
            let count = try served.receive(into: &raw, flags: .truncate)
            #expect(count == 6)
            used = raw.finalize(for: memory)
        }
        #expect(bytes == [UInt8](repeating: 0, count: 6))
        try client.sendAll("next".utf8)
        #expect(try served.receive(upTo: 10) == Array("next".utf8))
    }

    // A-053
    @Test(arguments: [nil, Duration.seconds(20)])
    func `a call that is told not to wait does not, whatever the limit`(limit: Duration?) throws {
        let directory = try TemporaryDirectory()
        var receiver = try Socket.bound(to: "unix-dgram:\(directory.file("r"))")
        try receiver.setTimeLimit(limit)
        var sender = try Socket(.unix, .datagram)
        try sender.setTimeLimit(limit)
        let address = try receiver.localAddress
        func reason(_ body: () throws -> Void) -> SocketError.Reason? {
            do { try body() } catch { return (error as? SocketError)?.reason }
            return nil
        }
        #expect(reason { _ = try receiver.receiveMessage(upTo: 1, flags: .dontWait) } == .wouldBlock)
        #expect(reason { while true { try sender.send("x".utf8, to: address, flags: .dontWait) } } == .wouldBlock)
        #expect(reason { _ = try sender.sendMessage([[1]], to: address, flags: .dontWait) } == .wouldBlock)
        withExtendedLifetime(directory) {}
    }

    // A-053
    @Test func `an empty queue of errors is nothing to wait for, and not the end`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let error = #expect(throws: SocketError.self) {
            _ = try client.receiveMessage(upTo: 1, flags: .errorQueue)
        }
        #expect(error?.reason == .wouldBlock)
    }
}
