// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc
import Sockets
import SystemPackage

/// Seed 003's client of the download server. It saves the file here, as "[Duplicate]" and its name.
@main
struct DownloadClient: Program {
    static let about = "Asks for a server and a file's name, and saves the file as \"[Duplicate]\" and its name."
    static let parameters: KeyValuePairs<String, String> = [:]

    func run(_ arguments: [String]) throws {
        let keyboard = Keyboard(try CtrlC())
        guard
            let ip = try keyboard.ask("Please enter the server you want to link to ip: ", for: { try IPAddress($0) }),
            let port = try keyboard.ask("Please enter the port you want to link to:", for: { try Port($0) }),
            let name = try keyboard.ask("Please enter the file you want to download:")
        else { return }
        let server = try Socket.connecting(to: SocketAddress(ip, port))
        try server.sendAll(name.utf8)
        // No file before there is something to put into it: an answer of no bytes means that there is none.
        guard let first = try server.receive(upTo: 65_536) else { return print("the server has no file \"\(name)\"") }
        let path = FilePath("[Duplicate]\(FilePath(name).lastComponent?.string ?? "file")")
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        do {
            let count = try file.closeAfter { try save(first, and: server, to: file) }
            print("saved \(count) bytes as \(path)")
        } catch {
            unlink(path.string)  // half a file looks like a whole one
            throw error
        }
    }

    private func save(_ first: [UInt8], and server: borrowing Socket, to file: FileDescriptor) throws -> Int {
        var count = try file.writeAll(first)
        while let piece = try server.receive(upTo: 65_536) { count += try file.writeAll(piece) }
        return count
    }
}
