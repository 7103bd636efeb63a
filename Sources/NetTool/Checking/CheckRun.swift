// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// One run of `nt check`.
struct CheckRun {
    private let options: CheckOptions
    /// How long to try anew; nil for one attempt.
    private let wait: Duration?
    private let session: Session
    /// With a command behind `--` standard output is the command's, and ours is talk.
    private let report: Report

    init(_ options: CheckOptions, wait: Duration?, in session: Session) {
        self.options = options
        self.wait = wait
        self.session = session
        report = Report(session, isJSON: options.form.json, isTalk: !session.command.isEmpty)
    }

    func run() throws(ToolFailure) -> ExitStatus {
        if options.ports != nil, !session.command.isEmpty {
            throw ToolFailure(.usage, "--ports runs no command: leave out --")
        }
        let status = try check()
        if status == .success, !session.command.isEmpty { try replaceProgram() }
        return status
    }

    /// Checks, and tells the end: with events that of a signal too.
    private func check() throws(ToolFailure) -> ExitStatus {
        let signals = report.isJSON ? try HeldSignals() : nil
        // A command gets them as they were.
        defer { signals?.release() }
        if let ports = options.ports {
            let scan = PortScan(ports.ports, within: options.timeout.duration, in: session, report, signals)
            return try scan.run(options.addresses[0])
        }
        let outcomes = try probe(signals)
        let status = signals?.takeStatus() ?? status(of: outcomes)
        let open = outcomes.count { $0?.isOpen == true }
        try report.end(status, [.init("open", JSONValue(open)), .init("closed", JSONValue(outcomes.count - open))])
        return status
    }

    private func probe(_ signals: HeldSignals?) throws(ToolFailure) -> [Prober.Outcome?] {
        var targets: [CheckTarget] = []
        for text in options.addresses { targets.append(try Self.target(text)) }
        let width = targets.map(\.name.count).max() ?? 0
        let patience = wait.map { Prober.Patience(limit: $0, interval: options.every.duration) }
        var prober = Prober(targets, attemptLimit: options.timeout.duration, patience: patience, stop: signals)
        var told = 0
        try prober.run { prober throws(ToolFailure) in
            // In the order in which they were asked for.
            while told < targets.count, let outcome = prober[told] {
                try tell(targets[told], outcome, width: width)
                told += 1
            }
            return options.need == .any && prober.outcomes.contains { $0?.isOpen == true }
        }
        for index in told..<targets.count {
            if let outcome = prober[index] { try tell(targets[index], outcome, width: width) }
        }
        return Array(prober.outcomes)
    }

    private static func target(_ text: String) throws(ToolFailure) -> CheckTarget {
        let endpoint: Endpoint
        do throws(AddressError) { endpoint = try Endpoint(text) } catch { throw ToolFailure(.usage, "\(error)") }
        return try CheckTarget(endpoint, named: "\(endpoint)")
    }

    private func tell(_ target: CheckTarget, _ outcome: Prober.Outcome, width: Int) throws(ToolFailure) {
        let padding = String(repeating: " ", count: width - target.name.count + 3)
        try report.write(
            target.name + padding + outcome.text(isWaiting: wait != nil), event: "check",
            [.init("address", .string(target.name))] + outcome.members)
    }

    private func status(of outcomes: [Prober.Outcome?]) -> ExitStatus {
        let failures = outcomes.compactMap { $0?.failure }
        let isReached = options.need == .all ? failures.isEmpty : outcomes.contains { $0?.isOpen == true }
        guard !isReached, let first = failures.first else { return .success }
        return wait != nil && first.mayPass ? .timedOut : first.status
    }

    /// Becomes the command. It returns only by throwing.
    private func replaceProgram() throws(ToolFailure) {
        do throws(Errno) { try SystemCalls.replaceProgram(with: session.command) } catch {
            throw ToolFailure(error, running: session.command[0])
        }
    }
}

extension Prober.Outcome {
    var isOpen: Bool { failure == nil }

    var failure: CheckFailure? { if case .closed(let failure, _) = self { failure } else { nil } }

    /// The rest of the line behind the target's name.
    fileprivate func text(isWaiting: Bool) -> String {
        switch self {
        case .open(let after): "open after \(after.inSeconds)"
        case .closed(let failure, let after) where isWaiting && failure.mayPass:
            "not open after \(after.inSeconds), at last \(failure)"
        case .closed(let failure, _): "\(failure)"
        }
    }

    fileprivate var members: [JSONValue.Member] {
        switch self {
        case .open(let after):
            [
                .init("is_open", true), .init("seconds", JSONValue(after)), .init("reason", .null),
                .init("message", .null),
            ]
        case .closed(let failure, let after):
            [
                .init("is_open", false), .init("seconds", JSONValue(after)), .init("reason", .string(failure.name)),
                .init("message", .string("\(failure)")),
            ]
        }
    }
}

extension Duration {
    /// `2.4 s`: what a person who waits wants to know.
    fileprivate var inSeconds: String {
        let tenths = Int((self / .milliseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
