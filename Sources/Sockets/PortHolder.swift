// SPDX-License-Identifier: Apache-2.0
public struct PortHolder: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let process: Int32
    public var description: String { "\(name), pid \(process)" }
    init?(of address: SocketAddress, kind: SocketKind) { return nil }
}
