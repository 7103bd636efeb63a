// SPDX-License-Identifier: Apache-2.0
import CPeers
import Glibc
import Measuring

/// What repeats on any machine: system calls, allocations and memory, of ours beside the C program's.
struct Figures {
    private let subject: ServerProcess.Kind

    init(_ subject: ServerProcess.Kind) { self.subject = subject }

    func printAll(_ options: Options) throws {
        try printSystemCalls()
        try printAllocations()
        try printIdleBytes()
        try printGrowth(options)
    }

    // MARK: System calls

    private func printSystemCalls() throws {
        for (workload, target) in [(Workload.all[0], " (at most 2.1)"), (Workload.all[4], "")] {
            guard let own = try systemCalls(of: subject, workload), let peer = try systemCalls(of: .inC, workload)
            else {
                print("system calls: strace is not installed")
                return
            }
            print(padded("system calls, " + workload.name), "\(rounded(own))\(target), C \(rounded(peer))")
        }
    }

    /// System calls per request: what twice as many requests add, so that starting up does not count.
    private func systemCalls(of kind: ServerProcess.Kind, _ workload: Workload) throws -> Double? {
        let count = 4_000
        guard let once = try tracedCalls(of: kind, workload, requests: count) else { return nil }
        guard let twice = try tracedCalls(of: kind, workload, requests: 2 * count) else { return nil }
        return Double(twice - once) / Double(count)
    }

    private func tracedCalls(of kind: ServerProcess.Kind, _ workload: Workload, requests: Int) throws -> Int? {
        let path = "/tmp/netwright-echo-\(getpid()).strace"
        defer { unlink(path) }
        let tracer = ["strace", "-f", "-c", "-U", "name,calls", "-o", path]
        guard let server = try? ServerProcess(kind, tracer: tracer) else { return nil }
        _ = try workload.load(server, requests: requests)
        server.stop(server.tracedProcess)
        server.waitForEnd()
        return totalCalls(path)
    }

    /// The sum of strace's table.
    private func totalCalls(_ path: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split { $0 == " " || $0 == "\n" }
            if words.contains("total") { return words.compactMap { Int($0) }.first }
        }
        return nil
    }

    // MARK: Memory

    private func printAllocations() throws {
        switch subject {
        case .ours, .callbacks: break
        case .inC, .tool: return
        }
        for workload in [Workload.all[0], Workload.all[4]] {
            let server = try ServerProcess(subject)
            _ = try workload.load(server, requests: 20_000)
            let before = server.allocations()
            let result = try workload.load(server, requests: 100_000)
            // Connections that stay open are opened once more, and that is not theirs.
            let taken = server.allocations() - before
            print(padded("allocations, " + workload.name), rounded(Double(taken) / Double(result.requests)))
        }
    }

    private func printIdleBytes() throws {
        let own = try idleBytes(of: subject)
        let peer = try idleBytes(of: .inC)
        let target = subject.idleTarget
        let words = own <= target ? "(at most \(target))" : "(SHORT of \(target))"
        print(padded("bytes per idle connection"), "\(own) \(words), C \(peer)")
    }

    private func idleBytes(of kind: ServerProcess.Kind) throws -> Int {
        let count = 8_000
        let server = try ServerProcess(kind)
        var descriptors = [CInt](repeating: -1, count: count)
        defer { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }
        let before = server.residentBytes
        let error = peer_echo_open(server.port, CInt(count), &descriptors)
        guard error == 0 else { throw Failure("\(count) idle connections: error \(error)") }
        usleep(200_000)
        return (server.residentBytes - before) / count
    }

    // MARK: Growth

    private func printGrowth(_ options: Options) throws {
        for connections: CInt in [1, 10, 100, 1_000, 10_000] {
            let workload = Workload(name: "growth: \(connections) connections", connections: connections, size: 64)
            try workload.compare(subject, options)
        }
    }
}
