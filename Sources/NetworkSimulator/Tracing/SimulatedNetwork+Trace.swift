// SPDX-License-Identifier: Apache-2.0

/// What has happened. Asked between runs, or by the network's tasks.
extension SimulatedNetwork {
    /// The last events, oldest first: as many as ``Settings/traceLength`` says.
    public var trace: [NetworkEvent] { fabric.trace.events }

    /// The same as text, a line for each, with a line before them that tells how many are missing.
    public var traceText: String {
        let events = trace
        let missing = eventCount - events.count
        let lines = events.map(\.description)
        return ((missing == 0 ? [] : ["(\(missing) events before these)"]) + lines).joined(separator: "\n")
    }

    /// How many events there were.
    public var eventCount: Int { fabric.trace.count }

    /// A number of all events there were: the same for the same seed and program, in every run of one build. 64 bits,
    /// good against chance and not against malice.
    public var traceHash: UInt64 { fabric.trace.hash }
}
