// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Seed 003's file download.
@Suite(.blocking) struct DownloadTests {
    private let programs = Programs()

    // A2-07
    @Test(arguments: Author.pairs)
    func `every byte arrives, whatever the length, one client after the other`(server: Author, client: Author) throws {
        let (served, saved) = (try programs.directory(), try programs.directory())
        let (server, address) = try programs.server(server, "download-server", in: served.path)
        var generator = SeededGenerator(seed: 112)
        for length in [1, 1024, 1025, 3_000_017] {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            try served.write(bytes, to: "file-\(length)")
            let client = try self.client(client, in: saved)
            try answer(client, address, "file-\(length)")
            #expect(try client.exit() == .status(0))
            // As a Bool: of millions of bytes that differ nobody wants to see the difference.
            let isTheSame = saved.bytes(of: "[Duplicate]file-\(length)") == bytes
            #expect(isTheSame, "\(length) bytes")
            try server.line(containing: "The files to be received are:")
        }
    }

    //
    @Test(arguments: Author.pairs)
    func `a file that is missing leaves no file`(server: Author, client: Author) throws {
        let (served, saved) = (try programs.directory(), try programs.directory())
        let (server, address) = try programs.server(server, "download-server", in: served.path)
        let client = try self.client(client, in: saved)
        try answer(client, address, "missing")
        #expect(try client.exit() == .status(0))
        #expect(saved.names == [])
        #expect(try server.line(containing: "Non-existent").contains("missing"))
    }

    //
    @Test func `no name leads out of the directory`() throws {
        let folder = try programs.directory()
        try folder.write([1, 2, 3], to: "secret")
        // A file whose name begins with an accent: the slash before it is a slash all the same.
        try folder.write([1, 2, 3], to: "\u{301}secret")
        let inner = folder.path + "/inner"
        try FileManager.default.createDirectory(atPath: inner + "/sub", withIntermediateDirectories: true)
        try folder.write([4], to: "inner/sub/file")
        try FileManager.default.createSymbolicLink(atPath: inner + "/link", withDestinationPath: "../secret")
        try folder.write([7], to: "inner/ok")
        let server = try programs.ours("download-server", "127.0.0.1:0", inner)
        let address = try server.address(after: "listening on ")
        let names = [
            "../secret", "\(folder.path)/secret", "/etc/passwd", "..", ".", "sub/file", "./ok", "ok\0", "link", "sub",
            "../\u{301}secret", "\r\n", "..\r\n",
        ]
        for name in names {
            #expect(try bytes(of: name, from: address) == [], "\(name.debugDescription)")
        }
        #expect(try bytes(of: "ok", from: address) == [7])
        #expect(try bytes(of: "ok\r\n", from: address) == [7], "as telnet sends it")
    }

    //
    @Test(.telnet) func `a name typed into telnet brings the file`() throws {
        let served = try programs.directory()
        try served.write(Array("what is in it".utf8), to: "file")
        let (_, address) = try programs.server(.us, "download-server", in: served.path)
        let telnet = try programs.telnet(to: address)
        try telnet.write("file\n")
        try telnet.text(upTo: "what is in it")
        try telnet.exit()
    }

    //
    @Test func `a client that leaves in the middle of a long file harms nobody`() throws {
        let served = try programs.directory()
        try served.write([UInt8](repeating: 7, count: 8_000_000), to: "long")
        try served.write([1], to: "short")
        let (server, address) = try programs.server(.us, "download-server", in: served.path)
        let leaving = try Socket.patient(to: address)
        try leaving.sendAll("long".utf8)
        #expect(try leaving.receive(upTo: 1) == [7])
        try leaving.reset()
        try server.line(containing: "got nothing, or not all: send file")
        #expect(try bytes(of: "short", from: address) == [1])
    }

    //
    @Test func `half a file is removed when the server's connection breaks`() throws {
        let saved = try programs.directory()
        let listener = try Socket.patientListener()
        let client = try client(.us, in: saved)
        try answer(client, listener.localAddress, "file")
        let connection = try listener.accept()
        #expect(try connection.receive(upTo: 100) == Array("file".utf8))
        try connection.sendAll([1, 2, 3])
        // It has begun to save once the file is there.
        try wait { !saved.names.isEmpty }
        try connection.reset()
        #expect(try client.exit() == .status(1))
        #expect(client.errors.contains("connection broken"))
        #expect(saved.names == [])
    }

    //
    @Test func `a server's address or a port that is none is asked for again`() throws {
        let (served, saved) = (try programs.directory(), try programs.directory())
        try served.write([1], to: "file")
        let (_, address) = try programs.server(.us, "download-server", in: served.path)
        let client = try client(.us, in: saved)
        try client.write("nowhere.example.com:1\n")
        #expect(try client.line(containing: "nowhere").contains("nowhere.example.com:1"))
        try client.write("127.0.0.1\n99999\n")
        try client.line(containing: "99999 is over 65535")
        try client.write("abc\n")
        try client.line(containing: "'abc' is not a decimal number")
        try client.write("\(try #require(address.port))\nfile\n")
        #expect(try client.exit() == .status(0))
        #expect(saved.bytes(of: "[Duplicate]file") == [1])
    }

    private func client(_ author: Author, in folder: TemporaryDirectory) throws -> ForeignProgram {
        switch author {
        case .us: try programs.ours("download-client", in: folder.path)
        case .seed: try programs.original("download_client", in: folder.path)
        }
    }

    // a question stands there without the end of a line
    private func answer(_ client: ForeignProgram, _ address: SocketAddress, _ name: String) throws {
        try client.text(upTo: "Please enter the server you want to link to ip: ")
        try client.write("127.0.0.1\n")
        try client.text(upTo: "Please enter the port you want to link to:")
        try client.write("\(try #require(address.port))\n")
        try client.text(upTo: "Please enter the file you want to download:")
        try client.write("\(name)\n")
    }

    private func bytes(of name: String, from server: SocketAddress) throws -> [UInt8] {
        let socket = try Socket.patient(to: server)
        try socket.sendAll(name.utf8)
        return try SocketFile(socket).readToEnd(maximumLength: 1 << 20)
    }
}
