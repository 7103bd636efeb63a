// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Links that say which process has something. B-TW-05
@Suite(.blocking) struct ProcessLockTests {
    private let directory: TemporaryDirectory
    private let path: [UInt8]

    init() throws {
        directory = try TemporaryDirectory()
        path = Array(directory.file("s.lock").utf8)
    }

    private var target: String? { try? FileManager.default.destinationOfSymbolicLink(atPath: directory.file("s.lock")) }

    private func link(to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: directory.file("s.lock"), withDestinationPath: target)
    }

    /// The number of a process that is no more.
    private func deadProcess() throws -> Int32 {
        let program = try ForeignProgram("true")
        try program.exit()
        return program.processIdentifier
    }

    @Test func `it leads to this process until it is released`() throws {
        let lock = try ProcessLock.take(path)
        #expect(target == "\(getpid())")
        #expect(try ProcessLock.owner(of: path) == getpid())
        #expect(throws: Errno.fileExists) { try ProcessLock.take(path) }
        #expect(target == "\(getpid())", "who was refused has released nothing")
        lock.release()
        #expect(target == nil)
        #expect(try ProcessLock.owner(of: path) == nil)
        lock.release()
    }

    @Test func `it goes with who has it`() throws {
        do { _ = try ProcessLock.take(path) }
        #expect(target == nil)
    }

    @Test func `a living process's is respected, a dead one's is taken over`() throws {
        let other = try ForeignProgram("cat")
        try link(to: "\(other.processIdentifier)")
        #expect(try ProcessLock.owner(of: path) == other.processIdentifier)
        #expect(throws: Errno.fileExists) { try ProcessLock.take(path) }
        other.kill()
        #expect(try ProcessLock.owner(of: path) == nil)
        let lock = try ProcessLock.take(path)
        #expect(target == "\(getpid())")
        withExtendedLifetime(lock) {}
    }

    @Test func `one with this process's number that it has not made is a dead process's`() throws {
        try link(to: "\(getpid())")
        #expect(try ProcessLock.owner(of: path) == nil)
        let lock = try ProcessLock.take(path)
        #expect(try ProcessLock.owner(of: path) == getpid())
        withExtendedLifetime(lock) {}
    }

    @Test(arguments: ["", "nginx", "12x", "0", "-1", "99999999999"])
    func `what is no process's number is left alone`(text: String) throws {
        // A link to nothing is no link.
        if text.isEmpty {
            try "4711".write(toFile: directory.file("s.lock"), atomically: false, encoding: .utf8)
        } else {
            try link(to: text)
        }
        #expect(throws: Errno.fileExists) { try ProcessLock.take(path) }
        #expect(throws: Errno.fileExists) { try ProcessLock.owner(of: path) }
        #expect(FileManager.default.fileExists(atPath: directory.file("s.lock")) || target == text)
    }

    @Test func `what somebody else has put there since is not removed`() throws {
        let lock = try ProcessLock.take(path)
        try FileManager.default.removeItem(atPath: directory.file("s.lock"))
        try link(to: "1")
        lock.release()
        #expect(target == "1")
    }

    @Test func `where nothing can be made the system's word is told`() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try ProcessLock.take(Array(directory.file("none/s.lock").utf8))
        }
        #expect(throws: Errno.invalidArgument) { try ProcessLock.take([0x61, 0, 0x62]) }
    }

    // P23, of the lock: of those who see a dead process's link exactly one has it.
    @Test func `of many who take over one stale lock exactly one wins`() throws {
        for _ in 0..<repetitions(30, soak: 1000) {
            try link(to: "\(try deadProcess())")
            let path = path
            let winners = Mutex<[ProcessLock]>([])
            let threads = (0..<4).map { _ in
                BlockingThread {
                    guard let lock = try? ProcessLock.take(path) else { return }
                    winners.withLock { $0.append(lock) }
                }
            }
            for thread in threads { try thread.join() }
            #expect(winners.withLock { $0.count } == 1)
            #expect(target == "\(getpid())")
            winners.withLock { $0 = [] }
        }
    }
}
