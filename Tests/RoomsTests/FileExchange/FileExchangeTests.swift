// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Rooms
import Sockets
import Synchronization
import TestSupport
import Testing

/// A file exchange that is being served, and what was asked of it.
struct Exchange: Sendable {
    let loop: EventLoop
    let address: SocketAddress
    let events: EventList

    /// What happened, in words.
    final class EventList: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }

        func note(_ event: FileExchange.Event) {
            let words =
                switch event {
                case .wanted(let name, _): "wants \(name)"
                case .refused(let name, _, let reason): "refused \(name): \(reason)"
                case .sent(let name, let count, _): "sent \(count) of \(name)"
                }
            list.withLock { $0.append(words) }
        }
    }

    /// Serves a directory while `body` runs.
    static func with(
        _ directory: any Directory, limits: FileExchange.Limits = .init(), on loop: EventLoop,
        _ body: @escaping @Sendable (Exchange) async throws -> Void
    ) async throws {
        let events = EventList()
        let files = FileExchange(of: directory, limits: limits) { events.note($0) }
        let server = try await Server(on: "127.0.0.4:0", loop: loop) { try await files.serve($0) }
        let running = start { try await server.run() }
        let exchange = Exchange(loop: loop, address: try #require(server.addresses.first), events: events)
        do { try await body(exchange) } catch {
            server.drain(within: .zero)
            _ = try? await running.value
            throw error
        }
        server.drain(within: .seconds(1))
        try await running.value
    }

    /// What comes for a request's bytes, up to the end.
    func answer(to request: [UInt8], endingFirst: Bool = false) async throws -> [UInt8] {
        try await withConnection(to: address, on: loop) { connection in
            connection.readDeadline = connection.loop.timeNow.advanced(by: .seconds(20))
            try await connection.send(request)
            if endingFirst { try await connection.shutdownSending() }
            var bytes: [UInt8] = []
            while let received = try await connection.receive() { bytes += received.array }
            return bytes
        }
    }

    func text(for request: String) async throws -> String {
        String(decoding: try await answer(to: Array(request.utf8), endingFirst: true), as: UTF8.self)
    }
}

@Suite(.blocking) struct FileExchangeTests {
    /// Bytes without a pattern.
    private func random(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    //
    @Test func `a name alone brings the bytes, whatever the length, and nothing for a file that is missing`()
        async throws
    {
        let files = ["empty": [], "one": [7], "long": random(700_001)]
        try await withLoop(of: .memory) { loop in
            let directory = try await MemoryFileSystem(files).openDirectory(at: "/")
            try await Exchange.with(directory, on: loop) { exchange in
                for (name, bytes) in files {
                    let isTheSame = try await exchange.answer(to: Array(name.utf8)) == bytes
                    #expect(isTheSame, "\(name)")
                }
                #expect(try await exchange.answer(to: Array("long\r\n".utf8)).count == 700_001, "as telnet sends it")
                #expect(try await exchange.answer(to: Array("missing".utf8)) == [])
                #expect(exchange.events.all.contains("wants one"))
                #expect(exchange.events.all.contains("refused missing: not found"))
                #expect(exchange.events.all.contains("sent 700001 of long"))
            }
        }
    }

    @Test(arguments: Ground.allCases)
    func `a line brings size, version and bytes, again and again`(ground: Ground) async throws {
        let folder = try TemporaryDirectory()
        try Data("0123456789".utf8).write(to: URL(filePath: folder.file("digits")))
        try await withLoop(of: ground) { loop in
            let directory =
                ground == .memory
                ? try await MemoryFileSystem(["digits": Array("0123456789".utf8)]).openDirectory(at: "/")
                : try await loop.world.files.openDirectory(at: folder.path)
            try await Exchange.with(directory, on: loop) { exchange in
                let status = try await exchange.text(for: "/stat digits\n")
                let words = status.split(separator: " ")
                #expect(words[0] == "OK" && words[1] == "10" && words[2] == "0")
                let version = String(words[3].dropLast())
                let both = try await exchange.text(for: "/get 0 - digits\n/get 7 \(version) digits\n")
                #expect(both == "OK 10 0 \(version)\n0123456789OK 10 7 \(version)\n789")
                // Of another version nothing fits to what the client has.
                #expect(try await exchange.text(for: "/get 7 other digits\n").hasSuffix("\n0123456789"))
                #expect(try await exchange.text(for: "/get 11 \(version) digits\n").hasSuffix("\n0123456789"))
                #expect(try await exchange.text(for: "/get 10 \(version) digits\n").hasSuffix("10 \(version)\n"))
                #expect(try await exchange.text(for: "/get 0 - missing\n/stat digits\n") == "NO missing\n\(status)")
                #expect(try await exchange.text(for: "/get x - digits\n") == "NO malformed\n")
                #expect(try await exchange.text(for: "/get 0 - ../x\n") == "NO refused\n")
            }
        }
    }

    //
    @Test(arguments: [0, 1, 1024, 65_537, 3_000_017])
    func `a download is saved under its name, and nothing else is left`(count: Int) async throws {
        let (served, saved) = (try TemporaryDirectory(), try TemporaryDirectory())
        let bytes = random(count)
        try Data(bytes).write(to: URL(filePath: served.file("big.iso")))
        try await withLoop(of: .real) { loop in
            try await Exchange.with(try await loop.world.files.openDirectory(at: served.path), on: loop) { exchange in
                let downloader = FileDownloader(into: try await loop.world.files.openDirectory(at: saved.path))
                for _ in 0..<2 {
                    let result = try await downloader.download("big.iso", from: exchange.address)
                    #expect(result.size == count && result.resumedAt == 0)
                    #expect("\(result.path)" == "[Duplicate]big.iso")
                    let isTheSame = try Data(contentsOf: URL(filePath: saved.file("[Duplicate]big.iso"))) == Data(bytes)
                    #expect(isTheSame)
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: saved.path) == ["[Duplicate]big.iso"])
            }
        }
    }

