// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct FileTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func directory() throws -> OwnedDescriptor {
        try SystemCalls.open(home.path.utf8, in: SystemCalls.currentDirectory, .readOnly, options: .directory)
    }

    private func write(_ text: String, to name: String) throws {
        try text.write(toFile: home.file(name), atomically: false, encoding: .utf8)
    }

    @Test func `a file is opened, closed on exec, and its status equals what Foundation says`() throws {
        try write("hello", to: "a")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: home.file("a"))
        let place = try directory()
        let file = try SystemCalls.open("a".utf8, in: place.number, .readOnly)
        #expect(try !SystemCalls.isInheritable(file.number))
        let status = try SystemCalls.status(of: file.number)
        let known = try FileManager.default.attributesOfItem(atPath: home.file("a"))
        #expect(status.kind == .regular)
        #expect(status.size == 5)
        #expect(status.permissions.rawValue == 0o640)
        #expect(status.inode == (known[.systemFileNumber] as? UInt64))
        #expect(status.linkCount == 1)
        let modified = try #require(known[.modificationDate] as? Date).timeIntervalSince1970
        #expect(abs(status.modified / .seconds(1) - modified) < 0.001)
        #expect(try SystemCalls.status(of: "a".utf8, in: place.number) == status)
    }

    @Test func `each kind of file is told`() throws {
        let place = try directory()
        try FileManager.default.createSymbolicLink(atPath: home.file("link"), withDestinationPath: "nowhere")
        try SystemCalls.makeDirectory("sub".utf8, in: place.number, permissions: .init(rawValue: 0o755))
        #expect(mkfifo(home.file("fifo"), 0o600) == 0)
        let kinds = try ["link", "sub", "fifo", "/dev/null"].map {
            try SystemCalls.status(of: $0.utf8, in: place.number, followingLinks: false).kind
        }
        #expect(kinds == [.symbolicLink, .directory, .pipe, .characterDevice])
        #expect(throws: Errno.noSuchFileOrDirectory) { try SystemCalls.status(of: "link".utf8, in: place.number) }
        try SystemCalls.removeDirectory("sub".utf8, in: place.number)
        #expect(throws: Errno.noSuchFileOrDirectory) { try SystemCalls.status(of: "sub".utf8, in: place.number) }
    }

    @Test func `a path with a NUL is refused, not cut`() throws {
        try write("x", to: "a")
        let place = try directory()
        let path = Array("a\0b".utf8)
        #expect(throws: Errno.invalidArgument) { _ = try SystemCalls.open(path, in: place.number, .readOnly) }
        #expect(throws: Errno.invalidArgument) { _ = try SystemCalls.openBeneath(place.number, path, .readOnly) }
        #expect(throws: Errno.invalidArgument) { try SystemCalls.unlink(path, in: place.number) }
        #expect(throws: Errno.invalidArgument) {
            try SystemCalls.rename("a".utf8, in: place.number, to: path, in: place.number)
        }
        #expect(FileManager.default.fileExists(atPath: home.file("a")))
    }

    @Test func `what is in memory is read at once, in any place of the file`() throws {
        try write("0123456789", to: "a")
        let place = try directory()
        let file = try SystemCalls.open("a".utf8, in: place.number, .readOnly)
        var buffer = [UInt8](repeating: 0, count: 4)
        // A file that was just written is in memory; a file system without the answer says nil, and is not tested here.
        let count = try buffer.withUnsafeMutableBytes { try SystemCalls.readCached(file.number, into: $0, at: 7) }
        if let count { #expect(String(decoding: buffer[..<count], as: UTF8.self) == "789") }
        let end = try buffer.withUnsafeMutableBytes { try SystemCalls.readCached(file.number, into: $0, at: 10) }
        #expect(end == 0 || end == nil)
    }

    @Test func `a file without a name gets one when it is whole, and never replaces another`() throws {
        let place = try directory()
        let file = try SystemCalls.openUnnamed(in: place.number, permissions: .init(rawValue: 0o644))
        _ = try Array("whole".utf8).withUnsafeBytes { try SystemCalls.write(file.number, $0) }
        try SystemCalls.synchronize(file.number)
        #expect(try SystemCalls.entries(of: place.number, maximum: 10).entries.isEmpty)
        try SystemCalls.link(file.number, as: "named".utf8, in: place.number)
        #expect(try String(contentsOfFile: home.file("named"), encoding: .utf8) == "whole")
        #expect(throws: Errno.fileExists) { try SystemCalls.link(file.number, as: "named".utf8, in: place.number) }
    }

    @Test func `a file is renamed over another one only if that is wanted`() throws {
        try write("new", to: "a")
        try write("old", to: "b")
        let place = try directory()
        #expect(throws: Errno.fileExists) {
            try SystemCalls.rename("a".utf8, in: place.number, to: "b".utf8, in: place.number, replacing: false)
        }
        try SystemCalls.rename("a".utf8, in: place.number, to: "b".utf8, in: place.number)
        #expect(try String(contentsOfFile: home.file("b"), encoding: .utf8) == "new")
        try SystemCalls.unlink("b".utf8, in: place.number)
        #expect(!FileManager.default.fileExists(atPath: home.file("b")))
    }

    @Test func `a directory is listed whole, names that are no UTF-8 included, and no more than asked for`() throws {
        let place = try directory()
        let names =
            (0..<700).map { Array("file number \($0), with a name that fills the pages".utf8) } + [[0xFF, 0xFE]]
        for name in names {
            _ = try SystemCalls.open(name, in: place.number, .writeOnly, options: .create, permissions: .ownerRead)
        }
        try SystemCalls.makeDirectory("sub".utf8, in: place.number, permissions: .init(rawValue: 0o755))
        for _ in 0..<2 {  // from the start each time
            let (entries, isComplete) = try SystemCalls.entries(of: place.number, maximum: 1000)
            #expect(isComplete)
            #expect(Set(entries.map(\.bytes)) == Set(names + [Array("sub".utf8)]))
            #expect(entries.first { $0.name == "sub" }?.kind == .directory)
            #expect(entries.filter { $0.kind == .regular }.count == 701)
        }
        let (some, isComplete) = try SystemCalls.entries(of: place.number, maximum: 5)
        #expect(some.count == 5)
        #expect(!isComplete)
        let file = try SystemCalls.open([0xFF, 0xFE], in: place.number, .readOnly)
        #expect(throws: Errno.notDirectory) { try SystemCalls.entries(of: file.number, maximum: 1) }
    }

    #if DEBUG
        @Test(arguments: [Errno.wouldBlock, .notSupportedOnSocket, .noFunction])
        func `a read that would have to wait for a disk says nil`(error: Errno) throws {
            var buffer = [UInt8](repeating: 0, count: 4)
            try withFaults(.failing(.preadv2, with: error)) {
                let count = try buffer.withUnsafeMutableBytes { try SystemCalls.readCached(0, into: $0, at: 0) }
                #expect(count == nil)
            }
            _ = withFaults(.failing(.preadv2, with: .ioError)) {
                #expect(throws: Errno.ioError) {
                    try buffer.withUnsafeMutableBytes { try SystemCalls.readCached(0, into: $0, at: 0) }
                }
            }
        }

        @Test(arguments: [SystemCall.openat, .fstat, .rename, .unlink, .linkat, .getdents, .mkdirat, .fsync])
        func `P10: a signal is not seen, an error is`(call: SystemCall) throws {
            let place = try directory()
            func perform() throws {
                let file = try SystemCalls.open(
                    "f".utf8, in: place.number, .writeOnly, options: .create, permissions: .ownerRead)
                _ = try SystemCalls.status(of: file.number)
                try SystemCalls.synchronize(file.number)
                try SystemCalls.rename("f".utf8, in: place.number, to: "g".utf8, in: place.number)
                _ = try SystemCalls.entries(of: place.number, maximum: 9)
                try SystemCalls.unlink("g".utf8, in: place.number)
                try SystemCalls.makeDirectory("d".utf8, in: place.number, permissions: .ownerReadWriteExecute)
                try SystemCalls.removeDirectory("d".utf8, in: place.number)
                let unnamed = try SystemCalls.openUnnamed(in: place.number, permissions: .ownerRead)
                try SystemCalls.link(unnamed.number, as: "h".utf8, in: place.number)
                try SystemCalls.unlink("h".utf8, in: place.number)
            }
            let plan = FaultPlan.failing(call, with: .interrupted, times: 2)
            try withFaults(plan) { try perform() }
            #expect(plan.count(of: call) >= 3)
            _ = withFaults(.failing(call, with: .noSpace)) { #expect(throws: Errno.noSpace) { try perform() } }
        }
    #endif
}

