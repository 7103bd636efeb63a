// SPDX-License-Identifier: Apache-2.0
import CPeers
import Glibc
import Measuring

/// A server in a process of its own, on this program's core.
final class ServerProcess {
    enum Kind {
        case inC
        case ours
        /// Ours without a task for each connection.
        case callbacks
        /// The built tool, at this path.
        case tool(String)

        var name: String {
            switch self {
            case .inC: "C epoll"
            case .ours: "Server { try await $0.echo() }"
            case .callbacks: "StreamProtocol { transport.write(data) }"
            case .tool: "nt listen echo"
            }
        }

        /// What an idle connection may cost.
        var idleTarget: Int { if case .callbacks = self { 512 } else { 1600 } }
    }

    let number: pid_t
    let port: UInt16
    private let output: CInt

    /// Starts one, and returns when it can be reached.
    ///
    /// - Parameter tracer: the words of a program that runs it.
    init(_ kind: Kind, tracer: [String] = []) throws {
        port = try Self.freePort()
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure("no pipe: \(errno)") }
        output = ends[0]
        number = try Self.spawn(tracer + Self.words(kind, port), output: ends[1])
        close(ends[1])
        for _ in 0..<2_000 where !isReachable { usleep(5_000) }
        guard isReachable else { throw Failure("\(kind.name) did not start") }
    }

    deinit {
        kill(number, SIGKILL)
        waitpid(number, nil, 0)
        close(output)
    }

    /// Ends it in peace, so that whoever traces it can say what there was.
    func stop(_ child: pid_t? = nil) { kill(child ?? number, SIGTERM) }

    func waitForEnd() { waitpid(number, nil, 0) }

    /// How much memory it has.
    var residentBytes: Int {
        guard let file = fopen("/proc/\(number)/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 128)
        guard fgets(&text, CInt(text.count), file) != nil else { return 0 }
        let numbers = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = numbers.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (pages ?? 0) * sysconf(CInt(_SC_PAGESIZE))
    }

    /// What it has taken from the heap so far. Ours alone can tell.
    func allocations() -> Int {
        kill(number, SIGUSR1)
        var text = [UInt8](repeating: 0, count: 64)
        let count = read(output, &text, text.count)
        let line = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
        return Int(line.split(separator: "\n").last ?? "") ?? 0
    }

    /// The process that a tracer runs: its only child.
    var tracedProcess: pid_t? {
        guard let file = fopen("/proc/\(number)/task/\(number)/children", "r") else { return nil }
        defer { fclose(file) }
        var child: CInt = 0
        return withUnsafeMutablePointer(to: &child) { pointer in
            withVaList([pointer]) { vfscanf(file, "%d", $0) } == 1
        } ? child : nil
    }

    private var isReachable: Bool {
        var descriptor: CInt = 0
        guard peer_echo_open(port, 1, &descriptor) == 0 else { return false }
        close(descriptor)
        return true
    }

    private static func words(_ kind: Kind, _ port: UInt16) -> [String] {
        switch kind {
        case .inC: ["/proc/self/exe", "serve-c", "\(port)"]
        case .ours: ["/proc/self/exe", "serve", "\(port)"]
        case .callbacks: ["/proc/self/exe", "serve-callbacks", "\(port)"]
        case .tool(let path): [path, "listen", "--keep", "127.0.0.1:\(port)", "echo"]
        }
    }

    private static func freePort() throws -> UInt16 {
        let listener = peer_echo_listen(0)
        guard listener >= 0 else { throw Failure("no port: \(-listener)") }
        defer { close(listener) }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        guard status == 0 else { throw Failure("no port: \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func spawn(_ words: [String], output: CInt) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // Who comes and goes is no figure.
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        // A child's own name for itself is not this program's.
        let own = try Self.ownPath()
        var pointers = words.map { strdup($0 == "/proc/self/exe" ? own : $0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var number = pid_t()
        let error = posix_spawnp(&number, pointers[0] ?? strdup(own), &actions, nil, &pointers, environ)
        guard error == 0 else { throw Failure("\(words[0]) can't be started: \(String(cString: strerror(error)))") }
        return number
    }

    private static func ownPath() throws -> String {
        var text = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &text, text.count)
        guard count > 0 else { throw Failure("no path of this program") }
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