    //
    @Test func `nothing is saved when nothing came`() async throws {
        let saved = MemoryFileSystem()
        try await withLoop(of: .memory) { loop in
            let directory = try await MemoryFileSystem(["a": [1]]).openDirectory(at: "/")
            try await Exchange.with(directory, on: loop) { exchange in
                let home = try await saved.openDirectory(at: "/")
                let downloader = FileDownloader(into: home)
                for (name, reason): (RelativePath, FileExchangeError.Reason) in [
                    ("missing", .missing), ("../a", .refused), ("/a", .refused), (".", .refused), ("", .name),
                    ("a\0", .name), ("a\nb", .name), (RelativePath(String(repeating: "x", count: 1025)), .name),
                ] {
                    await #expect(throws: FileExchangeError.self) {
                        do { _ = try await downloader.download(name, from: exchange.address) } catch {
                            #expect((error as? FileExchangeError)?.reason == reason, "\(name): \(error)")
                            throw error
                        }
                    }
                }
                #expect(try await home.list(".", maximum: 10).entries.isEmpty)
            }
        }
    }

    @Test func `a download that broke off goes on where it stopped`() async throws {
        let bytes = random(200_000)
        let saved = MemoryFileSystem()
        try await withLoop(of: .memory) { loop in
            let directory = try await MemoryFileSystem(["big": bytes]).openDirectory(at: "/")
            let home = try await saved.openDirectory(at: "/")
            try await Exchange.with(directory, on: loop) { exchange in
                // A relay that breaks after so many bytes of the answer.
                let cut = try await Server(on: "127.0.0.4:0", loop: loop) { client in
                    try await withConnection(to: exchange.address, on: loop) { server in
                        async let _ = Self.pass(from: client, to: server, upTo: .max)
                        try await Self.pass(from: server, to: client, upTo: 70_000)
                    }
                    client.abort()
                }
                let running = start { try await cut.run() }
                let downloader = FileDownloader(into: home)
                var haves: [Int64] = []
                for _ in 0..<2 {
                    await #expect(throws: FileExchangeError.self) {
                        try await downloader.download("big", from: try #require(cut.addresses.first))
                    }
                    let parts = try await home.list(".", maximum: 10).entries
                    #expect(parts.count == 1)
                    let name = RelativePath(bytes: try #require(parts.first).bytes)
                    #expect("\(name)".hasPrefix("[Duplicate]big.") && "\(name)".hasSuffix(".part"))
                    haves.append(try await home.status(of: name).size)
                }
                #expect(haves[0] > 0 && haves[1] > haves[0], "\(haves)")
                let result = try await downloader.download("big", from: exchange.address)
                #expect(result.resumedAt == haves[1])
                let file = try await home.open("[Duplicate]big")
                var read: [UInt8] = []
                while let piece = try await file.read(upTo: 65_536, at: Int64(read.count)) { read += piece }
                #expect(read == bytes)
                #expect(try await home.list(".", maximum: 10).entries.count == 1)
                cut.drain(within: .zero)
                try await running.value
            }
        }
    }

    private static func pass(from one: Connection, to other: Connection, upTo maximum: Int) async throws {
        var left = maximum
        while left > 0, let piece = try await one.receive(upTo: min(left, 10_000)) {
            try await other.send(piece)
            left -= piece.count
        }
    }

    // P15
    @Test func `a part of an older version is never joined to a newer one`() async throws {
        let (old, new) = ([UInt8](repeating: 1, count: 1000), [UInt8](repeating: 2, count: 1000))
        let home = try await MemoryFileSystem().openDirectory(at: "/")
        try await withLoop(of: .memory) { loop in
            let directory = try await MemoryFileSystem(["f": old]).openDirectory(at: "/")
            try await Exchange.with(directory, on: loop) { exchange in
                let version = try await exchange.text(for: "/stat f\n").split(separator: " ")[3].dropLast()
                let part = RelativePath("[Duplicate]f.\(version).part")
                try await home.write([UInt8](repeating: 1, count: 400), to: part)
                try await directory.write(new, to: "f")
                let result = try await FileDownloader(into: home).download("f", from: exchange.address)
                #expect(result.resumedAt == 0)
                let file = try await home.open("[Duplicate]f")
                #expect(try await file.read(upTo: 5000, at: 0) == new)
            }
        }
    }

    @Test func `a client that says nothing, or trickles, is let go in time`() async throws {
        try await withLoop(of: .memory) { loop in
            let directory = try await MemoryFileSystem(["a": [1]]).openDirectory(at: "/")
            try await Exchange.with(directory, on: loop) { exchange in
                let begin = loop.timeNow
                try await withConnection(to: exchange.address, on: loop) { connection in
                    for byte in "/stat aaaaaaaaaa".utf8 {
                        guard (try? await connection.send([byte])) != nil else { break }
                        try await loop.sleep(for: .seconds(1))
                    }
                    while try await connection.receive() != nil {}
                }
                #expect(begin.duration(to: loop.timeNow) <= .seconds(30))
            }
        }
    }
}

