// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct SignalTests {
    @Test func `a set holds what was put into it`() {
        let set: SignalSet = [.terminate, .hangUp]
        #expect(set.contains(.terminate) && set.contains(.hangUp) && !set.contains(.interrupt))
        #expect(SignalSet.all.contains(.user2))
        #expect(!SignalSet([Signal(rawValue: 9999)]).contains(Signal(rawValue: 9999)))
        #expect("\(Signal.terminate) \(Signal(rawValue: 34))" == "SIGTERM signal 34")
    }

    @Test func `signals are blocked and let through in one thread only`() throws {
        let inside = BlockingThread {
            try SystemCalls.setBlocked([])
            let before = try SystemCalls.block([.user1, .windowChange])
            let during = try SystemCalls.block([])
            try SystemCalls.unblock([.user1])
            let after = try SystemCalls.block([])
            try SystemCalls.setBlocked([])
            let cleared = try SystemCalls.block([])
            return [before, during, after, cleared].map { [$0.contains(.user1), $0.contains(.windowChange)] }
        }
        #expect(try inside.join() == [[false, false], [true, true], [false, true], [false, false]])
        let before = try SystemCalls.block([])
        let other = BlockingThread { try SystemCalls.block([.user2]).contains(.user2) }
        #expect(try other.join() == before.contains(.user2), "a thread starts with the mask of the one that starts it")
        #expect(try SystemCalls.block([]).contains(.user2) == before.contains(.user2))
    }

    @Test func `a blocked signal is read from a descriptor, once`() throws {
        let found = BlockingThread {
            try SystemCalls.block([.user1, .windowChange])
            let signals = try SignalDescriptor([.user1, .windowChange])
            let nothing = try signals.next()
            // Sent to this thread alone: a process with other threads must not get it.
            pthread_kill(pthread_self(), SIGUSR1)
            pthread_kill(pthread_self(), SIGWINCH)
            var entry = pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0)
            let isReadable = poll(&entry, 1, 0) == 1
            var arrived: [SignalDescriptor.Arrival] = []
            while let arrival = try signals.next() { arrived.append(arrival) }
            return (nothing == nil, isReadable, arrived, try SystemCalls.isNonblocking(signals.number))
        }
        let (wasEmpty, isReadable, arrived, isNonblocking) = try found.join()
        #expect(wasEmpty)
        #expect(isReadable)
        #expect(isNonblocking)
        #expect(Set(arrived.map(\.signal)) == [.user1, .windowChange])
        #expect(arrived.allSatisfy { $0.sender == getpid() && $0.user == getuid() })
    }

    #if DEBUG
        @Test func `P10: errors of signalfd and of the mask are told`() throws {
            try withFaults(.failing(.signalfd, with: .interrupted, times: 2)) { _ = try SignalDescriptor([.user1]) }
            _ = withFaults(.failing(.signalfd, with: .tooManyOpenFiles)) {
                #expect(throws: Errno.tooManyOpenFiles) { _ = try SignalDescriptor([.user1]) }
            }
            _ = withFaults(.failing(.sigmask, with: .invalidArgument)) {
                #expect(throws: Errno.invalidArgument) { try SystemCalls.block([.user1]) }
            }
            let signals = try SignalDescriptor([.user1])
            _ = withFaults(.failing(.read, with: .ioError)) {
                #expect(throws: Errno.ioError) { try signals.next() }
            }
        }
    #endif
}
