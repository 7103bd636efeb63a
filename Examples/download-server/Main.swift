// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets
import SystemPackage

/// Seed 003's third case: a client sends a file's name and gets its bytes.
@main
struct DownloadServer: Program {
    static let about = "Sends the files of one directory to whoever names them."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080", "DIRECTORY": "."]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try Socket.listening(on: arguments[0], backlog: 128)
        print("listening on", try server.localAddress)
        while try !ctrlC.comes(before: server) {
            let client = try server.accept()
            let name = client.peer?.description ?? "somebody"
            do {
                // The seed's clients put no end behind the name: it is what comes first.
                guard try !ctrlC.comes(before: client), let request = try client.receive(upTo: 1024) else { continue }
                let file = String(decoding: request, as: UTF8.self).trimmingLineEnd
                print("Client \(name) The files to be received are:\(file.debugDescription)")
                try send(file, of: arguments[1], to: client)
            } catch {
                print(name, "got nothing, or not all:", error)
            }
        }
        try server.close()
        print("closed")
    }

    /// Sends the file from the system's memory to the client's connection; it never passes through this program, and so
    /// its length does not matter.
    private func send(_ name: String, of directory: String, to client: borrowing Socket) throws {
        // By bytes, as the system reads it: as a character, a slash with an accent is not a slash.
        guard !name.isEmpty, name != "..", !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") }) else {
            return print("\(name.debugDescription) is no name of a file in this directory")
        }
        // Neither a link that leads out of the directory, nor a pipe that never gives anything.
        let path = FilePath(directory).appending(name)
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
        else { return print("The files you want to download \(name.debugDescription) Non-existent") }
        let count = try file.closeAfter { try client.sendFile(file) }
        print("sent \(count) bytes")
    }
}

extension String {
    /// Without the end that a line has when telnet sends it.
    fileprivate var trimmingLineEnd: String { last?.isNewline == true ? String(dropLast()) : self }
}
