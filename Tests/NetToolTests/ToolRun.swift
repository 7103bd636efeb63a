// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport

@testable import NetTool
@testable import Sockets

/// A command line, run inside of the test's process.
struct ToolRun {
    let status: ExitStatus
    let output: String
    let errors: String

    init(_ words: String..., on machine: LocalMachine = .example) {
        self.init(words, on: machine)
    }

    init(_ words: [String], on machine: LocalMachine = .example) {
        let (output, errors) = (Capture(), Capture())
        let session = Session(
            output: { text throws(ToolFailure) in output.append(text) },
            errors: { text throws(ToolFailure) in errors.append(text) }, machine: machine)
        status = NetTool.run(words, in: session)
        (self.output, self.errors) = (output.text, errors.text)
    }

    /// The events of `--json`, as Python reads them.
    func events() throws -> [[String: Any]] { try Events.parse(output) }
}

private final class Capture: Sendable {
    private let storage = Mutex("")

    var text: String { storage.withLock { $0 } }

    func append(_ piece: String) { storage.withLock { $0 += piece } }
}

/// What `--json` writes, read by another program's parser.
enum Events {
    static func parse(_ output: String) throws -> [[String: Any]] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Oracles/events.py")
        return try Python.run(script: script, input: output).split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        }
    }
}

extension LocalMachine {
    /// A machine that is the same wherever the tests run: `lo`, and `eth0` on 192.168.1.0/24 with a router.
    static let example = LocalMachine(
        ephemeralPorts: { 32768...60999 },
        services: { port in
            switch port {
            case 53: ["domain/tcp", "domain/udp"]
            case 80: ["http/tcp"]
            case 3306: ["mysql/tcp"]
            default: []
            }
        },
        servicePorts: { $0 == "mysql" ? [3306] : [] },
        cards: { [loopbackCard, ethernetCard] },
        sourceAddress: { address in address.ipv4 == nil ? nil : .v4(IPv4Address(192, 168, 1, 20)) })

    private static let loopbackCard = NetworkCard(
        NetworkInterface(
            name: "lo", index: 1, flags: [.up, .running, .loopback], mtu: 65_536, hardwareAddress: nil,
            addresses: [.example(.v4(.loopback), 8), .example(.v6(.loopback), 128)]),
        defaultRoutes: [], groups: [])

    private static let ethernetCard = NetworkCard(
        NetworkInterface(
            name: "eth0", index: 2, flags: [.up, .broadcast], mtu: 1500,
            hardwareAddress: HardwareAddress("02:00:5e:10:00:01"),
            addresses: [.example(.v4(IPv4Address(192, 168, 1, 20)), 24)]),
        defaultRoutes: [
            DefaultRoute(interface: "eth0", gateway: .v4(IPv4Address(192, 168, 1, 1)), metric: 100)
        ],
        groups: [.v4(IPv4Address(224, 0, 0, 1))])
}

extension NetworkInterface.Address {
    fileprivate static func example(_ ip: IPAddress, _ length: Int) -> NetworkInterface.Address {
        let network = IPNetwork(masking: ip, prefixLength: length)
        return .init(ip: ip, network: network, broadcast: ip.isLoopback ? nil : network.broadcast, peer: nil)
    }
}
