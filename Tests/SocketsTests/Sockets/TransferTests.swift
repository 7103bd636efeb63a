// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite struct TransferTests {
    // A2-08, B-SOCK-14
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

    //
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

    //
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

    //
    @Test func `a waiting receive wakes when the peer closes`() throws {
        let pair = try SocketPair()
        let waiting = SharedSocket(try pair.second.duplicate())
        let reader = BlockingThread { try waiting.socket.receive(upTo: 10) }
        try pair.first.shutdown(.both)
        #expect(try reader.join() == nil)
    }

    //
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

    // B-SOCK-12
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

    //
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

    //
    @Test func `text and byte constants are sent alike`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("grüß".utf8)
        try pair.first.sendAll([0x21, 0x0A])
        try pair.first.sendAll([1, 2, 3, 4][1...2])
        try pair.first.sendAll(AnyCollection([9 as UInt8]))
        #expect(try pair.second.receive(upTo: 100) == Array("grüß!\n".utf8) + [2, 3, 9])
    }

    @Test func `attempts never wait and tell three answers apart`() throws {
        let pair = try SocketPair()
        var answers: [TransferAttempt] = []
        func attempt() throws {
            _ = try [UInt8](capacity: 16) { output in
                try output.withUnsafeMutableBufferPointer { buffer, used in
                    let memory = UnsafeMutableRawBufferPointer(buffer)
                    var raw = OutputRawSpan(buffer: memory, initializedCount: used)
                    answers.append(try pair.second.receiveNow(into: &raw))
                    used = raw.finalize(for: memory)
                }
            }
        }
        try attempt()
        #expect(try pair.first.sendNow("abc".utf8.span.bytes) == .moved(3))
        try attempt()
        try pair.first.shutdown(.sending)
        try attempt()
        #expect(answers == [.wouldBlock, .moved(3), .ended])
    }
}
