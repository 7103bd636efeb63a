// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

// B-AIO-10: sock_recv_into, sock_recvfrom, sock_recvfrom_into, sock_sendto, sock_sendfile; B-AIO-06: memory of the
// caller's in place of BufferedProtocol
// One at a time: with the tests beside these the descriptors must stay below select's 1,024.
@Suite(.serialized, .blocking) struct OwnSocketTests {
    private func datagramSocket() throws -> SharedSocket {
        let socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: "127.0.0.2:0")
        return SharedSocket(socket)
    }

    @Test(arguments: World.Mechanism.allCases)
    func `datagrams come with their sender, and go where they are sent`(mechanism: World.Mechanism) async throws {
        let (first, second) = (try datagramSocket(), try datagramSocket())
        let (here, there) = (try first.socket.localAddress, try second.socket.localAddress)
        try await withLoop(mechanism) { loop in
            // It is there before it is sent, and the other way round.
            let waiting = start { try await loop.receiveDatagram(from: second.socket) }
            try await until { try await loop.run { !loop.watches.isEmpty } }
            try await loop.send(datagram: Array("ask".utf8), to: there, by: first.socket)
            let question = try await waiting.value
            #expect(question.bytes == Array("ask".utf8))
            #expect(question.sender == here && !question.isTruncated)
            try await loop.send(datagram: [], to: question.sender, by: second.socket)
            #expect(try await loop.receiveDatagram(upTo: 1, from: first.socket).bytes.isEmpty)

            try await loop.send(datagram: Array("far too long".utf8), to: there, by: first.socket)
            let cut = try await loop.receiveDatagram(upTo: 3, from: second.socket)
            #expect(cut.bytes == Array("far".utf8) && cut.isTruncated && cut.length == 12)
            #expect(await reason { _ = try await loop.receiveDatagram(upTo: 0, from: second.socket) } != nil)
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `what comes goes into the caller's memory, behind what is there`(mechanism: World.Mechanism) async throws {
        let (first, second) = (try datagramSocket(), try datagramSocket())
        let there = try second.socket.localAddress
        let pair = try SocketPair()
        try await withLoop(mechanism) { loop in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
            defer { memory.deallocate() }
            try await loop.send(datagram: Array("datagram".utf8), to: there, by: first.socket)
            _ = try pair.first.send(Array("stream".utf8))
            var output = OutputRawSpan(buffer: memory, initializedCount: 1)
            let head = try await loop.receiveDatagram(into: &output, from: second.socket)
            #expect(head.count == 7 && head.length == 8 && head.isTruncated)
            let isFull = output.isFull
            #expect(isFull)
            #expect(await reason { _ = try await loop.receive(into: &output, from: pair.second) } != nil)
            output.removeLast(6)
            #expect(try await loop.receive(into: &output, from: pair.second) == 6)
            try pair.first.shutdown(.sending)
            output.removeLast(1)
            #expect(try await loop.receive(into: &output, from: pair.second) == nil)
        }
    }

    // Laws 1 and 3
    @Test func `waiting for a datagram heeds deadline and cancellation, and is busy for a second task`() async throws {
        let socket = try datagramSocket()
        try await withLoop { loop in
            let late = await reason {
                try await withDeadline(.milliseconds(5)) { _ = try await loop.receiveDatagram(from: socket.socket) }
            }
            #expect(late == .timedOut)
            let waiting = Task { await reason { _ = try await loop.receiveDatagram(from: socket.socket) } }
            try await until { try await loop.run { !loop.watches.isEmpty } }
            #expect(await reason { _ = try await loop.receiveDatagram(from: socket.socket) } == .busy)
            waiting.cancel()
            #expect(await waiting.value == .cancelled)
        }
    }

    @Test func `a file goes out by a socket of one's own, as the peer takes it`() async throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 9) }
        try Data(bytes).write(to: URL(filePath: directory.file("file")))
        let file = try FileDescriptor.open(directory.file("file"), .readOnly)
        defer { try? file.close() }
        let pair = try SocketPair()
        var sending = try pair.first.duplicate()
        try sending.setTimeLimit(.zero)
        let (sender, receiver) = (SharedSocket(sending), SharedSocket(try pair.second.duplicate()))
        try await withLoop { loop in
            async let sent = loop.sendFile(file, from: 1, count: Int64(bytes.count) - 2, to: sender.socket)
            var got: [UInt8] = []
            while got.count < bytes.count - 2, let more = try await loop.receive(upTo: 65_536, from: receiver.socket) {
                got += more
            }
            #expect(try await sent == Int64(bytes.count) - 2)
            #expect(got == Array(bytes[1..<bytes.count - 1]))
            #expect(try await loop.sendFile(file, from: Int64(bytes.count), to: sender.socket) == 0)
            #expect(await reason { try await loop.sendFile(file, from: -1, to: sender.socket) } != nil)
        }
    }
}
