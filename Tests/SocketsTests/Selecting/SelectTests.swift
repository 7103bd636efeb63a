// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct SelectTests {
    // A-145, B-SEL-01
    @Test func `select gives three ready subsets in the order of the lists`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = SharedSocket(try Socket.connecting(to: try server.localAddress))
        let served = SharedSocket(try server.accept())
        let quiet = SharedSocket(try Socket.connecting(to: try server.localAddress))
        _ = try client.socket.send("u".utf8, flags: .outOfBand)
        try served.socket.sendAll("x".utf8)
        _ = try select(readable: [SharedSocket](), exceptional: [served], timeout: .seconds(5))
        _ = try select(readable: [client], timeout: .seconds(5))
        let ready = try select(readable: [quiet, client], writable: [client, served], exceptional: [quiet, served])
        #expect(ready.readable == [client])
        #expect(ready.writable == [client, served])
        #expect(ready.exceptional == [served])
    }

    //
    @Test func `numbers, descriptors and sockets can be mixed`() throws {
        let pair = try SocketPair()
        let shared = SharedSocket(try pair.first.duplicate())
        let items: [any Selectable] = [pair.first.descriptor.rawValue, pair.first.descriptor, shared]
        #expect(try select(readable: [], writable: items).writable.count == 3)
        #expect(try select(readable: items, timeout: .zero).readable.isEmpty)
    }

    //
    @Test func `select polls with zero, waits with a time-out, and for ever without`() throws {
        let pair = try SocketPair()
        #expect(try select(readable: [pair.first.descriptor], timeout: .zero).readable.isEmpty)
        let start = ContinuousClock.now
        #expect(try select(readable: [pair.first.descriptor], timeout: .milliseconds(20)).readable.isEmpty)
        #expect(ContinuousClock.now - start >= .milliseconds(20))
        let watched = SharedSocket(try pair.first.duplicate())
        let waiting = BlockingThread { try select(readable: [watched]).readable == [watched] }
        try pair.second.sendAll("x".utf8)
        #expect(try waiting.join())
    }

    // A-154, B-SEL-01
    @Test func `a descriptor beyond the set is a typed error, and memory stays whole`() throws {
        for number in [1024, 1025, 5000, CInt.max, -1] as [CInt] {
            let error = #expect(throws: SelectorError.self) { _ = try select(readable: [number], timeout: .zero) }
            #expect(error?.reason == (number < 0 ? .notOpen : .beyondSetSize(1024)))
        }
        #expect(throws: SelectorError.self) { _ = try select(readable: [closedDescriptor()], timeout: .zero) }
    }

    // B-SEL-02, B-SEL-06, A2-12
    @Test func `a poll object registers, modifies, unregisters and tells events as flags`() throws {
        let pair = try SocketPair()
        var poll = Poll()
        poll.register(pair.first)
        let everything = try poll.wait(timeout: .zero)
        #expect(everything.map(\.descriptor) == [pair.first.descriptor])
        #expect(everything.first?.events == .output)
        try poll.modify(pair.first, for: .input)
        #expect(try poll.wait(timeout: .zero).isEmpty)
        try pair.second.sendAll("x".utf8)
        #expect(try poll.wait().first?.events.contains(.input) == true)
        try pair.second.shutdown(.both)
        let ended = try #require(try poll.wait().first)
        #expect(ended.events.isSuperset(of: [.input, .hangUp]))
        try poll.unregister(pair.first)
        #expect(try poll.wait(timeout: .zero).isEmpty)
        #expect(throws: SelectorError.self) { try poll.unregister(pair.first) }
        #expect(throws: SelectorError.self) { try poll.modify(pair.first, for: .input) }
        poll.register(closedDescriptor(), for: .input)
        #expect(try poll.wait(timeout: .zero).first?.events == .invalid)
    }

    // B-SEL-03
    @Test func `epoll takes its flags as they are`() throws {
        let pair = try SocketPair()
        let epoll = try Epoll()
        try epoll.register(pair.first.descriptor, token: 5)
        #expect(try epoll.poll(timeout: .zero).map(\.events) == [.output])
        try epoll.modify(pair.first.descriptor, for: [.input, .peerClosed, .edgeTriggered, .oneShot], token: 6)
        try pair.second.shutdown(.sending)
        let events = try epoll.poll(timeout: .zero)
        #expect(events.first?.token == 6)
        #expect(events.first?.events.isSuperset(of: [.input, .peerClosed]) == true)
        #expect(try epoll.poll(timeout: .zero).isEmpty)
        try epoll.unregister(pair.first.descriptor)
        let again = Epoll(adopting: FileDescriptor(rawValue: fcntl(epoll.descriptor.rawValue, F_DUPFD_CLOEXEC, 0)))
        try again.register(pair.first.descriptor, for: [.output, .exclusive], token: 7)
        #expect(try epoll.poll(timeout: .zero).map(\.token) == [7])
    }

    // B-SEL-07
    @Test(arguments: Mechanism.allCases)
    func `a keyed selector remembers an object for each descriptor`(mechanism: Mechanism) throws {
        let selector = try KeyedSelector<String>(mechanism.make())
        let pair = try SocketPair()
        try selector.register(pair.first, for: .readable, data: "first")
        try selector.register(pair.second, for: .writable, data: "second")
        #expect(selector.map.count == 2)
        #expect(selector.key(for: pair.first)?.data == "first")
        #expect(try selector.select(timeout: .zero).map(\.key.data) == ["second"])
        try pair.second.sendAll("x".utf8)
        #expect(try Set(selector.select(timeout: .zero).map(\.key.data)) == ["first", "second"])
        try selector.modify(pair.second, for: .readable, data: "changed")
        #expect(try selector.select(timeout: .zero).map(\.key.data) == ["first"])
        #expect(try selector.unregister(pair.second).data == "changed")
        #expect(throws: SelectorError.self) { try selector.unregister(pair.second) }
        #expect(throws: SelectorError.self) { try selector.register(pair.first, for: .readable, data: "twice") }
    }
}