/// Promise 3 of the fault classes: nothing opens what lies outside.
@Suite(.blocking) struct OpenBeneathTests {
    let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    /// `root/in`, `root/sub/deep`, links to each and to the outside, and `secret` beside the root.
    private func makeTree() throws -> OwnedDescriptor {
        let files = FileManager.default
        try files.createDirectory(atPath: home.file("root/sub"), withIntermediateDirectories: true)
        for (name, text) in [("root/in", "in"), ("root/sub/deep", "deep"), ("secret", "secret")] {
            try text.write(toFile: home.file(name), atomically: false, encoding: .utf8)
        }
        for (name, target) in [
            ("good", "sub/deep"), ("up", ".."), ("bad", "../secret"), ("absolute", home.file("secret")),
            ("loop", "loop"),
            ("sub/back", "../in"), ("magic", "/proc/self/cwd"), ("dir", "sub"),
        ] {
            try files.createSymbolicLink(atPath: home.file("root/\(name)"), withDestinationPath: target)
        }
        return try SystemCalls.open(
            home.file("root").utf8, in: SystemCalls.currentDirectory, .readOnly, options: .directory)
    }

    private func read(_ root: borrowing OwnedDescriptor, _ path: String, followingLinks: Bool = true) throws
        -> String
    {
        let file = try SystemCalls.openBeneath(root.number, path.utf8, .readOnly, followingLinks: followingLinks)
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = try buffer.withUnsafeMutableBytes { bytes in
            try SystemCalls.read(file.number, into: bytes)
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    static let outside = [
        "../secret", "sub/../../secret", "up/secret", "bad", "absolute", "magic", "magic/secret", "/etc/passwd", "/",
        "..",
        "sub/../..", "./../secret", "sub//..//..//secret",
    ]

    @Test(arguments: outside) func `P3: what leads out is refused`(path: String) throws {
        let root = try makeTree()
        #expect(throws: Errno.improperLink) { try read(root, path) }
        #expect(throws: Errno.self) { try read(root, path, followingLinks: false) }
    }

    @Test func `what stays below is opened, links and dots included`() throws {
        let root = try makeTree()
        for (path, text) in [
            ("in", "in"), ("sub/deep", "deep"), ("good", "deep"), ("sub/back", "in"), ("./sub/./deep", "deep"),
            ("sub/../in", "in"), ("sub//deep", "deep"), ("dir/deep", "deep"),
        ] {
            #expect(try read(root, path) == text, "\(path)")
        }
        #expect(throws: Errno.tooManySymbolicLinkLevels) { try read(root, "good", followingLinks: false) }
        #expect(throws: Errno.tooManySymbolicLinkLevels) { try read(root, "loop") }
        #expect(throws: Errno.noSuchFileOrDirectory) { try read(root, "nowhere") }
        #expect(throws: Errno.noSuchFileOrDirectory) { try read(root, "") }
        #expect(throws: Errno.notDirectory) { try read(root, "in/") }
        #expect(throws: Errno.isDirectory) { try read(root, "sub/") }
    }

    #if DEBUG
        @Test(arguments: [Errno.noFunction, .notPermitted])
        func `P3: a kernel without openat2 opens the same plain paths and no link at all`(missing: Errno) throws {
            let root = try makeTree()
            try withFaults(.failing(.openat2, with: missing)) {
                for (path, text) in [
                    ("in", "in"), ("sub/deep", "deep"), ("./sub/./deep", "deep"), ("sub//deep", "deep"),
                    (".//in", "in"),
                ] {
                    let found = try read(root, path)
                    #expect(found == text, "\(path)")
                }
                for path in Self.outside + ["good", "sub/back", "dir/deep", "loop", "sub/../in"] {
                    #expect(throws: Errno.self, "\(path)") { try read(root, path) }
                }
                #expect(throws: Errno.noSuchFileOrDirectory) { try read(root, "nowhere") }
                #expect(throws: Errno.noSuchFileOrDirectory) { try read(root, "") }
                #expect(throws: Errno.notDirectory) { try read(root, "in/") }
                #expect(throws: Errno.notDirectory) { try read(root, "in/x") }
                #expect(throws: Errno.isDirectory) { try read(root, "sub") }
            }
        }

        @Test func `a walk that something disturbs is begun anew, and ends`() throws {
            let root = try makeTree()
            let plan = FaultPlan.failing(.openat2, with: .resourceTemporarilyUnavailable, times: 3)
            try withFaults(plan) {
                let found = try read(root, "in")
                #expect(found == "in")
            }
            #expect(plan.count(of: .openat2) == 4)
            _ = withFaults(.failing(.openat2, with: .resourceTemporarilyUnavailable)) {
                #expect(throws: Errno.resourceTemporarilyUnavailable) { try read(root, "in") }
            }
        }
    #endif

    @Test func `the walk gives every descriptor back`() throws {
        let root = try makeTree()
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        #if DEBUG
            for _ in 0..<200 {
                withFaults(.failing(.openat2, with: .noFunction)) {
                    _ = try? read(root, "sub/deep")
                    _ = try? read(root, "sub/nowhere/deep")
                }
            }
        #endif
        let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        // Other tests run beside this one.
        #expect(after < before + 100)
    }

    @Test("P3: a link that is flipped during the opens never leads out")
    func race() throws {
        let root = try makeTree()
        let path = home.file("root")
        let count = repetitions(500, soak: 10_000)
        let flipper = BlockingThread {
            for turn in 0..<count {
                unlink("\(path)/flip.new")
                symlink(turn % 2 == 0 ? "sub" : "..", "\(path)/flip.new")
                rename("\(path)/flip.new", "\(path)/flip")
            }
        }
        for _ in 0..<count {
            if let text = try? read(root, "flip/secret") { Issue.record("\(text) was read") }
        }
        try flipper.join()
    }
}
