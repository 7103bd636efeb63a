// SPDX-License-Identifier: Apache-2.0

/// Which module may import which: the one direction of the design, as a table. A module that is not here may not be
/// added to `Sources` before its row is.
enum ModuleGraph {
    /// Our own modules, from the bottom up; a row names only rows above it, and so there is no circle.
    static let ours: [(module: String, mayImport: Set<String>)] = [
        ("CSockets", []),
        ("Sockets", ["CSockets"]),
        ("Wire", []),
        ("Reactor", ["CSockets", "Sockets", "Wire"]),
        ("SocketServer", ["Sockets", "Wire", "Reactor"]),
        ("TLS", ["Sockets", "Wire", "Reactor"]),
        ("HTTP", ["Sockets", "Wire", "Reactor", "TLS"]),
        ("XMLRPC", ["Sockets", "Wire", "Reactor", "TLS", "HTTP"]),
        ("Rooms", ["Sockets", "Wire", "Reactor", "TLS", "HTTP"]),
        ("NetworkSimulator", ["Sockets", "Wire", "Reactor"]),
        ("Netwright", ["Sockets", "Wire", "Reactor", "SocketServer", "TLS", "HTTP", "XMLRPC", "Rooms"]),
        ("NetTool", ["Sockets", "Wire", "Reactor", "SocketServer", "TLS", "HTTP", "XMLRPC", "Rooms"]),
        ("nt", ["NetTool"]),
    ]

    /// What comes from elsewhere, and the paths that may import it: a folder ends with a slash, and a `*` at the end
    /// stands for the rest of a name. A C library has one importing module. Whoever else needs a file, a process, a
    /// terminal, a signal or a constant calls the typed functions of `Sockets/System`.
    static let others: [(module: String, mayBeImportedIn: [String])] = [
        ("Glibc", systemCallers),
        ("CSockets", ["Sources/Sockets/", "Sources/Reactor/Drivers/"]),
        ("CNetwrightOpenSSL", ["Sources/TLS/"]),
        ("CNetwrightZlib", ["Sources/HTTP/"]),
        ("CNetwrightExpat", ["Sources/XMLRPC/"]),
        (
            "SystemPackage",
            [
                "Sources/Sockets/", "Sources/Reactor/", "Sources/SocketServer/", "Sources/TLS/", "Sources/HTTP/",
                "Sources/XMLRPC/", "Sources/Rooms/", "Sources/NetworkSimulator/", "Sources/NetTool/",
            ]
        ),
        ("ArgumentParser", ["Sources/NetTool/"]),
        // Meeting points with the rest of a program, which alone says where the lines and the numbers go.
        ("Logging", ["Sources/Reactor/", "Sources/HTTP/", "Sources/NetTool/"]),
        ("CoreMetrics", ["Sources/Reactor/", "Sources/HTTP/"]),
        ("HTTPTypes", ["Sources/Wire/", "Sources/HTTP/", "Sources/XMLRPC/", "Sources/NetTool/"]),
        ("Collections", ["Sources/Wire/", "Sources/Reactor/"]),
        ("BasicContainers", ["Sources/Wire/", "Sources/Reactor/"]),
        ("DequeModule", ["Sources/Wire/", "Sources/Reactor/"]),
        ("HeapModule", ["Sources/Reactor/"]),
        ("OrderedCollections", ["Sources/Wire/", "Sources/Reactor/"]),
        ("Synchronization", ["Sources/"]),
    ]

    /// Who calls the C library by itself. The rest of `Sockets` has numbers and layouts from `CSockets` at most.
    private static let systemCallers = [
        "Sources/Sockets/System/",
        "Sources/Sockets/Text/",
        "Sources/Sockets/Resolving/",
        "Sources/Sockets/Selecting/",
        "Sources/Sockets/Address/SocketAddress+Bytes.swift",
        "Sources/Sockets/Address/IPv6Address*",
        "Sources/Reactor/Drivers/",
    ]

    /// Imports that may stand in one file of a module only, the border at which the two meet.
    static let borders: [(importer: String, imported: String)] = [("Wire", "HTTPTypes"), ("HTTP", "TLS")]

    /// Imports against the two tables.
    static func importViolations(in file: SourceFile) -> [Violation] {
        guard let module = file.module else { return [] }
        guard let row = ours.first(where: { $0.module == module }) else {
            return [Violation(file, "module \(module) has no row in ModuleGraph.ours")]
        }
        return file.imports.compactMap { line, imported in
            if let places = others.first(where: { $0.module == imported })?.mayBeImportedIn {
                if places.contains(where: { file.path.isCovered(by: $0) }) { return nil }
                return Violation(
                    file, line: line, "\(imported) may be imported only in \(places.joined(separator: ", "))")
            }
            if row.mayImport.contains(imported) { return nil }
            return Violation(file, line: line, "\(module) may not import \(imported)")
        }
    }

    /// Borders that more than one file of the module crosses.
    static func borderViolations(in files: [SourceFile]) -> [Violation] {
        borders.flatMap { importer, imported in
            let crossing = files.filter { file in
                file.module == importer && file.imports.contains { $0.module == imported }
            }
            return crossing.dropFirst().map {
                Violation($0, "\(importer) meets \(imported) in \(crossing[0].path), and in one file only")
            }
        }
    }

    /// Rows that look down a circle: each may name only the rows above it.
    static func orderViolations(in rows: [(module: String, mayImport: Set<String>)]) -> [String] {
        var above: Set<String> = []
        var violations: [String] = []
        for row in rows {
            for imported in row.mayImport.subtracting(above).sorted() {
                violations.append("\(row.module) imports \(imported), which does not stand above it")
            }
            above.insert(row.module)
        }
        return violations
    }
}
