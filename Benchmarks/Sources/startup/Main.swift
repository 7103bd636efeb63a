// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How long `nt` takes from its start to its end beside socat and ncat, each asked for its version and for a connection
/// to a port that nobody has; and how large each program is. Build `nt` first:
/// `swift build -c release --static-swift-stdlib --product nt`.
@main
struct Startup {
    static let rounds = 101

    /// A program, and what it is asked.
    struct Candidate {
        let name: String
        let path: String
        let version: [String]
        let refused: [String]
    }

    static func main() {
        let port = closedPort()
        let ours = ProcessEnvironment.value(of: "NT") ?? ".build/release/nt"
        let candidates = [
            Candidate(name: "nt", path: ours, version: ["--version"], refused: ["connect", "127.0.0.1:\(port)"]),
            Candidate(
                name: "socat", path: "/usr/bin/socat", version: ["-V"], refused: ["-", "TCP:127.0.0.1:\(port)"]),
            Candidate(name: "ncat", path: "/usr/bin/ncat", version: ["--version"], refused: ["127.0.0.1", "\(port)"]),
        ]
        for candidate in candidates where access(candidate.path, X_OK) != 0 {
            print("NOT measured: \(candidate.name) is not at \(candidate.path)")
        }
        let present = candidates.filter { access($0.path, X_OK) == 0 }
        var times: [String: (version: [Double], refused: [Double])] = [:]
        // In turns, so that whatever else the machine does hits all of them alike.
        for _ in 0..<rounds {
            for candidate in present {
                times[candidate.name, default: ([], [])].version.append(time(candidate.path, candidate.version))
                times[candidate.name, default: ([], [])].refused.append(time(candidate.path, candidate.refused))
            }
        }
        for candidate in present {
            guard let all = times[candidate.name] else { continue }
            let (version, refused) = (median(all.version), median(all.refused))
            print("\(candidate.name): version \(version) ms, refused \(refused) ms, \(size(candidate.path))")
        }
    }

    /// Milliseconds of one run.
    private static func time(_ path: String, _ arguments: [String]) -> Double {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let start = now()
        guard posix_spawn(&process, path, &actions, nil, &words, environ) == 0 else { return .infinity }
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 && errno == EINTR {}
        return Double(now() - start) / 1e6
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func median(_ values: [Double]) -> Double {
        (values.sorted()[values.count / 2] * 100).rounded() / 100
    }

    private static func size(_ path: String) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return "?" }
        return "\((Double(status.st_size) / 1e5).rounded() / 10) MB"
    }

    /// A port that nobody listens at: it was just ours.
    private static func closedPort() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(descriptor, address, length)
                _ = getsockname(descriptor, address, &length)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
    }
}

/// The variables of this process.
enum ProcessEnvironment {
    static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
