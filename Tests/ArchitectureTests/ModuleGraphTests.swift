// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.blocking) struct ModuleGraphTests {
    @Test func `the repository is found and has files`() {
        #expect(Repository.sources.contains { $0.path == "Sources/nt/Main.swift" })
        #expect(Repository.files.contains { $0.path == "Tests/ArchitectureTests/ModuleGraphTests.swift" })
    }

    @Test func `every import goes the one way`() {
        expectNone(Repository.sources.flatMap(ModuleGraph.importViolations))
        expectNone(ModuleGraph.borderViolations(in: Repository.sources))
    }

    @Test func `the table itself has no circle`() {
        #expect(ModuleGraph.orderViolations(in: ModuleGraph.ours) == [])
        #expect(ModuleGraph.orderViolations(in: [("A", ["B"]), ("B", ["A"])]).count == 1)
    }

    @Test func `no module but the main program imports the tool`() {
        let importers = ModuleGraph.ours.filter { $0.mayImport.contains("NetTool") }.map(\.module)
        #expect(importers == ["nt"])
    }

    @Test func `no library imports the simulator`() {
        #expect(!ModuleGraph.ours.contains { $0.mayImport.contains("NetworkSimulator") })
    }

    @Test(arguments: [
        ("Sources/Sockets/Socket.swift", "import Reactor"),
        ("Sources/Sockets/Socket.swift", "import Glibc"),
        ("Sources/Sockets/Address/Port.swift", "@_implementationOnly import Glibc"),
        ("Sources/Reactor/EventLoop.swift", "import CSockets"),
        ("Sources/Reactor/EventLoop.swift", "internal import Glibc"),
        ("Sources/Wire/ByteBuffer.swift", "import Sockets"),
        ("Sources/Wire/ByteBuffer.swift", "import SystemPackage"),
        ("Sources/HTTP/HTTPServer.swift", "package import XMLRPC"),
        ("Sources/HTTP/HTTPServer.swift", "import struct NetTool.RootCommand"),
        ("Sources/Rooms/Chat.swift", "import NetworkSimulator"),
        ("Sources/HTTP/Digest.swift", "import CNetwrightOpenSSL"),
        ("Sources/NetTool/Check.swift", "import Foundation"),
        ("Sources/nt/Main.swift", "import Sockets"),
        ("Sources/Unheard/Of.swift", "import Sockets"),
    ])
    func `a planted import against the direction is found`(path: String, text: String) {
        let file = SourceFile(path: path, text: "// SPDX-License-Identifier: Apache-2.0\n\(text)\n")
        #expect(ModuleGraph.importViolations(in: file).count == 1)
    }

    @Test(arguments: [
        ("Sources/Sockets/System/Files.swift", "import CSockets\nimport Glibc\npublic import SystemPackage"),
        ("Sources/Sockets/Address/IPv6Address+Text.swift", "import Glibc"),
        ("Sources/Reactor/Drivers/UringDriver.swift", "import CSockets\nimport Sockets\nimport Synchronization"),
        ("Sources/NetTool/Check.swift", "import ArgumentParser\nimport Sockets"),
        ("Sources/Netwright/Netwright.swift", "@_exported public import Sockets"),
        ("Sources/HTTP/HTTPServer.swift", "// import Foundation\nlet text = \"\"\"\nimport Foundation\n\"\"\""),
        ("Tests/SocketsTests/PortTests.swift", "import Foundation\n@testable import Sockets"),
    ])
    func `an import along the direction passes`(path: String, text: String) {
        #expect(ModuleGraph.importViolations(in: SourceFile(path: path, text: text)) == [])
    }

    @Test func `a border that two files cross is found`() {
        let files = ["Upgrade", "Client"].map {
            SourceFile(path: "Sources/HTTP/\($0).swift", text: "public import TLS\n")
        }
        #expect(ModuleGraph.borderViolations(in: files).map(\.path) == ["Sources/HTTP/Client.swift"])
        #expect(ModuleGraph.borderViolations(in: Array(files.prefix(1))) == [])
    }
}
