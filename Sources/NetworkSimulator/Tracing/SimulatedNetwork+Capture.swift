// SPDX-License-Identifier: Apache-2.0

/// Packets for Wireshark and its like.
extension SimulatedNetwork {
    /// Keeps every packet from now on, in memory; what was kept before is forgotten.
    ///
    /// - Parameter limit: about how many bytes are kept at most; what comes then is left out.
    public func startCapture(limit: Int = 64 << 20) {
        let capture = Capture(limit: limit, fabric.clock)
        for host in hosts { capture.add(host.node) }
        fabric.capture = capture
    }

    /// The packets as a pcapng file, with IP, TCP and UDP headers that are made up round what was sent, the hosts'
    /// names, and a comment on each packet: the host, and the task where it has a name. What was lost is there too, as
    /// at the sender's. Nil where nothing is kept.
    public var capturedPackets: [UInt8]? { fabric.capture?.file }
}
