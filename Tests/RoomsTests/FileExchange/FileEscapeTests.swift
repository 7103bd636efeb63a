// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Rooms
import Sockets
import TestSupport
import Testing

/// Nothing outside of the directory is ever read.
@Suite(.blocking) struct FileEscapeTests {
    /// A directory `root` with a few files, beside things that nobody may read, and links that lead there.
    private static func grounds() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        let files = FileManager.default
        for name in ["root/sub", "root-evil", "outside"] {
            try files.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
        }
        for name in ["canary", "root-evil/canary", "outside/canary"] {
            try Data("CANARY".utf8).write(to: URL(filePath: folder.file(name)))
        }
        for name in ["root/ok", "root/sub/ok"] { try Data("fine".utf8).write(to: URL(filePath: folder.file(name))) }
        let links = [
            "root/up": "..", "root/canary": "../canary", "root/abs": folder.file("canary"),
            "root/sub/out": "../../outside",
            "root/self": "/proc/self/root", "root/inside": "sub/ok",
        ]
        for (name, target) in links {
            try files.createSymbolicLink(atPath: folder.file(name), withDestinationPath: target)
        }
        #expect(mkfifo(folder.file("root/pipe"), 0o600) == 0)
        return folder
    }

    // A-113, P3
    @Test func `no generated path reaches what lies outside`() async throws {
        let folder = try Self.grounds()
        let pieces = [
            "..", "...", ".", "/", "//", "\\", "%2e%2e", "%2f", "canary", "ok", "sub", "up", "abs", "self", "out",
            "root",
            "root-evil", "outside", "pipe", folder.path, folder.file("canary"), "\u{301}", "\0", "\r", "é", "~",
        ]
        try await withLoop(of: .real) { loop in
            let directory = try await loop.world.files.openDirectory(at: folder.file("root"))
            try await Exchange.with(directory, on: loop) { exchange in
                var generator = SeededGenerator(seed: 3)
                let connection = try await Connector().connect(to: exchange.address, on: loop)
                defer { connection.close() }
                #expect(try await Self.ask("inside", on: connection) == "fine", "a link that stays inside leads on")
                // As many as one connection may ask for.
                for _ in 0..<990 {
                    let name = Self.name(of: pieces, &generator)
                    // What no line can hold ends the connection, as other tests know.
                    if name.utf8.contains(0) || name == "\r" { continue }
                    #expect(try await Self.ask(name, on: connection) != "CANARY", "\(name.debugDescription)")
                }
            }
        }
    }

    // P3: the million, without a connection between.
    @Test func `no generated path opens what lies outside`() async throws {
        let folder = try Self.grounds()
        let pieces = [
            "..", ".", "/", "//", "\\", "%2e%2e", "canary", "ok", "sub", "up", "abs", "self", "out", "root",
            "root-evil",
            "outside", folder.path, folder.file("canary"), "\0",
        ]
        try await withLoop(of: .real) { loop in
            let directory = try await loop.world.files.openDirectory(at: folder.file("root"))
            var generator = SeededGenerator(seed: 4)
            var opened = 0
            for _ in 0..<repetitions(5_000, soak: 1_000_000) {
                let name = Self.name(of: pieces, &generator)
                guard let file = try? await directory.open(RelativePath(name)) else { continue }
                opened += 1
                #expect(try await file.read(upTo: 100, at: 0) == Array("fine".utf8), "\(name.debugDescription)")
            }
            #expect(opened > 0, "some paths lead to a file that may be read")
        }
    }

    private static func name(of pieces: [String], _ generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...7, using: &generator)).map { _ in
            (pieces.randomElement(using: &generator) ?? "") + (Bool.random(using: &generator) ? "/" : "")
        }.joined()
    }

    // P3
    @Test func `a link that is flipped during the requests leads nowhere outside`() async throws {
        let folder = try Self.grounds()
        let flips = repetitions(300, soak: 10_000)
        try await withLoop(of: .real) { loop in
            let directory = try await loop.world.files.openDirectory(at: folder.file("root"))
            try await Exchange.with(directory, on: loop) { exchange in
                let flipper = Flipper(in: folder, times: flips)
                flipper.start()
                let connection = try await Connector().connect(to: exchange.address, on: loop)
                defer { connection.close() }
                var (fine, refused) = (0, 0)
                var left = 900
                while !flipper.isDone || fine == 0 || refused == 0, left > 0 {
                    left -= 1
                    switch try await Self.ask("flip/canary", on: connection) {
                    case "fine": fine += 1
                    case nil: refused += 1
                    case let text: Issue.record("\(text ?? "") came from outside")
                    }
                }
                flipper.stop()
                #expect(fine + refused > 0)
            }
        }
    }

    /// What a file says; nil where it is refused.
    private static func ask(_ name: String, on connection: Connection) async throws -> String? {
        try await connection.send("/get 0 - \(name)\n")
        let line = try #require(try await connection.read(until: [10], maximumLength: 300))
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words[0] == "OK" else { return nil }
        let size = try #require(Int(words[1]))
        return String(decoding: try await connection.read(exactly: size), as: UTF8.self)
    }
}

/// Puts a name now on a directory inside, now on one outside, as fast as it can.
private final class Flipper: @unchecked Sendable {
    private let folder: TemporaryDirectory
    private let times: Int
    private let lock = NSLock()
    private var done = false
    private var stopped = false

    init(in folder: TemporaryDirectory, times: Int) {
        self.folder = folder
        self.times = times
    }

    var isDone: Bool { lock.withLock { done } }

    func stop() {
        lock.withLock { stopped = true }
        while !isDone { sched_yield() }
    }

    func start() {
        let (inside, outside, name) = (folder.file("in"), folder.file("out"), folder.file("root/flip"))
        try? FileManager.default.createDirectory(atPath: folder.file("root/good"), withIntermediateDirectories: true)
        try? Data("fine".utf8).write(to: URL(filePath: folder.file("root/good/canary")))
        Thread {
            for number in 0..<self.times where !self.lock.withLock({ self.stopped }) {
                let link = number.isMultiple(of: 2) ? inside : outside
                _ = symlink(number.isMultiple(of: 2) ? "good" : "../outside", link)
                _ = rename(link, name)
            }
            self.lock.withLock { self.done = true }
        }.start()
    }
}
