// SPDX-License-Identifier: Apache-2.0
import CPeers
import Glibc
import Measuring
import Reactor
import Sockets

/// A server that is fed lines of 64 bytes, as one for logs is: CPU per line, ours as a loop over `connection.lines` and
/// as a `LineReceiver`, beside a C program with one epoll and `memchr`, and beside Twisted's. Servers and load are on
/// one core, in turns.
///
///     lines [CONNECTIONS [LINES OF EACH [ROUNDS]]]
@main
struct Main {
    /// Ours may cost so much of C's.
    static let limit = 1.2

    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        let numbers = words.compactMap { Int($0) }
        func number(_ index: Int, _ standard: Int) -> Int { numbers.count > index ? numbers[index] : standard }
        switch words.first {
        case "serve": try await serve(number(0, 0))
        case "serve-callbacks": try serveByCallbacks(number(0, 0))
        case "serve-c":
            let listener = peer_echo_listen(UInt16(number(0, 0)))
            exit(listener < 0 ? -listener : peer_lines_serve(listener))
        default: try measure(connections: number(0, 16), lines: number(1, 50_000), rounds: number(2, 5))
        }
    }

    /// As a user writes it.
    private static func serve(_ port: Int) async throws {
        let thread = try LoopThread()
        let server = try await Server(on: "127.0.0.1:\(port)", loop: thread.loop) { connection in
            var (lines, bytes) = (0, 0)
            for try await line in connection.lines {
                lines += 1
                bytes += line.utf8.count
            }
            try await connection.send("\(lines) \(bytes)\n")
        }
        try await server.run()
        withExtendedLifetime(thread) {}
    }

    private struct Counter: LineReceiver {
        var (lines, bytes) = (0, 0)

        mutating func lineReceived(_ line: String, _ transport: StreamTransport) {
            lines += 1
            bytes += line.utf8.count
        }

        func readConnectionLost(_ transport: StreamTransport) {
            transport.write("\(lines) \(bytes)\n")
            transport.loseConnection()
        }
    }

    /// By callbacks.
    private static func serveByCallbacks(_ port: Int) throws {
        let loop = try EventLoop()
        try loop.listenTCP(Port("\(port)"), Factory(Counter.init))
        try loop.run()
    }

    /// The same in Twisted.
    private static let twisted = """
        import sys
        from twisted.internet import interfaces, protocol, reactor
        from twisted.protocols.basic import LineOnlyReceiver
        from zope.interface import implementer
        @implementer(interfaces.IHalfCloseableProtocol)
        class Counter(LineOnlyReceiver):
            lines = bytes = 0
            def lineReceived(self, line):
                self.lines += 1
                self.bytes += len(line)
            def readConnectionLost(self):
                self.transport.write(b"%d %d\\n" % (self.lines, self.bytes))
                self.transport.loseConnection()
            def writeConnectionLost(self): pass
        reactor.listenTCP(int(sys.argv[1]), protocol.Factory.forProtocol(Counter), interface="127.0.0.1")
        reactor.run()
        """

    private static func measure(connections: Int, lines: Int, rounds: Int) throws {
        guard peer_stay_on_core(0) == 0 else { throw Failure("there is no core 0") }
        func cost(_ words: [String]) throws -> Double { try Self.cost(words, connections, lines) }
        for (name, kind) in [("for line in connection.lines", "serve"), ("LineReceiver", "serve-callbacks")] {
            let own = ["/proc/self/exe", kind]
            let turns = try Turns(rounds, theirs: { try cost(["/proc/self/exe", "serve-c"]) }, ours: { try cost(own) })
            print("\(name): \(turns.told(atMost: limit, "ns a line", beside: "C"))")
            // Debian's, which has Twisted from Debian's package.
            let python = ["/usr/bin/python3", "-c", twisted]
            let besideTwisted = try Turns(1, theirs: { try cost(python) }, ours: { try cost(own) })
            print("\(name): \(besideTwisted.told(atMost: limit, "ns a line", beside: "Twisted"))")
        }
    }

    /// Nanoseconds of a server's CPU per line.
    private static func cost(_ words: [String], _ connections: Int, _ lines: Int) throws -> Double {
        var port: UInt16 = 0
        guard peer_free_port(&port) == 0 else { throw Failure("no port is free") }
        let server = try StartedProcess(words + ["\(port)"])
        var nanoseconds = 0.0
        let error = peer_lines_run(port, server.number, CInt(connections), CInt(lines), &nanoseconds)
        guard error == 0 else { throw Failure(words.prefix(2).joined(separator: " "), error) }
        return nanoseconds / Double(connections * lines)
    }
}
