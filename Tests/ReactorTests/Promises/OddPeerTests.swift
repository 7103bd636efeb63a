// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Issue 3, bad input: peers that are gone before they are met, take a byte at a time, or come while nobody is wanted.
@Suite(.blocking) struct OddPeerTests {
    @Test(arguments: World.Mechanism.allCases)
    func `a client that was gone before it was accepted costs nothing but its own connection`(
        mechanism: World.Mechanism
    ) async throws {
        try await withLoop(mechanism) { loop in
            let listener = try await Listener(on: "127.0.0.2:0", loop: loop)
            for _ in 0..<20 {
                let client = try Socket.connecting(to: listener.localAddress, within: .seconds(20))
                try client.sendAll("x".utf8)
                try client.set(.linger, to: .reset)
            }
            let late = SharedSocket(try Socket.connecting(to: listener.localAddress, within: .seconds(20)))
            var gone = 0
            while true {
                let connection = try await listener.accept()
                defer { connection.close() }
                // The system knows it no more, and the engine does.
                #expect(connection.peer?.port != nil)
                if connection.peer == (try late.socket.localAddress) { break }
                gone += 1
                guard case .broken = await reason({ while try await connection.receive() != nil {} }) else {
                    Issue.record("\(gone) was there")
                    return
                }
                #expect(await reason { try await connection.send("x") } != nil)
            }
            #expect(gone == 20)
            listener.close()
            try await until { try await loop.run { () throws(SocketError) in loop.statistics.connections } == 0 }
        }
    }

    // P11, P12: a window of next to nothing, and for a while of nothing
    @Test func `a peer with the smallest window, that takes a byte at a time, gets every byte`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let listening = try Socket.listening(on: "127.0.0.2:0")
        let address = try listening.localAddress
        let listener = try await Listener(adopting: listening, loop: thread.loop)
        let client = try Socket(.ipv4, .stream)
        // Before it connects, or the system has offered more already.
        try client.set(.receiveBuffer, to: 1)
        var connecting = client
        try connecting.setTimeLimit(.seconds(20))
        try connecting.connect(to: address)
        let peer = SharedSocket(connecting)
        let connection = try await listener.accept()
        try await connection.set(.sendBuffer, to: 1)
        let bytes = (0..<256 << 10).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 9) }
        let sending = Task { try await connection.send(bytes) }
        // Its window is full, and so is what the system keeps for it.
        try await until { try await connection.isSending }
        let reader = BlockingThread {
            var all: [UInt8] = []
            while all.count < 5000, let piece = try peer.socket.receive(upTo: 1) { all += piece }
            while all.count < bytes.count, let piece = try peer.socket.receive(upTo: 700) { all += piece }
            return all
        }
        try await sending.value
        #expect(try reader.join(within: 60) == bytes)
        connection.close()
        listener.close()
    }

    // P22 in a storm: who comes has an answer or an end, and the server's own end does not wait for the storm's
    @Test func `a server is drained in the middle of a flood of clients`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let server = try await Server(on: "127.0.0.2:0", loop: thread.loop) { try await $0.echo() }
        let address = try #require(server.addresses.first)
        let running = Task { await reason { try await server.run() } }
        let answered = Atomic(0)
        let isOver = Flag()
        // Two come and go all the time, two come, speak and stay.
        let flood = (0..<4).map { number in
            BlockingThread { () throws -> Int in
                var staying: [SharedSocket] = []
                while !isOver.isSet, staying.count < 200 {
                    guard var client = try? Socket.connecting(to: address, within: .seconds(20)) else { break }
                    try client.setTimeLimit(.seconds(20))
                    let shared = SharedSocket(client)
                    do {
                        guard try shared.exchange("word") else { break }
                        answered.add(1, ordering: .relaxed)
                    } catch let error as SocketError {
                        // One that had not been accepted is reset; nobody is left alone.
                        guard case .broken = error.reason else { throw error }
                    }
                    if number % 2 == 0 { staying.append(shared) }
                }
                // Those who stayed learn of the end.
                for client in staying { while (try? client.socket.receive(upTo: 100)) ?? nil != nil {} }
                return staying.count
            }
        }
        try await until { answered.load(ordering: .relaxed) > 100 }
        let start = ContinuousClock.now
        server.drain(within: .seconds(60))
        #expect(await running.value == nil)
        #expect(ContinuousClock.now - start < .seconds(50))
        isOver.set()
        for thread in flood { _ = try thread.join(within: 60) }
        #expect(server.connectionCount == 0)
        try await until {
            try await thread.loop.run { () throws(SocketError) in thread.loop.statistics.connections } == 0
        }
    }

    // B-SOCA-03, P23: the longest path there is, from listen to take-over
    @Test func `a path of 107 bytes is listened at and taken over, and one of 108 is refused by name`() async throws {
        let directory = try TemporaryDirectory()
        let longest = directory.file(String(repeating: "x", count: 107 - directory.path.utf8.count - 1))
        #expect(longest.utf8.count == 107)
        for _ in 0..<2 {
            let listener = try await Listener(on: "unix:\(longest)")
            async let served = listener.accept()
            let client = try await Connector().connect(to: "unix:\(longest)")
            let connection = try await served
            #expect(connection.localAddress == listener.localAddress)
            try await connection.send("there")
            #expect(try await client.read(exactly: 5) == Array("there".utf8))
            for end in [client, connection] { end.close() }
            listener.close()
            // As a server that was killed leaves it.
            try await until { !FileManager.default.fileExists(atPath: longest) }
            let dead = try Socket(.unix, .stream)
            try dead.bind(to: "unix:\(longest)")
        }
        for call in ["listen", "connect"] {
            do {
                if call == "listen" { _ = try await Listener(on: "unix:\(longest)x") }
                if call == "connect" { _ = try await Connector().connect(to: "unix:\(longest)x") }
                Issue.record("108 bytes were taken")
            } catch {
                #expect("\(error)".contains("108 bytes, at most 107"), "\(error)")
            }
        }
    }
}
