// SPDX-License-Identifier: Apache-2.0
//
// Decision: what is recorded was asked for, so that it is whole or the relay ends: a place that is slow holds up those
//           whose bytes it is to get, and one that fails is the relay's end.
import Reactor
import Sockets
import Synchronization

/// Writes down what passes, for whoever asked for it.
final class TrafficRecorder: Sendable {
    private let dump: TrafficDump?
    private let capture: PacketCapture?
    /// What was opened for this alone.
    private let files: [OutputQueue]

    /// Opens the files.
    ///
    /// - Throws: a failure for one that can't be made.
    init(_ options: RecordingOptions, _ log: ClientLog, on loop: EventLoop) async throws(ToolFailure) {
        var files: [OutputQueue] = []
        func place(_ path: String?, emptied: Bool) async throws(ToolFailure) -> OutputQueue? {
            guard let path else { return nil }
            if path == "-" { return log.output }
            let file = try await OutputQueue.file(path, emptied: emptied, on: loop)
            files.append(file)
            return file
        }
        dump = try await place(options.dumpPath, emptied: false)
            .map { TrafficDump(place: $0, isHexadecimal: options.hex) }
        if let place = try await place(options.capture, emptied: true) {
            let limit = options.captureLimit ?? PacketCapture.defaultLimit
            capture = try PacketCapture(to: place, limit: limit, log, in: loop.world)
        } else {
            capture = nil
        }
        self.files = files
    }

    /// Writes what is recorded while `body` runs, and the rest then. `onFailure` is told when a file takes no more.
    func use(
        onFailure: @escaping @Sendable (ToolFailure) -> Void, _ body: @Sendable () async throws(ToolFailure) -> Void
    ) async throws(ToolFailure) {
        var failure: ToolFailure?
        await withDiscardingTaskGroup { group in
            for file in files { group.addTask { await file.run(onFailure: onFailure) } }
            do throws(ToolFailure) { try await body() } catch { failure = error }
            for file in files { file.finish() }
        }
        capture?.tellOmissions()
        if let failure = failure ?? files.lazy.compactMap(\.failure).first { throw failure }
    }

    /// What one client's traffic is recorded by; nil where nobody asked for that.
    func record(
        of client: TrafficRecord.Side, and target: TrafficRecord.Side, carrying kind: TrafficRecord.Kind
    ) throws(ToolFailure) -> TrafficRecord? {
        if dump == nil, capture == nil { return nil }
        return try TrafficRecord(of: client, and: target, carrying: kind, dump, capture)
    }
}
