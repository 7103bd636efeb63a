// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// A message with all that came beside it. It owns the descriptors in it: those that nobody takes are closed with it.
public struct Message: ~Copyable, Sendable {
    /// What came, at most the maximum that was asked for.
    public let bytes: [UInt8]
    /// Who sent it; nil where the system does not tell.
    public let sender: SocketAddress?
    /// Ancillary data without the descriptors.
    public let ancillary: [AncillaryData]
    /// Whether the message was longer than the room for it: the rest is lost. C: `MSG_TRUNC`.
    public let isTruncated: Bool
    /// Whether a record ends here. C: `MSG_EOR`.
    public let endsRecord: Bool

    private var descriptors: DescriptorBag

    init(
        bytes: [UInt8], sender: SocketAddress?, ancillary: [AncillaryData], isTruncated: Bool, endsRecord: Bool,
        descriptors: consuming DescriptorBag
    ) {
        self.bytes = bytes
        self.sender = sender
        self.ancillary = ancillary
        self.isTruncated = isTruncated
        self.endsRecord = endsRecord
        self.descriptors = descriptors
    }

    /// How many descriptors came and have not been taken.
    public var descriptorCount: Int { descriptors.count }

    /// Takes all descriptors, in the order in which they were sent: the caller closes them.
    public mutating func takeDescriptors() -> [FileDescriptor] {
        descriptors.take().map(FileDescriptor.init(rawValue:))
    }
}

/// Descriptors that are closed unless somebody takes them.
struct DescriptorBag: ~Copyable, Sendable {
    private var numbers: [CInt]

    init(_ numbers: [CInt]) { self.numbers = numbers }

    deinit {
        for number in numbers { try? SystemCalls.close(number) }
    }

    var count: Int { numbers.count }

    mutating func take() -> [CInt] {
        defer { numbers = [] }
        return numbers
    }
}

extension Socket {
    /// Sends descriptors with a few bytes to go with them: Python's `send_fds`.
    ///
    /// - Throws: as ``sendMessage(_:ancillary:descriptors:to:flags:)``.
    ///
    /// C: `sendmsg(2)` with `SCM_RIGHTS`.
    public func send(descriptors: [FileDescriptor], with bytes: some Collection<UInt8>) throws(SocketError) {
        _ = try sendMessage([Array(bytes)], descriptors: descriptors)
    }

    /// Receives up to `maximum` descriptors: Python's `recv_fds`, which can't leak any.
    ///
    /// - Throws: as ``receiveMessage(upTo:maximumDescriptors:ancillaryCapacity:flags:)``.
    ///
    /// C: `recvmsg(2)` with `SCM_RIGHTS`.
    public func receiveDescriptors(upTo maximum: Int, bytesUpTo room: Int = 1024) throws(SocketError) -> Message? {
        try receiveMessage(upTo: room, maximumDescriptors: maximum)
    }
}
