// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// The two file systems, which must not be told apart.
enum Files: CaseIterable, Sendable {
    case system, memory

    func withDirectory(_ body: (any Directory) async throws -> Void) async throws {
        let temporary = try TemporaryDirectory()
        switch self {
        case .system: try await body(try await World.real().files.openDirectory(at: temporary.path))
        case .memory: try await body(try await MemoryFileSystem().openDirectory(at: "/"))
        }
        withExtendedLifetime(temporary) {}
    }
}

private func fileReason(_ body: () async throws -> Void) async -> FileError.Reason? {
    do {
        try await body()
        return nil
    } catch { return (error as? FileError)?.reason }
}

@Suite(.blocking) struct FileSystemTests {
    // A-112: a file in ranges, as a download server and an HTTP server read it
    @Test(arguments: Files.allCases)
    func `a file is read in ranges, and its end is nil`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.write(Array("hello world".utf8), to: "greeting.txt")
            let file = try await directory.open("greeting.txt")
            #expect(file.status.kind == .regular && file.status.size == 11)
            #expect((file.descriptor != nil) == (files == .system))
            #expect(try await file.read(upTo: 5, at: 6) == Array("world".utf8))
            #expect(try await file.read(upTo: .max, at: 0) == Array("hello world".utf8))
            #expect(try await file.read(upTo: 5, at: 11) == nil)
            #expect(try await file.read(upTo: 5, at: .max) == nil)
            var bytes = [UInt8]()
            while let more = try await file.read(upTo: 3, at: Int64(bytes.count)) { bytes += more }
            #expect(bytes == Array("hello world".utf8))
            guard case .invalid = await fileReason({ _ = try await file.read(upTo: 0, at: 0) }) else {
                Issue.record("a read of nothing was taken")
                return
            }
            guard case .invalid = await fileReason({ _ = try await file.read(upTo: 1, at: -1) }) else {
                Issue.record("a negative offset was taken")
                return
            }
        }
    }

    @Test(arguments: Files.allCases)
    func `a file is read into the caller's memory, behind what is there`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.write(Array("abcdef".utf8), to: "f")
            let file = try await directory.open("f")
            #expect(try await readInto(file, behind: ">", at: 2) == Array(">cde".utf8))
            #expect(try await readInto(file, behind: ">", at: 6) == Array(">".utf8))
        }
    }

    /// Four bytes of room, some of which are taken.
    private func readInto(
        _ file: any ReadableFile, behind text: String, at offset: Int64
    ) async throws -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
        defer { memory.deallocate() }
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        for byte in text.utf8 { output.append(byte, as: UInt8.self) }
        let count = try await file.read(into: &output, at: offset)
        let total = output.finalize(for: memory)
        #expect(total == text.utf8.count + (count ?? 0))
        return Array(memory.prefix(total))
    }

    @Test(arguments: Files.allCases)
    func `status tells size, kind and date`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.makeDirectory("sub")
            try await directory.write([1, 2, 3], to: "sub/three", durably: true)
            let status = try await directory.status(of: "sub/three")
            #expect(status.size == 3 && status.kind == .regular)
            if files == .system {
                let age = World.real().wallTime - status.modified
                #expect(age > .seconds(-5) && age < .seconds(60))
            }
            #expect(try await directory.status(of: "sub").kind == .directory)
            #expect(try await directory.status(of: ".").kind == .directory)
            #expect(try await directory.status(of: "sub/../sub/./three").inode == status.inode)
        }
    }

    @Test(arguments: Files.allCases)
    func `a listing is in order, bounded, and says whether it is whole`(files: Files) async throws {
        try await files.withDirectory { directory in
            for name in ["b", "a", "c", "ä"] { try await directory.write([], to: RelativePath(name)) }
            try await directory.makeDirectory("d")
            let all = try await directory.list(".", maximum: 100)
            #expect(all.entries.map(\.name) == ["a", "b", "c", "d", "ä"])
            #expect(all.isComplete)
            #expect(all.entries.first { $0.name == "d" }?.kind == .directory)
            #expect(all.entries.first { $0.name == "a" }?.kind == .regular)
            let some = try await directory.list(".", maximum: 2)
            #expect(some.entries.count == 2 && !some.isComplete)
            #expect(try await directory.openDirectory("d").list(".", maximum: 9).entries == [])
        }
    }

    @Test(arguments: Files.allCases)
    func `every error has its reason`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.makeDirectory("full")
            try await directory.write([], to: "full/file")
            let outcomes: [(FileError.Reason?, FileError.Reason)] = [
                (await fileReason { _ = try await directory.open("none") }, .notFound),
                (await fileReason { _ = try await directory.open("") }, .notFound),
                (await fileReason { _ = try await directory.open("none/file") }, .notFound),
                (await fileReason { _ = try await directory.open("full") }, .isDirectory),
                (await fileReason { _ = try await directory.open("full/file/x") }, .notDirectory),
                (await fileReason { _ = try await directory.open("full/file/") }, .notDirectory),
                (await fileReason { _ = try await directory.openDirectory("full/file") }, .notDirectory),
                (await fileReason { _ = try await directory.status(of: "none") }, .notFound),
                (await fileReason { _ = try await directory.list("none", maximum: 1) }, .notFound),
                (await fileReason { try await directory.makeDirectory("full") }, .exists),
                (await fileReason { try await directory.makeDirectory("none/sub") }, .notFound),
                (await fileReason { try await directory.remove("full") }, .notEmpty),
                (await fileReason { try await directory.remove("none") }, .notFound),
                (await fileReason { try await directory.write([], to: "none/file") }, .notFound),
                (await fileReason { try await directory.write([], to: "full/file", replacing: false) }, .exists),
                (await fileReason { try await directory.write([], to: "full") }, .isDirectory),
                (await fileReason { _ = try await directory.open("a\0b") }, .invalid("no name holds a NUL")),
                (await fileReason { try await directory.remove("a\0b") }, .invalid("no name holds a NUL")),
                (await fileReason { try await directory.remove(".") }, .invalid("this path names no file")),
                (await fileReason { try await directory.remove("full/..") }, .invalid("this path names no file")),
            ]
            for (index, (got, expected)) in outcomes.enumerated() { #expect(got == expected, "\(index)") }
            try await directory.remove("full/file")
            try await directory.remove("full")
            #expect(try await directory.list(".", maximum: 9).entries == [])
        }
    }

    // P19's kin: nothing leads out
    @Test(arguments: Files.allCases)
    func `no path leads out of the directory, one that stays inside is followed`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.makeDirectory("a")
            try await directory.write([7], to: "b")
            for path in ["..", "../b", "/etc/passwd", "a/../../b", "a/../../../etc/passwd"] as [RelativePath] {
                #expect(await fileReason { _ = try await directory.open(path) } == .escapes, "open \(path)")
                #expect(await fileReason { _ = try await directory.status(of: path) } == .escapes, "status \(path)")
                #expect(await fileReason { _ = try await directory.openDirectory(path) } == .escapes, "\(path)")
            }
            for path in ["../b", "/tmp/b", "a/../../b"] as [RelativePath] {
                #expect(await fileReason { try await directory.write([], to: path) } == .escapes, "write \(path)")
                #expect(await fileReason { try await directory.remove(path) } == .escapes, "remove \(path)")
                #expect(await fileReason { try await directory.makeDirectory(path) } == .escapes, "make \(path)")
            }
            #expect(try await directory.open("a/../b").read(upTo: 9, at: 0) == [7])
        }
    }

    @Test func `links that lead out are refused, links that stay are followed, and pipes are never opened`()
        async throws
    {
        let temporary = try TemporaryDirectory()
        let directory = try await World.real().files.openDirectory(at: temporary.path)
        try await directory.write([1], to: "real")
        symlink("/etc/passwd", temporary.file("out"))
        symlink("/", temporary.file("root"))
        symlink("real", temporary.file("inside"))
        mkfifo(temporary.file("pipe"), 0o600)
        #expect(await fileReason { _ = try await directory.open("out") } == .escapes)
        #expect(await fileReason { _ = try await directory.open("root/etc/passwd") } == .escapes)
        #expect(await fileReason { _ = try await directory.status(of: "root/etc") } == .escapes)
        #expect(await fileReason { try await directory.write([], to: "root/tmp/x") } == .escapes)
        #expect(try await directory.open("inside").read(upTo: 9, at: 0) == [1])
        #expect(await fileReason { _ = try await directory.open("pipe") } == .notRegular)
        #expect(try await directory.status(of: "pipe").kind == .pipe)
        // What is replaced or removed is the link, not what it leads to.
        try await directory.write([2], to: "out")
        #expect(try await directory.status(of: "out").size == 1)
        try await directory.remove("root")
        #expect(FileManager.default.fileExists(atPath: "/etc/passwd"))
    }

    @Test(arguments: Files.allCases)
    func `a file appears at one stroke, and who reads the old one goes on`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.write(Array("old".utf8), to: "f")
            let old = try await directory.open("f")
            let new = try await directory.create("f")
            try await new.append(Array("ne".utf8))
            try await new.append(Array("w!".utf8))
            #expect(try await directory.open("f").read(upTo: 9, at: 0) == Array("old".utf8))
            try await new.commit(replacing: true, durably: false)
            #expect(try await directory.open("f").read(upTo: 9, at: 0) == Array("new!".utf8))
            #expect(try await old.read(upTo: 9, at: 0) == Array("old".utf8))
            #expect(await fileReason { try await new.append([1]) } == .closed)
            #expect(await fileReason { try await new.commit(replacing: true, durably: false) } == .closed)
            #expect(try await directory.list(".", maximum: 9).entries.map(\.name) == ["f"])
        }
    }

    @Test(arguments: Files.allCases)
    func `a file that is discarded, dropped or refused leaves nothing`(files: Files) async throws {
        try await files.withDirectory { directory in
            try await directory.write([1], to: "taken")
            do {
                let discarded = try await directory.create("x")
                try await discarded.append([1, 2, 3])
                discarded.discard()
                discarded.discard()
                #expect(await fileReason { try await discarded.append([1]) } == .closed)
                _ = try await directory.create("dropped")
            }
            #expect(await fileReason { try await directory.write([2], to: "taken", replacing: false) } == .exists)
            #expect(try await directory.list(".", maximum: 9).entries.map(\.name) == ["taken"])
            #expect(try await directory.open("taken").read(upTo: 9, at: 0) == [1])
        }
    }

    @Test func `what waits for a thread heeds cancellation and the queue's bound`() async throws {
        let pool = BlockingPool(maximumThreads: 1, maximumQueued: 1)
        let files = SystemFiles(pool: pool)
        let gate = DispatchSemaphore(value: 0)
        async let blocker: Void = pool.run { gate.wait() }
        try await until { pool.load.threads == 1 && pool.load.queued == 0 && pool.load.idle == 0 }
        let waiting = Task { await fileReason { _ = try await files.openDirectory(at: "/") } }
        try await until { pool.load.queued == 1 }
        #expect(await fileReason { _ = try await files.openDirectory(at: "/") } == .limitReached(1))
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        gate.signal()
        try await blocker
    }

    #if DEBUG
        @Test func `what the system does not know by heart comes from the pool, the same`() async throws {
            let pool = BlockingPool(maximumThreads: 1)
            let temporary = try TemporaryDirectory()
            let directory = try await SystemFiles(pool: pool).openDirectory(at: temporary.path)
            try await directory.write(Array("cold".utf8), to: "f")
            let cold = FaultPlan { call, _ in
                call == .openat2 || call == .preadv2 ? .fail(.resourceTemporarilyUnavailable) : nil
            }
            try await FaultPlan.$current.withValue(cold) {
                let file = try await directory.open("f")
                #expect(try await file.read(upTo: 3, at: 1) == Array("old".utf8))
                #expect(try await file.read(upTo: 3, at: 4) == nil)
                #expect(try await directory.status(of: "f").size == 4)
                #expect(await fileReason { _ = try await directory.open("../f") } == .escapes)
            }
            #expect(cold.count(of: .preadv2) == 2)
            #expect(cold.count(of: .openat2) == 3)
        }
    #endif

    @Test(arguments: [
        (Errno.noSuchFileOrDirectory, "not found"), (.permissionDenied, "permission denied"),
        (.notPermitted, "permission denied"), (.isDirectory, "is a directory"), (.notDirectory, "not a directory"),
        (.improperLink, "the path leads out of the directory"), (.fileExists, "the name is taken"),
        (.directoryNotEmpty, "the directory is not empty"), (.noSpace, "no space left"),
        (.fileNameTooLong, "a name is too long"), (.ioError, "input/output error"),
    ])
    func `an error is one line that tells the story`(error: Errno, words: String) {
        #expect("\(FileError(.open, "a\nb", error: error))".hasSuffix(words))
        #expect(!"\(FileError(.open, "a\nb", error: error))".contains("\n"))
    }
}
