// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct SendFileTests {
    private func temporaryFile(_ bytes: [UInt8]) throws -> (TemporaryDirectory, FileDescriptor) {
        let directory = try TemporaryDirectory()
        let path = directory.file("data")
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
        return (directory, try FileDescriptor.open(FilePath(path), .readOnly))
    }

    // B-SOCK-17
    @Test func `a file arrives whole, in part, and up to its end`() throws {
        let bytes = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 9) }
        let (directory, file) = try temporaryFile(bytes)
        defer { try? file.close() }
        let cases: [(Int64, Int64?, ArraySlice<UInt8>)] = [
            (0, nil, bytes[...]), (100, 1000, bytes[100..<1100]), (Int64(bytes.count) - 5, 100, bytes.suffix(5)),
            (Int64(bytes.count) + 5, nil, []), (7, 0, []),
        ]
        for (offset, count, expected) in cases {
            let pair = try SocketPair()
            let sender = SharedSocket(try pair.first.duplicate())
            let sending = BlockingThread {
                let sent = try sender.socket.sendFile(file, from: offset, count: count)
                try sender.socket.shutdown(.sending)
                return sent
            }
            let received = try SocketFile(pair.second.duplicate()).readToEnd(maximumLength: 4 << 20)
            #expect(received == Array(expected))
            #expect(try sending.join() == Int64(expected.count))
        }
        withExtendedLifetime(directory) {}
    }

    // B-SOCK-17: the fallback
    @Test(arguments: [Errno.invalidArgument, .noFunction])
    func `what the kernel can't copy goes through memory`(error: Errno) throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let (directory, file) = try temporaryFile(bytes)
        defer { try? file.close() }
        let pair = try SocketPair()
        let receiver = SharedSocket(try pair.second.duplicate())
        let receiving = BlockingThread { try SocketFile(receiver).readToEnd(maximumLength: 1 << 20) }
        let plan = FaultPlan.failing(.sendfile, with: error)
        #expect(try withFaults(plan) { try pair.first.sendFile(file, from: 10) } == 199_990)
        #expect(plan.count(of: .sendfile) == 1)
        try pair.first.shutdown(.sending)
        #expect(try receiving.join() == Array(bytes[10...]))
        withExtendedLifetime(directory) {}
    }

    // B-SOCK-17
    @Test func `a pipe is no file for the kernel, and is sent all the same`() throws {
        let pipe = try FileDescriptor.pipe()
        try pipe.writeEnd.writeAll("through a pipe".utf8)
        try pipe.writeEnd.close()
        let pair = try SocketPair()
        #expect(try pair.first.sendFile(pipe.readEnd) == 14)
        #expect(try pair.second.receive(upTo: 100) == Array("through a pipe".utf8))
        try pipe.readEnd.close()
    }

    @Test func `senseless parts of a file are refused`() throws {
        let pair = try SocketPair()
        for (offset, count) in [(Int64(-1), Int64?.none), (0, -1)] {
            let error = #expect(throws: SocketError.self) {
                try pair.first.sendFile(.standardInput, from: offset, count: count)
            }
            guard case .invalid = error?.reason else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(throws: SocketError.self) { try pair.first.sendFile(FileDescriptor(rawValue: 9999)) }
    }

    // B-SOCF-16, law 10: this process has SIGPIPE at its default, which would end it
    @Test func `a peer that resets during sendFile or a send does not kill the process`() throws {
        var action = sigaction()
        #expect(sigaction(SIGPIPE, nil, &action) == 0)
        #expect(action.__sigaction_handler.sa_handler == nil, "SIGPIPE must have its default disposition here")
        let (directory, file) = try temporaryFile([UInt8](repeating: 7, count: 32 << 20))
        defer { try? file.close() }
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = SharedSocket(try Socket.connecting(to: try server.localAddress))
        let served = try server.accept()
        let sending = BlockingThread {
            // The first error is the reset, the next ones come as EPIPE with the signal.
            var reasons: [SocketError.Reason] = []
            for _ in 0..<3 {
                do { while true { try client.socket.sendFile(file) } } catch let error as SocketError {
                    reasons.append(error.reason)
                }
            }
            do { _ = try client.socket.send([1]) } catch let error as SocketError { reasons.append(error.reason) }
            return reasons
        }
        _ = try served.receive(upTo: 1000)
        try served.set(.linger, to: .reset)
        try served.close()
        let reasons = try sending.join()
        #expect(reasons.count == 4)
        #expect(reasons.last == .broken(.brokenPipe))
        #expect(reasons.allSatisfy { if case .broken = $0 { true } else { false } })
        withExtendedLifetime(directory) {}
    }

    // B-SOCK-10, B-SOCK-17
    @Test func `the limit counts for the whole file, through memory too`() throws {
        let (directory, file) = try temporaryFile([UInt8](repeating: 7, count: 2 << 20))
        defer { try? file.close() }
        var pair = try SocketPair()
        try pair.first.set(.sendBuffer, to: 4096)
        try pair.first.setTimeLimit(.milliseconds(300))
        let reader = SharedSocket(try pair.second.duplicate())
        // Each piece passes well within the limit, all of them do not.
        let slow = BlockingThread {
            while try reader.socket.receive(upTo: 16_384) != nil {
                _ = try select(readable: [FileDescriptor](), timeout: .milliseconds(10))
            }
        }
        let error = withFaults(.failing(.sendfile, with: .invalidArgument)) {
            #expect(throws: SocketError.self) { try pair.first.sendFile(file) }
        }
        #expect(error?.reason == .timedOut)
        try pair.first.shutdown(.both)
        try slow.join()
        withExtendedLifetime(directory) {}
    }

    // B-SOCF-16, law 10: a write that moved something before the reader left succeeds, and raises the signal as well
    @Test func `a reader that leaves in the middle of a write does not kill the process`() throws {
        let pipe = try FileDescriptor.pipe()
        let writing = BlockingThread {
            try [UInt8](repeating: 7, count: 4 << 20).withUnsafeBytes {
                try SystemCalls.write(pipe.writeEnd.rawValue, $0)
            }
        }
        var byte: UInt8 = 0
        #expect(try withUnsafeMutableBytes(of: &byte) { try pipe.readEnd.read(into: $0) } == 1)
        try pipe.readEnd.close()
        #expect((1..<4 << 20).contains(try writing.join()))
        try pipe.writeEnd.close()
    }
}
