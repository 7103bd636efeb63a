// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

/// P10: the checked-in table of system calls, errors and what they come to, each row tried.
@Suite(.blocking) struct ErrnoTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let call: SystemCall
        let error: Errno
        let operation: String
        let outcome: String
        let testDescription: String
    }

    static let rows: [Row] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "ErrnoTable.tsv")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let words = line.split(separator: "\t").map(String.init)
            guard words.count == 4, let call = SystemCall(rawValue: words[0]), let error = errors[words[1]] else {
                return nil
            }
            return Row(call: call, error: error, operation: words[2], outcome: words[3], testDescription: String(line))
        }
    }()

    private static let errors: [String: Errno] = [
        "EMFILE": .tooManyOpenFiles, "ENFILE": .tooManyOpenFilesInSystem, "ENOBUFS": .noBufferSpace,
        "ENOMEM": .noMemory, "EACCES": .permissionDenied, "EPERM": .notPermitted, "EINVAL": .invalidArgument,
        "EAFNOSUPPORT": .addressFamilyNotSupported, "EPROTONOSUPPORT": .protocolNotSupported,
        "EOPNOTSUPP": .notSupportedOnSocket, "EINTR": .interrupted, "EAGAIN": .wouldBlock,
        "EADDRINUSE": .addressInUse, "EADDRNOTAVAIL": .addressNotAvailable, "ENOTDIR": .notDirectory,
        "EROFS": .readOnlyFileSystem, "ECONNABORTED": .connectionAbort, "EPROTO": .protocolError,
        "ENETDOWN": .networkDown, "ENOPROTOOPT": .protocolNotAvailable, "EHOSTDOWN": .hostIsDown,
        "EHOSTUNREACH": .noRouteToHost, "ENETUNREACH": .networkUnreachable, "ECONNREFUSED": .connectionRefused,
        "ETIMEDOUT": .timedOut, "EISCONN": .socketIsConnected, "ECONNRESET": .connectionReset,
        "EALREADY": .alreadyInProcess, "ENOTCONN": .socketNotConnected, "EPIPE": .brokenPipe,
        "EMSGSIZE": .messageTooLong, "EDESTADDRREQ": .addressRequired, "ETOOMANYREFS": .tooManyReferences,
        "EIO": .ioError, "ENOSYS": .noFunction, "EOVERFLOW": .overflow, "EISDIR": .isDirectory, "ENOSPC": .noSpace,
        "ENONET": Errno(rawValue: ENONET), "EBADF": .badFileDescriptor, "ENOTTY": .inappropriateIOCTLForDevice,
    ]

    @Test func `the table is whole: every line is read, and it speaks of every call of a socket`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "ErrnoTable.tsv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(Self.rows.count == lines.count)
        let calls: Set<SystemCall> = [
            .socket, .socketpair, .bind, .listen, .accept4, .connect, .getsockname, .getpeername, .getsockopt,
            .setsockopt, .shutdown, .recv, .send, .recvfrom, .sendto, .recvmsg, .sendmsg, .recvmmsg,
            .sendmmsg, .sendfile, .read, .write,
            .select, .poll, .epollCreate, .epollControl, .epollWait, .close, .dup, .fcntl, .ioctl,
        ]
        #expect(calls.subtracting(Self.rows.map(\.call)).isEmpty)
    }

    // P10
    @Test(arguments: rows) func `P10: each error of each call comes to what the table says`(row: Row) throws {
        let scene = try Scene()
        let plan = FaultPlan.failing(row.call, with: row.error, times: row.outcome == "retried" ? 2 : 1)
        let outcome = Outcome { try withFaults(plan) { try scene.perform(row.operation) } }
        #expect(plan.count(of: row.call) >= 1, "the call was never made")
        switch row.outcome {
        case "retried", "fallback", "ignored": #expect(outcome.error == nil, "\(outcome.error ?? "")")
        default: #expect(outcome.kind == row.outcome, "\(outcome.error ?? "no error")")
        }
        // Nothing is lost by it: the same operation works now.
        let after = Outcome { try Scene().perform(row.operation) }
        #expect(after.error == nil, "\(after.error ?? "")")
    }

    /// What came of an operation, in the table's words.
    private struct Outcome {
        var error: String?
        var kind: String?

        init(_ body: () throws -> Void) {
            do { try body() } catch {
                self.error = "\(error)"
                kind =
                    switch error {
                    case let error as SocketError: Self.word(error.reason)
                    case let error as SelectorError:
                        if case .system = error.reason { "system" } else { "\(error.reason)" }
                    case is Errno: "errno"
                    default: nil
                    }
            }
        }

        static func word(_ reason: SocketError.Reason) -> String {
            switch reason {
            case .system: "system"
            case .broken: "broken"
            case .unsupported: "unsupported"
            case .timedOut: "timedOut"
            default: "\(reason)"
            }
        }
    }

    /// Everything that an operation of the table needs, ready so that it succeeds when nothing is forced.
    private final class Scene {
        let listener: Socket
        let client: SharedSocket
        var pair: SocketPair
        let datagram: Socket

        init() throws {
            listener = try Socket.listening(on: "127.0.0.1:0")
            client = SharedSocket(try Socket.connecting(to: try listener.localAddress))
            pair = try SocketPair()
            datagram = try Socket.bound(to: "udp://127.0.0.1:0")
            try pair.second.sendAll("hello".utf8)
            try datagram.send("hi".utf8, to: try datagram.localAddress)
        }

        func perform(_ operation: String) throws {
            switch operation {
            case "open": _ = try Socket()
            case "pair": _ = try SocketPair()
            case "bind": try Socket().bind(to: SocketAddress.loopback(0))
            case "listen": try Socket().listen()
            case "accept": try accept()
            case "connect": try connect()
            case "connect to a path": try connectToPath()
            case "local address": _ = try listener.localAddress
            case "peer address": _ = try client.socket.peerAddress
            case "get option": _ = try listener[.reuseAddress]
            case "set option": try listener.set(.keepAlive, to: true)
            case "shutdown": try client.socket.shutdown(.sending)
            case "bytes available": _ = try client.socket.bytesAvailable
            case "set time limit": try pair.first.setTimeLimit(.seconds(1))
            case "duplicate": _ = try listener.duplicate()
            case "close": try Socket().close()
            case "select": _ = try select(readable: [listener.descriptor], timeout: .zero)
            case "poll": try pollOnce()
            case "epoll": try epollOnce()
            default: try transfer(operation)
            }
        }

        private func transfer(_ operation: String) throws {
            switch operation {
            case "receive": _ = try pair.first.receive(upTo: 10)
            case "send": _ = try pair.first.send("x".utf8)
            case "receive from": _ = try datagram.receiveFrom(upTo: 10)
            case "send to": try datagram.send("x".utf8, to: try datagram.localAddress)
            case "receive message": _ = try pair.first.receiveMessage(upTo: 10)
            case "send message": _ = try pair.first.sendMessage([[1]])
            case "receive datagrams": try receiveDatagrams()
            case "send datagrams": try sendDatagrams()
            case "send file": try sendFile()
            // A pipe makes the kernel refuse sendfile, so that the copy reads.
            case "copy file": try sendPipe()
            case "write": try writePipe()
            default: throw UnknownOperation(name: operation)
            }
        }

        private func receiveDatagrams() throws {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 200, alignment: 8)
            defer { memory.deallocate() }
            let room = DatagramRoom()
            for index in 0..<2 {
                room.place(index, in: UnsafeMutableRawBufferPointer(rebasing: memory[index * 100..<(index + 1) * 100]))
            }
            #expect(try datagram.receiveDatagramsNow(into: room, upTo: 2) == 1)
            #expect(room.bytes(0) == Array("hi".utf8))
            #expect(room.head(0).sender == (try datagram.localAddress))
        }

        private func sendDatagrams() throws {
            let room = DatagramRoom()
            for index in 0..<2 {
                room.place(index, in: UnsafeMutableRawBufferPointer(start: nil, count: 0))
                room.direct(index, to: try datagram.localAddress)
            }
            #expect(try datagram.sendDatagramsNow(room, count: 2) == 2)
        }

        private func accept() throws {
            // EAGAIN from a blocking listener can only be a time-out of the kernel's; with a limit it is waited for.
            var copy = try listener.duplicate()
            try copy.setTimeLimit(.seconds(5))
            _ = try copy.accept()
        }

        private func connect() throws {
            var socket = try Socket()
            try socket.connect(to: try listener.localAddress)
        }

        private func connectToPath() throws {
            let directory = try TemporaryDirectory()
            let server = try Socket.listening(on: "unix:\(directory.file("s"))")
            _ = try Socket.connecting(to: try server.localAddress)
        }

        private func pollOnce() throws {
            var poll = Poll()
            poll.register(listener, for: .input)
            _ = try poll.wait(timeout: .zero)
        }

        private func epollOnce() throws {
            let epoll = try Epoll()
            try epoll.register(listener.descriptor, token: 1)
            _ = try epoll.poll(timeout: .zero)
        }

        private func sendFile() throws {
            let file = try FileDescriptor.open("/proc/self/exe", .readOnly)
            defer { try? file.close() }
            try pair.first.sendFile(file, count: 100)
        }

        private func sendPipe() throws {
            let pipe = try FileDescriptor.pipe()
            defer { try? pipe.readEnd.close() }
            try pipe.writeEnd.writeAll("abc".utf8)
            try pipe.writeEnd.close()
            try pair.first.sendFile(pipe.readEnd)
        }

        private func writePipe() throws {
            let pipe = try FileDescriptor.pipe()
            defer {
                try? pipe.readEnd.close()
                try? pipe.writeEnd.close()
            }
            let bytes: [UInt8] = [1, 2, 3]
            _ = try bytes.withUnsafeBytes { try SystemCalls.write(pipe.writeEnd.rawValue, $0) }
        }
    }

    private struct UnknownOperation: Error { let name: String }
}
