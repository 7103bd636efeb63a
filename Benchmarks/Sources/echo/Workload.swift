// SPDX-License-Identifier: Apache-2.0
import CPeers
import Measuring

/// One way to load a server, and what ours may cost of the C program's CPU.
struct Workload {
    let name: String
    let connections: CInt
    let size: CInt
    var inFlight: CInt = 1
    var closes = false
    /// Nil where no ratio is asked for.
    var target: Double?
    /// The same of callbacks.
    var callbackTarget: Double?

    static let all = [
        Workload(name: "64 connections, 64 B", connections: 64, size: 64, target: 1.05, callbackTarget: 1.02),
        Workload(name: "1000 connections, 64 B", connections: 1000, size: 64, target: 1.05, callbackTarget: 1.02),
        Workload(
            name: "64 connections, 16 in flight", connections: 64, size: 64, inFlight: 16, target: 1.05,
            callbackTarget: 1.02),
        Workload(name: "16 connections, 64 KiB", connections: 16, size: 65_536, target: 1.05, callbackTarget: 1.03),
        Workload(
            name: "connect + echo + close", connections: 64, size: 64, closes: true, target: 1.08,
            callbackTarget: 1.05),
    ]

    /// Measures both in turns and prints a line.
    func compare(_ subject: ServerProcess.Kind, _ options: Options) throws {
        var (ours, theirs, ratios): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<options.rounds {
            let peer = try cost(of: .inC, options)
            let own = try cost(of: subject, options)
            theirs.append(peer)
            ours.append(own)
            ratios.append(own / peer)
        }
        var target = target
        if case .callbacks = subject { target = callbackTarget }
        let (low, high) = (ratios.min() ?? 0, ratios.max() ?? 0)
        let ratio = median(ratios)
        print(
            padded(name), "ratio \(rounded(ratio)) (\(rounded(low)) to \(rounded(high)))",
            target.map { ratio <= $0 ? "of \($0)" : "SHORT of \($0)" } ?? "",
            "  ours \(rounded(median(ours))) us, C \(rounded(median(theirs))) us")
    }

    /// Microseconds of the server's CPU per request.
    func cost(of kind: ServerProcess.Kind, _ options: Options) throws -> Double {
        let server = try ServerProcess(kind)
        var result = try load(server, seconds: options.seconds)
        // On a busy machine a whole round can go by in which it had no turn.
        for _ in 0..<3 where result.requests == 0 { result = try load(server, seconds: options.seconds) }
        return result.cpu_nanoseconds / 1000 / Double(max(1, result.requests))
    }

    /// Loads a server for a time, or for so many requests.
    func load(_ server: ServerProcess, seconds: Double = 60, requests: Int = 0) throws -> peer_echo_result {
        var load = peer_echo_load(
            port: server.port, server: server.number, connections: connections, size: size, in_flight: inFlight,
            closes: closes ? 1 : 0, requests: UInt64(requests), seconds: seconds, warm_up: requests > 0 ? 0 : 0.3)
        var result = peer_echo_result()
        let error = peer_echo_run(&load, &result)
        guard error == 0 else { throw Failure("\(name): the load could not begin: error \(error)") }
        guard result.errors == 0 else { throw Failure("\(name): \(result.errors) wrong answers") }
        return result
    }
}

func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }

func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

func padded(_ text: String) -> String { text + String(repeating: " ", count: max(0, 32 - text.count)) }
