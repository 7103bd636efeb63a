// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Sockets

/// An haproxy that passes TCP on, from 127.0.0.2.
public final class Haproxy {
    /// Whether there is one.
    public static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/sbin/haproxy")
    /// Why a test that needs it is skipped.
    public static let absence = "haproxy is not installed: apt-get install haproxy"

    /// Where it listens.
    public let address: SocketAddress
    private let program: ForeignProgram
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - options: of the `bind` line.
    ///   - target: the `server` line's address and options.
    public init(from options: String, to target: String) throws {
        directory = try TemporaryDirectory()
        // It is handed its listener, so that nobody has to guess a port.
        let listener = try Socket.listening(on: "127.0.0.2:0")
        address = try listener.localAddress
        try listener.setInheritable(true)
        let configuration = """
            defaults
              mode tcp
              timeout connect 20s
              timeout client 20s
              timeout server 20s
            listen it
              bind fd@\(listener.descriptor.rawValue) \(options)
              server one \(target)

            """
        try configuration.write(toFile: directory.file("haproxy.cfg"), atomically: true, encoding: .utf8)
        program = try ForeignProgram("/usr/sbin/haproxy", ["-db", "-f", directory.file("haproxy.cfg")])
    }
}
