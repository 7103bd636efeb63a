// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Runs `body` with two sockets of one loop. Their address is one that no other test knocks at.
func withDatagramEnds(
    _ mechanism: World.Mechanism = .preferred, options: DatagramSocket.Options = .init(),
    _ body: @Sendable (DatagramSocket, DatagramSocket) async throws -> Void
) async throws {
    try await withLoop(mechanism) { loop in
        try await withDatagramSocket(on: "127.0.0.2:0", options: options, loop: loop) { first in
            try await withDatagramSocket(on: "127.0.0.2:0", options: options, loop: loop) { second in
                try await body(first, second)
            }
        }
    }
}

/// The same on a ground of one loop.
func withDatagramEnds(
    _ ground: Ground, options: DatagramSocket.Options = .init(),
    _ body: @escaping @Sendable (DatagramSocket, DatagramSocket) async throws -> Void
) async throws {
    try await withLoop(of: ground) { loop in
        try await withDatagramSocket(on: "127.0.0.2:0", options: options, loop: loop) { first in
            try await withDatagramSocket(on: "127.0.0.2:0", options: options, loop: loop) { second in
                try await body(first, second)
            }
        }
    }
}

extension DatagramSocket {
    /// Whether a task waits to receive.
    var isReceiving: Bool {
        get async throws {
            let looked = await reason { [self] in
                try await loop.run { () throws(SocketError) in _ = try transport.waitToReceive() }
            }
            return looked == .busy
        }
    }

    /// What arrives next, as text; an error if nothing does.
    func text() async throws -> String {
        let datagram = try await withDeadline(.seconds(20)) { try await receive() }
        return String(decoding: datagram.bytes, as: UTF8.self)
    }

    /// Whether nothing arrives for a moment.
    func isSilent() async -> Bool {
        await reason { _ = try await withDeadline(.milliseconds(50)) { try await receive() } } == .timedOut
    }
}

