// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Whose a UNIX path is: the lock beside it. B-TW-05
@Suite struct UnixOwnerTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.file("s") }

    init() throws { folder = try TemporaryDirectory() }

    private var owner: String? { try? FileManager.default.destinationOfSymbolicLink(atPath: path + ".lock") }

    /// Listens, and tells what came of it.
    private func listen(on loop: EventLoop) async throws(SocketError) -> ListeningPort {
        let path = path
        return try await loop.run { () throws(SocketError) in
            try loop.listenUNIX(path, Factory(EchoProtocol.init), mode: [.ownerReadWrite], wantsPID: true)
        }
    }

    /// Connects with a look at the lock, and tells what came of it: what a server echoed, or an error.
    private func connect(on loop: EventLoop) async throws -> String {
        let (path, recorder) = (path, Recorder())
        let factory = ClientFactory { RecordingProtocol(recorder, made: { $0.write("hi") }) }
            .whenFailed { _, error in recorder.note("failed: \(error.isConnectionRefused) \(error)") }
        try await loop.run { () throws(SocketError) in _ = try loop.connectUNIX(path, factory, checksPID: true) }
        try await until(on: loop) { recorder.has("received so far hi") || recorder.notes.contains { $0 != "made" } }
        if let transport = recorder.transport { transport.abortConnection() }
        return recorder.notes.first { $0 != "made" } ?? ""
    }

    @Test func `this process's number stands beside the path as long as it listens`() async throws {
        try await withLoop(of: .epoll) { loop in
            let port = try await listen(on: loop)
            #expect(owner == "\(getpid())")
            let error = await #expect(throws: SocketError.self) { try await listen(on: loop) }
            #expect(error?.isAddressInUse == true && error?.holder?.process == getpid())
            #expect(error.map { "\($0)" }?.contains("pid \(getpid())") == true)
            #expect(try await connect(on: loop) == "received so far hi")
            port.stopListening()
            try await until(on: loop) { owner == nil }
            // Nobody has it now: who looks is told so, and does not knock.
            let answer = try await connect(on: loop)
            #expect(answer.hasPrefix("failed: true") && answer.contains("no process has locked"), "\(answer)")
        }
    }

    @Test func `an attempt that fails and is given up at once is told of once`() async throws {
        try await withLoop(of: .epoll) { loop in
            let (path, recorder) = (path, Recorder())
            let factory = ClientFactory { RecordingProtocol(recorder) }.whenFailed { connector, error in
                recorder.note("\(connector.state) \(error.isConnectionRefused)")
            }
            // Nobody has a lock there: it has failed before it is stopped.
            let connector = try await loop.run { () throws(SocketError) in
                let connector = try loop.connectUNIX(path, factory, checksPID: true)
                connector.stopConnecting()
                connector.disconnect()
                return connector
            }
            try await until(on: loop) { !recorder.notes.isEmpty }
            connector.connect()
            try await until(on: loop) { recorder.notes.count > 1 && connector.state == .disconnected }
            #expect(recorder.notes == ["disconnected true", "disconnected true"])
        }
    }

    @Test func `a port that can't be had leaves no lock`() async throws {
        // A plain file is never taken over.
        try "precious".write(toFile: path, atomically: false, encoding: .utf8)
        try await withLoop(of: .epoll) { loop in
            await #expect(throws: SocketError.self) { try await listen(on: loop) }
            #expect(owner == nil)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == "precious")
        }
    }

    @Test(arguments: [FilePermissions.ownerReadWrite, [.ownerReadWrite, .groupReadWrite, .otherReadWrite]])
    func `a path has the mode that was asked for, whatever the mask says`(mode: FilePermissions) async throws {
        let path = path
        try await withLoop(of: .epoll) { loop in
            let port = try await loop.run { () throws(SocketError) in
                try loop.listenUNIX(path, Factory(EchoProtocol.init), mode: mode)
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == Int(mode.rawValue))
            port.stopListening()
        }
    }

    @Test func `in a simulation there are no locks`() async throws {
        try await withLoop(of: .memory) { loop in
            let error = await #expect(throws: SocketError.self) { try await listen(on: loop) }
            guard case .unsupported = try #require(error).reason else { throw try #require(error) }
        }
    }
}

/// The same beside Twisted, in both roles.
@Suite(.blocking, .enabled(if: Twisted.python != nil, Comment(rawValue: Twisted.absence)))
struct TwistedUnixOwnerTests {
    private static let script = """
        import sys
        from twisted.internet import reactor, protocol, error
        role, path = sys.argv[1:]
        class Echo(protocol.Protocol):
            def dataReceived(self, data):
                self.transport.write(data)
        class Ask(protocol.Protocol):
            def connectionMade(self):
                self.transport.write(b"hello")
            def dataReceived(self, data):
                print("heard", data.decode(), flush=True)
                reactor.stop()
        class Asking(protocol.ClientFactory):
            protocol = Ask
            def clientConnectionFailed(self, connector, reason):
                print("failed", reason.type.__name__, flush=True)
                reactor.stop()
        if role == "server":
            try:
                reactor.listenUNIX(path, protocol.Factory.forProtocol(Echo), wantPID=True)
            except error.CannotListenError as problem:
                print("refused", problem.socketError, flush=True)
                sys.exit()
            reactor.callWhenRunning(print, "listening", flush=True)
        else:
            reactor.connectUNIX(path, Asking(), checkPID=True)
        reactor.run()
        """

    private static func twisted(_ role: String, _ path: String) throws -> ForeignProgram {
        try ForeignProgram(try #require(Twisted.python), ["-c", script, role, path])
    }

    /// Blocks on a thread of its own.
    private static func said(_ role: String, _ path: String) async throws -> String {
        try await BlockingThread { try twisted(role, path).line() }.value()
    }

    @Test func `Twisted respects our lock, and its client finds it`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("s")
        try await withLoop(of: .epoll) { loop in
            let port = try await loop.run { () throws(SocketError) in
                try loop.listenUNIX(path, Factory(EchoProtocol.init), wantsPID: true)
            }
            #expect(try await Self.said("server", path) == "refused Cannot acquire lock")
            #expect(try await Self.said("client", path) == "heard hello")
            port.stopListening()
        }
    }

    @Test func `we respect Twisted's lock while it lives, and take it over when it was killed`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("s")
        let server = try Self.twisted("server", path)
        try server.line(containing: "listening")
        let process = server.processIdentifier
        try await withLoop(of: .epoll) { loop in
            @Sendable func listen() async throws(SocketError) -> ListeningPort {
                try await loop.run { () throws(SocketError) in
                    try loop.listenUNIX(path, Factory(EchoProtocol.init), wantsPID: true)
                }
            }
            let error = await #expect(throws: SocketError.self) { try await listen() }
            #expect(error?.isAddressInUse == true && error?.holder?.process == process)
            let recorder = Recorder()
            try await loop.run { () throws(SocketError) in
                let factory = ClientFactory { RecordingProtocol(recorder, made: { $0.write("hi") }) }
                _ = try loop.connectUNIX(path, factory, checksPID: true)
            }
            try await until(on: loop) { recorder.has("received so far hi") }
            // A process that was killed leaves both the path and the lock.
            kill(process, SIGKILL)
            try await until(on: loop) { recorder.notes.contains { $0.hasPrefix("lost") } }
        }
        server.kill()
        try await withLoop(of: .epoll) { loop in
            let port = try await loop.run { () throws(SocketError) in
                try loop.listenUNIX(path, Factory(EchoProtocol.init), wantsPID: true)
            }
            #expect(try await Self.said("client", path) == "heard hello")
            port.stopListening()
        }
    }
}
