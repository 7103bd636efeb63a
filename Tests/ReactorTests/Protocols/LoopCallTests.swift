// SPDX-License-Identifier: Apache-2.0
import Foundation
import NetworkSimulator
import Reactor
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct LoopCallTests {
    // B-TW-02
    @Test(arguments: Ground.loops)
    func `a delayed call can be cancelled, put off and reset`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            try await loop.run { () throws(SocketError) in
                let cancelled = loop.callLater(.milliseconds(1)) { recorder.note("cancelled") }
                #expect(cancelled.isActive)
                #expect(cancelled.cancel())
                #expect(!cancelled.cancel() && !cancelled.isActive)
                let late = loop.callLater(.milliseconds(5)) { recorder.note("late") }
                let before = late.time
                #expect(late.delay(.milliseconds(20)))
                #expect(late.time == before.advanced(by: .milliseconds(20)))
                let soon = loop.callLater(.seconds(60)) { recorder.note("soon") }
                #expect(loop.delayedCalls.map(ObjectIdentifier.init) == [late, soon].map(ObjectIdentifier.init))
                #expect(soon.reset(.milliseconds(2)))
                #expect(loop.delayedCalls.first === soon)
            }
            try await until(on: loop) { recorder.notes.count == 2 }
            #expect(recorder.notes == ["soon", "late"])
        }
    }

    // B-TW-20: and B-TW-22's clock, which is the network's own
    @Test func `a looping call does not drift, and leaves out what it is late for`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let recorder = Recorder()
        let loop = host.loop
        try await network.run(on: host) {
            try await loop.run { () throws(SocketError) in
                let begun = loop.timeNow
                let calls = LoopingCall.withCount(on: loop) { count in
                    recorder.note("\(begun.duration(to: loop.timeNow)) \(count)")
                }
                calls.start(.seconds(1))
                loop.callLater(.milliseconds(4500)) {
                    calls.stop()
                    calls.start(.seconds(10), now: false)
                }
            }
        }
        try network.run(for: .seconds(25))
        #expect(recorder.notes.count == 7)
        for (note, time) in zip(recorder.notes, [0, 1, 2, 3, 4, 14.5, 24.5]) {
            // A turn of the network's loops takes microseconds.
            let got = Double(note.split(separator: " ")[0]) ?? -1
            #expect(got >= time && got < time + 0.001, "\(note)")
        }
    }

    // B-TW-20
    @Test func `a call that takes too long stands for those that it made late`() throws {
        let loop = try EventLoop()
        let counts = Recorder()
        let calls = LoopingCall.withCount(on: loop) { count in
            counts.note("\(count)")
            if counts.notes.count == 1 {
                // The loop is held for more than three intervals.
                let end = loop.timeNow.advanced(by: .milliseconds(35))
                while loop.timeNow < end {}
            } else {
                loop.stop()
            }
        }
        loop.callWhenRunning { calls.start(.milliseconds(10)) }
        try loop.run()
        #expect(counts.notes.first == "1")
        #expect(Int(counts.notes[1]) ?? 0 >= 3)
    }

    // B-TW-20
    @Test func `what a looping call throws ends it`() async throws {
        struct Enough: Error {}
        try await withLoop(of: .memory) { loop in
            let recorder = Recorder()
            try await loop.run { () throws(SocketError) in
                let calls = LoopingCall(on: loop) {
                    recorder.note("call")
                    if recorder.notes.count == 3 { throw Enough() }
                }
                calls.start(.seconds(1)) { error in recorder.note("\(error.map { "\($0)" } ?? "nil")") }
            }
            try await until(on: loop) { recorder.notes.count == 4 }
            #expect(recorder.notes == ["call", "call", "call", "Enough()"])
        }
    }

    // A-158, B-TW-01
    @Test func `a loop runs on its caller's thread until it is stopped, and says so before and after`() throws {
        let loop = try EventLoop()
        let recorder = Recorder()
        for (phase, name) in zip(SystemEvent.Phase.allCases, ["before", "during", "after"]) {
            loop.addSystemEventTrigger(phase, .shutdown) { recorder.note(name) }
            loop.addSystemEventTrigger(phase, .startup) { recorder.note("startup " + name) }
        }
        loop.removeSystemEventTrigger(loop.addSystemEventTrigger(.before, .shutdown) { recorder.note("removed") })
        let factory = Factory { RecordingProtocol(recorder) }
        let port = try loop.listenTCP(0, factory, interface: "127.0.0.2")
        loop.callWhenRunning {
            recorder.note("running \(loop.isRunning)")
            do { try loop.connect(to: port.host, ClientFactory { EchoProtocol() }) } catch { recorder.note("\(error)") }
        }
        loop.callLater(.milliseconds(50)) { loop.fireSystemEvent(.shutdown) }
        try loop.run()
        #expect(
            recorder.notes == [
                "startup before", "startup during", "startup after", "running true", "made", "before", "during",
                "lost: the loop was stopped", "after",
            ])
        // It can be run again, and stopped from another thread.
        let stopper = BlockingThread { loop.stop() }
        try loop.run()
        try stopper.join()
        #expect(!loop.isRunning)
    }

    // B-TW-01
    @Test func `a loop that crashes leaves everything as it is`() throws {
        let loop = try EventLoop()
        let recorder = Recorder()
        loop.addSystemEventTrigger(.before, .shutdown) { recorder.note("never") }
        loop.callLater(.milliseconds(1)) { loop.crash() }
        try loop.run()
        #expect(recorder.notes == [])
        loop.callLater(.zero) { recorder.note("iterated") }
        try loop.iterate(.milliseconds(10))
        #expect(recorder.notes == ["iterated"])
    }

    // P22: the drain
    @Test func `P22: a loop that is stopped lets connections finish within the limit`() throws {
        let loop = try EventLoop()
        let recorder = Recorder()
        let text = [UInt8](repeating: 0x61, count: 4 << 20)
        let port = try loop.listenTCP(
            0, Factory { RecordingProtocol(recorder, made: { $0.write(text) }) }, interface: "127.0.0.2")
        // It begins to read when the loop is being stopped.
        let address = port.host
        let client = BlockingThread {
            let socket = try Socket.connecting(to: address, within: .seconds(20))
            while !recorder.has("stopping") { sched_yield() }
            var count = 0
            while let piece = try socket.receive(upTo: 65_536) { count += piece.count }
            return count
        }
        loop.addSystemEventTrigger(.before, .shutdown) { recorder.note("stopping") }
        stopWhenMade(loop, recorder)
        try loop.run()
        #expect(try client.join() == text.count)
        #expect(recorder.notes == ["made", "stopping", "lost: closed cleanly"])
    }

    private func stopWhenMade(_ loop: EventLoop, _ recorder: Recorder) {
        loop.callLater(.milliseconds(1)) {
            if recorder.has("made") { loop.stop(within: .seconds(10)) } else { stopWhenMade(loop, recorder) }
        }
    }
}