@Suite(.blocking) struct DatagramSocketTests {
    // B-AIO-06, B-AIO-09, B-TW-06: the program of the manual
    @Test(arguments: Ground.loops)
    func `a server is a loop over what arrives`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "127.0.0.2:0", loop: loop) { socket in
                async let served: Int = {
                    var count = 0
                    for try await datagram in socket {
                        try await socket.send("got \(datagram.bytes.count)", to: datagram.sender)
                        count += 1
                    }
                    return count
                }()
                try await withDatagramSocket(to: socket.localAddress, loop: loop) { client in
                    for length in [0, 5, 1000] {
                        try await client.send([UInt8](repeating: 1, count: length))
                        #expect(try await client.text() == "got \(length)")
                    }
                }
                socket.close()
                #expect(try await served == 3)
            }
        }
    }

    // A-082, B-TW-06: both directions of one socket at once, in no lock-step
    @Test(arguments: Ground.loops)
    func `one socket sends and receives at once`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            // Fewer than what the system keeps for a reader that has not begun.
            let count = 200
            @Sendable func send(_ socket: DatagramSocket, _ peer: DatagramSocket) async throws {
                for number in 0..<count {
                    try await socket.send([UInt8(truncatingIfNeeded: number)], to: peer.localAddress)
                }
            }
            @Sendable func sum(_ socket: DatagramSocket) async throws -> Int {
                var sum = 0
                for _ in 0..<count {
                    sum += Int(try await withDeadline(.seconds(20)) { try await socket.receive().bytes[0] })
                }
                return sum
            }
            async let there = sum(second)
            async let back = sum(first)
            async let sentThere: Void = send(first, second)
            async let sentBack: Void = send(second, first)
            _ = try await (sentThere, sentBack)
            let expected = (0..<count).reduce(0) { $0 + ($1 & 0xFF) }
            #expect(try await there == expected)
            #expect(try await back == expected)
            #expect(first.sentCount == count && first.receivedCount == count)
        }
    }

    // P24: the longest and the empty datagram
    @Test(arguments: [0, 1, 65_507], Ground.loops)
    func `P24: datagrams of any legal length keep their borders`(length: Int, ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
            try await first.send(bytes, to: second.localAddress)
            try await first.send("next", to: second.localAddress)
            let datagram = try await second.receive()
            #expect(datagram.bytes == bytes)
            #expect(datagram.length == length)
            #expect(!datagram.isTruncated)
            #expect(datagram.sender == first.localAddress)
            #expect(datagram.path == nil)
            #expect(try await second.text() == "next")
        }
    }

    // P24
    @Test(arguments: Ground.loops)
    func `P24: a datagram that is too long is an error and sends nothing`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            let outcome = await reason {
                try await first.send([UInt8](repeating: 0, count: 65_508), to: second.localAddress)
            }
            #expect(outcome == .system(.messageTooLong))
            #expect(first.sentCount == 0)
            try await first.send("short", to: second.localAddress)
            #expect(try await second.text() == "short")
        }
    }

    // P24, A-088: truncation is told, with the length that was
    @Test(arguments: Ground.loops)
    func `P24: a datagram that does not fit says so`(ground: Ground) async throws {
        try await withDatagramEnds(ground, options: .init(maximumLength: 10)) { first, second in
            let bytes = (0..<100).map { UInt8($0) }
            for length in [100, 11, 10] {
                try await first.send(Array(bytes[..<length]), to: second.localAddress)
                let datagram = try await second.receive()
                #expect(datagram.bytes == Array(bytes[..<10]))
                #expect(datagram.isTruncated == (length > 10))
                #expect(datagram.length == length)
            }
        }
    }

    // P24: a longer room than the loop's own memory
    @Test func `a maximum over the longest datagram there is changes nothing`() async throws {
        try await withDatagramEnds(options: .init(maximumLength: 1 << 20)) { first, second in
            let bytes = [UInt8](repeating: 7, count: 65_507)
            try await first.send(bytes, to: second.localAddress)
            #expect(try await second.receive().bytes == bytes)
        }
        try await withLoop { loop in
            for maximum in [0, -1, Int.min] {
                let outcome = await reason {
                    try await withDatagramSocket(
                        on: "127.0.0.2:0", options: .init(maximumLength: maximum), loop: loop
                    ) { _ in }
                }
                #expect(outcome == .invalid("at most \(maximum) bytes can't be received"))
            }
        }
    }

    // B-AIO-06: memory that the caller owns
    @Test(arguments: Ground.loops)
    func `a datagram goes into the caller's memory behind what is there`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            @Sendable func receive(_ room: Int) async throws -> (DatagramHead, [UInt8]) {
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
                defer { memory.deallocate() }
                var output = OutputRawSpan(buffer: memory, initializedCount: 0)
                output.append(0xFF, as: UInt8.self)
                let head = try await second.receive(into: &output)
                let count = output.finalize(for: memory)
                return (head, Array(memory[..<count]))
            }
            try await first.send([1, 2, 3], to: second.localAddress)
            let (head, bytes) = try await receive(100)
            #expect(head == DatagramHead(count: 3, length: 3, sender: first.localAddress))
            #expect(bytes == [0xFF, 1, 2, 3])
            try await first.send([4, 5, 6], to: second.localAddress)
            let (cut, rest) = try await receive(3)
            #expect(cut.isTruncated && cut.count == 2 && cut.length == 3)
            #expect(rest == [0xFF, 4, 5])
            guard case .invalid = await reason({ _ = try await receive(1) }) else {
                Issue.record("no room was taken for room")
                return
            }
        }
    }

    // P24: received + dropped (counted) = sent
    @Test(arguments: Ground.loops)
    func `P24: what was sent was received or counted as dropped`(ground: Ground) async throws {
        let count = repetitions(10_000, soak: 100_000)
        try await withDatagramEnds(ground, options: .init(receiveBuffer: 32_768)) { first, second in
            // Bursts that are longer than the room, so that some are lost.
            while first.sentCount < count {
                for _ in 0..<min(1000, count - first.sentCount) {
                    try await first.send([1, 2, 3, 4], to: second.localAddress)
                }
                // In memory they are under way for a while.
                try await second.loop.sleep(for: .milliseconds(1))
                let lost = try await second.droppedCount()
                while second.receivedCount + lost < first.sentCount {
                    _ = try await withDeadline(.seconds(20)) { try await second.receive() }
                }
            }
            #expect(await second.isSilent())
            let dropped = try await second.droppedCount()
            #expect(dropped > 0)
            #expect(second.receivedCount > 0)
            #expect(second.receivedCount + dropped == count)
            second.close()
            #expect(try await second.droppedCount() == dropped, "closing forgot what was counted")
        }
    }

    // P24: the same with a reader on another loop, who is as fast as it can be
    @Test func `P24: nothing is lost uncounted between two loops`() async throws {
        let count = repetitions(10_000, soak: 100_000)
        try await withLoop { sending in
            try await withLoop { receiving in
                let receiver = try await DatagramSocket(on: "127.0.0.2:0", loop: receiving)
                let reading = Task(executorPreference: receiving) { for try await _ in receiver {} }
                try await withDatagramSocket(to: receiver.localAddress, loop: sending) { sender in
                    for number in 0..<count { try await sender.send([UInt8(truncatingIfNeeded: number)]) }
                }
                try await until { receiver.receivedCount + (try await receiver.droppedCount()) == count }
                receiver.close()
                try await reading.value
            }
        }
    }

    // B-TW-06, A-077: the system picks the port
    @Test(arguments: Ground.loops)
    func `the address of a socket is known, and nobody else can have it`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            #expect(first.localAddress.port?.rawValue ?? 0 != 0)
            #expect(first.localAddress != second.localAddress)
            do throws(SocketError) {
                _ = try await DatagramSocket(on: first.localAddress, loop: first.loop)
                Issue.record("an address was had twice")
            } catch {
                #expect(error.isAddressInUse)
                #expect(error.operation == .bind)
                #expect("\(error)".contains("\(first.localAddress)"))
            }
        }
    }

    // B-AIO-08: reuse_port
    @Test(arguments: Ground.loops)
    func `sockets that share an address share what arrives there`(ground: Ground) async throws {
        try await withDatagramEnds(ground, options: .init(sharesAddress: true)) { first, sender in
            try await withDatagramSocket(
                on: first.localAddress, options: .init(sharesAddress: true), loop: first.loop
            ) { second in
                #expect(second.localAddress == first.localAddress)
                let loop = first.loop
                let one = Task(executorPreference: loop) { for try await _ in first {} }
                let other = Task(executorPreference: loop) { for try await _ in second {} }
                for _ in 0..<100 { try await sender.send("x", to: first.localAddress) }
                try await until { first.receivedCount + second.receivedCount == 100 }
                first.close()
                second.close()
                _ = try await (one.value, other.value)
            }
        }
    }

    @Test(arguments: ["http://127.0.0.2:1/", "exec:cat", "-", "unix-seqpacket:/tmp/x"])
    func `an endpoint that carries no datagrams is refused`(endpoint: String) async throws {
        guard case .invalid(let text) = await reason({ _ = try await DatagramSocket(on: endpoint) }) else {
            Issue.record("\(endpoint) was taken")
            return
        }
        #expect(text.hasSuffix("carries no datagrams"))
    }

    @Test func `what is no endpoint is quoted`() async throws {
        do throws(SocketError) {
            _ = try await DatagramSocket(on: "udp://[::1:80")
            Issue.record("it was taken")
        } catch {
            guard case .address = error.reason else {
                Issue.record("\(error)")
                return
            }
            #expect("\(error)".contains("[::1:80"))
        }
    }
}
