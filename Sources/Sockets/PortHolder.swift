// SPDX-License-Identifier: Apache-2.0

/// The process that has an address, as far as the system tells: one's own processes, or all of them for root.
public struct PortHolder: Hashable, Sendable, CustomStringConvertible {
    /// The program's name, as `ps -o comm` prints it.
    public let name: String
    /// The process's number.
    public let process: Int32

    /// `nginx, pid 812`.
    public var description: String { "\(name), pid \(process)" }

    /// Looks through `/proc`; nil when nobody has the address, or the system does not tell.
    init?(of address: SocketAddress, kind: SocketKind) {
        let inodes = SocketTable.inodes(of: address, kind: kind)
        guard !inodes.isEmpty, let holder = SocketTable.holder(of: inodes) else { return nil }
        process = holder.process
        name = holder.name.quotable(maximumLength: 64)
    }

    /// A process that is known already.
    package init(process: Int32) {
        self.process = process
        name = SocketTable.name(of: process).quotable(maximumLength: 64)
    }
}