/// The first client of this protocol, which sends a name and nothing behind it.
@Suite(.blocking) struct SeedClientTests {
    //
    @Test func `the seed's own client gets its file, and nothing where there is none`() async throws {
        let (served, saved) = (try TemporaryDirectory(), try TemporaryDirectory())
        let bytes = [UInt8]((0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try Data(bytes).write(to: URL(filePath: served.file("file.bin")))
        try await withLoop(of: .real) { loop in
            try await Exchange.with(try await loop.world.files.openDirectory(at: served.path), on: loop) { exchange in
                let address = exchange.address
                try await withTaskExecutorPreference(globalConcurrentExecutor) {
                    for name in ["missing", "file.bin"] {
                        let client = try Self.client(in: saved)
                        try client.write("\(try #require(address.ip))\n\(try #require(address.port))\n\(name)\n")
                        #expect(try client.exit() == .status(0), "\(client.errors)")
                    }
                    let names = try FileManager.default.contentsOfDirectory(atPath: saved.path)
                    #expect(names == ["[Duplicate]file.bin"])
                    let isTheSame =
                        try Data(contentsOf: URL(filePath: saved.file("[Duplicate]file.bin"))) == Data(bytes)
                    #expect(isTheSame)
                }
            }
        }
    }

    private static func client(in folder: TemporaryDirectory) throws -> ForeignProgram {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = tests.appending(path: "ExampleTests/Originals/download_client.py").path
        return try ForeignProgram(Python.executable, [script], in: folder.path)
    }
}
