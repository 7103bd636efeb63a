// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// What every Swift target of the package is compiled with.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The modules that touch memory by hand: each unsafe expression says so, and spans may be returned.
let engine: [SwiftSetting] = common + [.strictMemorySafety(), .enableExperimentalFeature("Lifetimes")]

/// The module that calls the system: in debug builds a test can make any call fail.
let playedKernel = SwiftSetting.define("FAULT_INJECTION", .when(configuration: .debug))

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// Programs of `Examples/`: each a folder with one file.
func programs(_ names: [String], on modules: [Target.Dependency]) -> [Target] {
    names.map { name in
        .executableTarget(
            name: name, dependencies: ["Console", "Sockets", systemPackage] + modules, path: "Examples/\(name)",
            swiftSettings: common)
    }
}

/// Those that need blocking sockets and nothing else, then those that need more.
let plainExamples = [
    "bank-queue-server", "download-client", "download-server", "greeting-client", "greeting-server",
    "one-shot-client", "one-shot-server", "poll-log-server", "select-log-server", "send-loop", "serve-many-server",
    "tcp-reply-once", "tcp-send", "timestamp-client", "timestamp-server", "udp-duplex", "udp-receive", "udp-send",
    "udp-send-bound", "udp-send-loop",
]
let examples =
    programs(plainExamples, on: [])
    + programs(["forking-server", "tcpserver-greeting", "threading-server"], on: ["SocketServer"])
    + programs(["relay-client", "relay-server"], on: ["Reactor", "Rooms"])
    + programs(["async-log-server", "line-log-server", "twisted-log-server", "udp-chat"], on: ["Reactor"])

let package = Package(
    name: "netwright",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Netwright", targets: ["Netwright"]),
        .library(name: "Sockets", targets: ["Sockets"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "Reactor", targets: ["Reactor"]),
        .library(name: "Rooms", targets: ["Rooms"]),
        .library(name: "SocketServer", targets: ["SocketServer"]),
        .library(name: "NetworkSimulator", targets: ["NetworkSimulator"]),
        .executable(name: "nt", targets: ["nt"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CSockets"),
        .target(name: "Sockets", dependencies: ["CSockets", systemPackage], swiftSettings: engine + [playedKernel]),
        .target(name: "Wire", swiftSettings: engine),
        .target(
            name: "Reactor", dependencies: ["CSockets", "Sockets", "Wire", systemPackage, logging, metrics],
            swiftSettings: engine),
        .target(
            name: "SocketServer", dependencies: ["Reactor", "Sockets", systemPackage], swiftSettings: engine),
        .target(
            name: "Rooms", dependencies: ["Reactor", "Sockets", "Wire", systemPackage], swiftSettings: common),
        .target(name: "NetworkSimulator", dependencies: ["Reactor", "Sockets", "Wire"], swiftSettings: engine),
        .target(
            name: "Netwright", dependencies: ["Reactor", "Rooms", "SocketServer", "Sockets", "Wire"],
            swiftSettings: common),
        .target(
            name: "NetTool", dependencies: ["Reactor", "Rooms", "Sockets", "Wire", systemPackage, argumentParser],
            swiftSettings: common),
        .executableTarget(name: "nt", dependencies: ["NetTool"], swiftSettings: common),
        .target(
            name: "TestSupport", dependencies: ["Sockets", "CSockets", systemPackage], path: "Tests/TestSupport",
            swiftSettings: common),
        .executableTarget(
            name: "print-times", dependencies: ["Sockets"], path: "Tests/Programs/print-times", swiftSettings: common),
        .executableTarget(
            name: "load-server", dependencies: ["Reactor", "Sockets", systemPackage],
            path: "Tests/Programs/load-server", swiftSettings: common),
        .executableTarget(
            name: "child-runs", dependencies: ["Reactor", "Sockets", systemPackage], path: "Tests/Programs/child-runs",
            swiftSettings: common),
        .executableTarget(
            name: "load-clients", dependencies: ["Sockets"], path: "Tests/Programs/load-clients",
            swiftSettings: common),
        .testTarget(
            name: "SocketsTests", dependencies: ["Sockets", "TestSupport", systemPackage],
            exclude: ["Oracles", "Faults/ErrnoTable.tsv"],
            swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
        .executableTarget(
            name: "worker-server", dependencies: ["Reactor", "Sockets", systemPackage],
            path: "Tests/Programs/worker-server", swiftSettings: common),
        .testTarget(
            name: "NetToolTests",
            dependencies: ["NetTool", "Sockets", "TestSupport", "nt", systemPackage, argumentParser],
            exclude: ["Oracles"],
            swiftSettings: common),
        .testTarget(
            name: "WireTests", dependencies: ["Wire", "TestSupport"], exclude: ["Oracles"], swiftSettings: common),
        .testTarget(
            name: "ReactorTests",
            dependencies: [
                "NetworkSimulator", "Reactor", "Sockets", "TestSupport", "Wire", systemPackage, logging, metrics,
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
        .testTarget(
            name: "RoomsTests",
            dependencies: ["NetworkSimulator", "Reactor", "Rooms", "Sockets", "TestSupport", "Wire", systemPackage],
            exclude: ["Peers"],
            swiftSettings: common),
        .executableTarget(
            name: "request-server", dependencies: ["Reactor", "SocketServer", "Sockets"],
            path: "Tests/Programs/request-server", swiftSettings: common),
        .testTarget(
            name: "SocketServerTests",
            dependencies: ["Reactor", "SocketServer", "Sockets", "TestSupport", "request-server", systemPackage],
            exclude: ["Peers"],
            swiftSettings: common),
        .testTarget(
            name: "NetworkSimulatorTests",
            dependencies: ["NetworkSimulator", "Reactor", "Sockets", "TestSupport", "Wire", systemPackage],
            exclude: ["Oracles"], swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: common),
        .target(
            name: "Console", dependencies: ["Sockets", systemPackage], path: "Examples/Console", swiftSettings: common),
        .testTarget(
            name: "ExampleTests", dependencies: ["Netwright", "Sockets", "TestSupport", systemPackage],
            exclude: ["Originals"],
            swiftSettings: common),
    ] + examples,
    swiftLanguageModes: [.v6]
)
