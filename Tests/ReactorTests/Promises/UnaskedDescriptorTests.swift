// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// P23: descriptors that a peer sends and nobody takes are closed, however the bytes beside them are read.
@Suite(.blocking) struct UnaskedDescriptorTests {
    /// Each client sends its messages with so many descriptors each, as far as they are taken; then all of them stay
    /// until standard input ends.
    private static let senders = """
        import os, socket, sys
        path, clients, messages, count = sys.argv[1], *map(int, sys.argv[2:5])
        reader, writer = os.pipe()
        staying, sent = [], 0
        for _ in range(clients):
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            client.settimeout(0.2)
            try:
                for _ in range(messages):
                    socket.send_fds(client, [b"line\\n"], [reader] * count)
                    sent += count
            except OSError: pass
            staying.append(client)
        print("sent", sent, flush=True)
        sys.stdin.read()
        """

    // P23: 253 in one message; many messages; a handler that receives, one that reads lines, one that reads nothing
    @Test(
        arguments: [("echo", "tasks"), ("lines", "tasks"), ("ignore", "tasks"), ("echo", "protocols")],
        [(4, 20, 253), (4, 300, 1)])
    func `P23: descriptors that nobody takes are closed`(load: (String, String), flood: (Int, Int, Int)) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try LoadedServer(load.0, ["on=unix:\(path)", "face=\(load.1)"])
        let before = try server.descriptorsAtRest()
        let (clients, messages, count) = flood
        let senders = try ForeignProgram(
            Python.executable, ["-c", Self.senders, path, "\(clients)", "\(messages)", "\(count)"])
        let sent = try #require(Int(try senders.line(containing: "sent ").dropFirst("sent ".count)))
        // A handler that reads nothing may have ended before its client's first message.
        #expect(sent >= (load.0 == "ignore" ? 0 : clients * count))
        try server.wait("the clients") { try server.counts()["served"] == clients }
        // While they are there each has its own descriptor in the server, and nothing of what they sent.
        let staying = load.0 == "ignore" ? 0 : clients
        try server.wait("all that was sent") { try server.program.use.descriptors <= before + staying }
        try senders.closeInput()
        #expect(try senders.exit() == .status(0))
        try server.wait("their end") { try server.counts()["held"] == 0 }
        try server.wait("their descriptors") { try server.program.use.descriptors <= before }
    }
}
