// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Many datagrams with one call, on the way in and out.
// One at a time: they fill the system's buffers.
@Suite(.serialized, .blocking) struct DatagramBatchTests {
    private func bytes(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number)
    }

    @Test(arguments: Ground.loops)
    func `a batch goes out in its order, each datagram whole`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            let address = second.localAddress
            let lengths = [0, 1, 1400, 0, 9000, 65_507, 2, 3]
            try await first.send(lengths.map { OutgoingDatagram(bytes($0), to: address) })
            for length in lengths {
                let datagram = try await withDeadline(.seconds(20)) { try await second.receive() }
                #expect(datagram.bytes == bytes(length) && datagram.sender == first.localAddress)
                #expect(!datagram.isTruncated)
            }
            #expect(first.sentCount == lengths.count && second.receivedCount == lengths.count)
            try await first.send([OutgoingDatagram]())
            #expect(first.sentCount == lengths.count)
        }
    }

    @Test(arguments: Ground.loops)
    func `a burst is received in its order, in batches and one by one`(ground: Ground) async throws {
        try await withDatagramEnds(ground, options: .init(maximumLength: 2048)) { first, second in
            let address = second.localAddress
            try await first.send((0..<150).map { OutgoingDatagram(bytes($0), to: address) })
            var seen = 0
            @Sendable func check(_ datagram: Datagram, _ number: Int) {
                #expect(datagram.bytes == bytes(number) && datagram.length == number)
                #expect(datagram.sender == first.localAddress)
            }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 1)
            defer { memory.deallocate() }
            while seen < 150 {
                check(try await second.receive(), seen)
                seen += 1
                if seen < 140 {
                    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
                    #expect(try await second.receive(into: &output).length == seen)
                    seen += 1
                    for datagram in try await second.receiveBatch(upTo: 7) {
                        check(datagram, seen)
                        seen += 1
                    }
                }
            }
            #expect(seen == 150 && second.receivedCount == 150)
            #expect(await second.isSilent())
        }
    }

    #if DEBUG
        @Test func `under load many datagrams take few system calls, and a quiet socket takes no more than it needs`()
            async throws
        {
            try await withDatagramEnds(options: .init(maximumLength: 2048)) { first, second in
                let plan = FaultPlan { _, _ in nil }
                try await FaultPlan.$current.withValue(plan) {
                    let address = second.localAddress
                    try await first.loop.run(async: { () async throws(SocketError) in
                        try await first.send((0..<128).map { OutgoingDatagram([UInt8($0)], to: address) })
                        for _ in 0..<128 { _ = try await second.receive() }
                    })
                    #expect(plan.count(of: .sendmmsg) == 4 && plan.count(of: .sendto) == 0)
                    #expect(plan.count(of: .recvmmsg) + plan.count(of: .recvmsg) < 12)
                    let before = plan.count(of: .recvmsg) + plan.count(of: .recvmmsg)
                    for _ in 0..<10 {
                        try await first.send("?", to: address)
                        _ = try await second.receive()
                    }
                    #expect(plan.count(of: .recvmsg) + plan.count(of: .recvmmsg) - before == 10)
                }
            }
        }

        @Test func `a call that brings less than it could loses nothing`() async throws {
            try await withDatagramEnds(options: .init(maximumLength: 2048)) { first, second in
                let address = second.localAddress
                let short = FaultPlan { call, _ in call == .recvmmsg || call == .sendmmsg ? .atMost(3) : nil }
                try await FaultPlan.$current.withValue(short) {
                    try await first.send((0..<100).map { OutgoingDatagram([UInt8($0)], to: address) })
                    for number in 0..<100 { #expect(try await second.receive().bytes == [UInt8(number)]) }
                }
                #expect(short.count(of: .sendmmsg) >= 30)
            }
        }

        // P10
        @Test func `P10: errors of the calls for many come to what those of the calls for one do`() async throws {
            try await withDatagramEnds(options: .init(maximumLength: 2048)) { first, second in
                let address = second.localAddress
                let batch = (0..<5).map { OutgoingDatagram([UInt8($0)], to: address) }
                for error in [Errno.noBufferSpace, .networkUnreachable, .notPermitted] {
                    let outcome = await FaultPlan.$current.withValue(.failing(.sendmmsg, with: error)) {
                        await reason { try await first.send(batch) }
                    }
                    #expect(outcome == SocketError(.send, error: error).reason)
                }
                try await FaultPlan.$current.withValue(.failing(.sendmmsg, with: .interrupted, times: 2)) {
                    try await first.send(batch)
                }
                let outcome = await FaultPlan.$current.withValue(.failing(.recvmmsg, with: .noMemory, times: 1)) {
                    await reason { _ = try await second.receiveBatch() }
                }
                #expect(outcome == .system(.noMemory))
                // Nothing was lost by it.
                #expect(try await second.receiveBatch().map(\.bytes) == batch.map(\.bytes))
            }
        }
    #endif

    // P24
    @Test(arguments: Ground.loops)
    func `P24: in a burst too a datagram that does not fit says so`(ground: Ground) async throws {
        try await withDatagramEnds(ground, options: .init(maximumLength: 10)) { first, second in
            let address = second.localAddress
            try await first.send([8, 100, 10, 11, 0].map { OutgoingDatagram(bytes($0), to: address) })
            var heads: [DatagramHead] = []
            while heads.count < 5 { heads += try await second.receiveBatch().map(\.head) }
            #expect(heads.map(\.length) == [8, 100, 10, 11, 0])
            #expect(heads.map(\.count) == [8, 10, 10, 10, 0])
            #expect(heads.map(\.isTruncated) == [false, true, false, true, false])
        }
    }

    @Test(arguments: Ground.loops)
    func `one that can't be sent stops its batch, and those before it are counted`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            let address = second.localAddress
            let batch = [1, 2, 65_508, 3].map { OutgoingDatagram(bytes($0), to: address) }
            #expect(await reason { try await first.send(batch) } == .system(.messageTooLong))
            #expect(first.sentCount == 2)
            for length in [1, 2] {
                let datagram = try await second.receive()
                #expect(datagram.length == length)
            }
            // Without a peer somebody has to be named.
            #expect(await reason { try await first.send([OutgoingDatagram([1]), OutgoingDatagram([2])]) } != nil)
        }
    }

    // P24
    @Test(arguments: World.Mechanism.allCases)
    func `P24: refusals of those who are gone end no batch, on the way in or out`(mechanism: World.Mechanism)
        async throws
    {
        let gone = try { () throws -> SocketAddress in
            let socket = try Socket(.ipv4, .datagram)
            try socket.bind(to: "127.0.0.2:0")
            return try socket.localAddress
        }()
        try await withDatagramEnds(mechanism, options: .init(maximumLength: 2048)) { first, second in
            try await first.set(.receiveErrors, to: true)
            for round in 0..<20 {
                let batch = (0..<10).map { OutgoingDatagram([UInt8(round), UInt8($0)], to: second.localAddress) }
                try await first.send(batch + [OutgoingDatagram([], to: gone), OutgoingDatagram([], to: gone)])
                for datagram in batch { #expect(try await second.receive().bytes == datagram.bytes) }
                try await second.send(batch.map { OutgoingDatagram($0.bytes, to: first.localAddress) })
                for datagram in batch { #expect(try await first.receive().bytes == datagram.bytes) }
            }
        }
    }

    @Test(arguments: Ground.loops)
    func `a socket with a peer sends batches to it, and hears of its refusal`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let server = try await DatagramSocket(on: "127.0.0.2:0", loop: loop)
            try await withDatagramSocket(to: server.localAddress, loop: loop) { client in
                try await client.send((1...40).map { OutgoingDatagram([UInt8($0)]) })
                var count = 0
                while count < 40 {
                    let batch = try await server.receiveBatch()
                    try await server.send(batch.map { OutgoingDatagram($0.bytes, replyingTo: $0) })
                    count += batch.count
                }
                for number in 1...40 { #expect(try await client.receive().bytes == [UInt8(number)]) }
                server.close()
                try await loop.run {}
                let refused = await #expect(throws: SocketError.self) {
                    try await client.send([OutgoingDatagram([1])])
                    _ = try await withDeadline(.seconds(20)) { try await client.receive() }
                }
                #expect(refused?.isConnectionRefused == true)
            }
        }
    }

    @Test(arguments: Ground.loops)
    func `answers in a batch leave by the way that the questions came`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let options = DatagramSocket.Options(maximumLength: 512, tellsPath: true)
            try await withDatagramSocket(on: "0.0.0.0:0", options: options, loop: loop) { server in
                let port = try #require(server.localAddress.port)
                let address = try SocketAddress("127.0.0.1:\(port)")
                try await withDatagramSocket(to: address, loop: loop) { client in
                    try await client.send((0..<20).map { OutgoingDatagram([UInt8($0)]) })
                    var count = 0
                    while count < 20 {
                        let batch = try await server.receiveBatch()
                        #expect(batch.allSatisfy { $0.destination == address.ip })
                        try await server.send(batch.map { OutgoingDatagram($0.bytes, replyingTo: $0) })
                        count += batch.count
                    }
                    for number in 0..<20 { #expect(try await client.receive().bytes == [UInt8(number)]) }
                }
            }
        }
    }

    // Laws 1 and 4: what came with others and was not taken
    @Test(arguments: Ground.loops)
    func `after closing nothing is received any more, whatever has come`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            try await first.send((0..<20).map { OutgoingDatagram([UInt8($0)], to: second.localAddress) })
            for number in 0..<4 { #expect(try await second.receive().bytes == [UInt8(number)]) }
            second.close()
            #expect(await reason { _ = try await second.receive() } == .closed)
            #expect(await reason { _ = try await second.receiveBatch() } == .closed)
            var iterator = second.makeAsyncIterator()
            #expect(try await iterator.next() == nil)
            #expect(await reason { try await first.send([OutgoingDatagram([1], to: second.localAddress)]) } == nil)
        }
    }

    // P24: nothing is lost without being counted
    @Test(arguments: Ground.loops)
    func `P24: of a flood, what was received and what was dropped make what was sent`(ground: Ground) async throws {
        let count = repetitions(5_000, soak: 100_000)
        let options = DatagramSocket.Options(maximumLength: 512, receiveBuffer: 30_000)
        try await withDatagramEnds(ground, options: options) { first, second in
            let address = second.localAddress
            @Sendable func flood(_ numbers: Range<Int>) async throws {
                try await first.send(numbers.map { OutgoingDatagram([UInt8(truncatingIfNeeded: $0)], to: address) })
            }
            // Before anybody reads, so that something is lost for certain.
            try await flood(0..<500)
            let reader = start { for try await datagram in second { #expect(datagram.bytes.count == 1) } }
            for begin in stride(from: 500, to: count, by: 500) { try await flood(begin..<min(begin + 500, count)) }
            try await until { try await second.receivedCount + second.droppedCount() == count }
            #expect(first.sentCount == count)
            #expect(try await second.droppedCount() > 0)
            second.close()
            try await reader.value
        }
    }
}
