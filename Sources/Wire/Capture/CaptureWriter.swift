// SPDX-License-Identifier: Apache-2.0

/// Writes packets as a pcapng file, for Wireshark and its like: one interface of raw IP packets, times in nanoseconds,
/// names of hosts, and a comment for each packet that has one.
///
/// ```swift
/// var file = CaptureWriter(application: "example")
/// file.add(name: "server", of: [10, 0, 0, 1])
/// file.add(.udp(from: client, to: server, [1, 2, 3]), at: nanoseconds, comment: "the first question")
/// save(file.take())
/// ```
/// What it has written waits until it is taken.
///
/// draft-ietf-opsawg-pcapng.
public struct CaptureWriter: Sendable {
    private var bytes: [UInt8] = []

    /// Link type 101: an IP header comes first.
    private static let rawInternet: UInt16 = 101
    private static let comment: UInt16 = 1

    /// A file that begins.
    ///
    /// - Parameter application: what wrote it.
    public init(application: String) {
        var section = Self.little(UInt32(0x1A2B_3C4D)) + Self.little(UInt16(1)) + Self.little(UInt16(0))
        // How long the section is, is not known yet.
        section += Self.little(UInt64.max)
        section += Self.options([(4, Array(application.utf8))])
        add(block: 0x0A0D_0D0A, section)
        // The interface: packets as long as they are, times in units of ten to the minus nine.
        let interface = Self.little(Self.rawInternet) + Self.little(UInt16(0)) + Self.little(UInt32(0))
        add(block: 1, interface + Self.options([(9, [9])]))
    }

    /// How many bytes wait to be taken.
    public var count: Int { bytes.count }

    /// Names an address. Zero bytes in the name are left out.
    ///
    /// - Precondition: the address has 4 bytes or 16.
    public mutating func add(name: String, of address: [UInt8]) {
        precondition(address.count == 4 || address.count == 16, "an address has 4 bytes or 16")
        let record = address + name.utf8.filter { $0 != 0 }.prefix(255) + [0]
        let header = Self.little(UInt16(address.count == 4 ? 1 : 2)) + Self.little(UInt16(record.count))
        add(block: 4, header + Self.padded(record) + Self.little(UInt32(0)))
    }

    /// Adds a packet.
    ///
    /// - Parameters:
    ///   - time: nanoseconds since the start of 1970.
    ///   - comment: what is said of it; no more than 60,000 bytes of it are written.
    public mutating func add(_ packet: InternetPacket, at time: UInt64, comment: String? = nil) {
        let length = Self.little(UInt32(packet.bytes.count))
        var body = Self.little(UInt32(0)) + Self.little(UInt32(time >> 32))
        body += Self.little(UInt32(truncatingIfNeeded: time)) + length + length + Self.padded(packet.bytes)
        if let comment { body += Self.options([(Self.comment, Array(comment.utf8.prefix(60_000)))]) }
        add(block: 6, body)
    }

    /// Hands over what was written since the last time.
    public mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func add(block type: UInt32, _ body: [UInt8]) {
        let length = Self.little(UInt32(12 + body.count))
        bytes += Self.little(type) + length + body + length
    }

    private static func options(_ options: [(code: UInt16, value: [UInt8])]) -> [UInt8] {
        options.flatMap { little($0.code) + little(UInt16($0.value.count)) + padded($0.value) } + little(UInt32(0))
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    private static func little(_ number: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
