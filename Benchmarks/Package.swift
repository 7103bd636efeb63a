// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// A package of its own, so that nobody who uses Netwright builds it: `swift run -c release --static-swift-stdlib NAME`.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let sockets = Target.Dependency.product(name: "Sockets", package: "netwright")

let wire = Target.Dependency.product(name: "Wire", package: "netwright")

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "netwright-benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "netwright", path: ".."),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .target(name: "Measuring", swiftSettings: common),
        .target(name: "CPeers"),
        .target(name: "CAllocations"),
        .executableTarget(
            name: "echo",
            dependencies: [
                "CAllocations", "CPeers", "Measuring", .product(name: "Reactor", package: "netwright"), sockets,
            ],
            swiftSettings: common),
        .executableTarget(
            name: "fanout",
            dependencies: [
                "CPeers", "Measuring", .product(name: "Reactor", package: "netwright"),
                .product(name: "Rooms", package: "netwright"),
            ], swiftSettings: common),
        .executableTarget(
            name: "lines",
            dependencies: ["CPeers", "Measuring", .product(name: "Reactor", package: "netwright"), sockets],
            swiftSettings: common),
        .executableTarget(name: "address-parsing", dependencies: ["Measuring", sockets], swiftSettings: common),
        .executableTarget(
            name: "blocking-ping-pong", dependencies: ["CPeers", "Measuring", sockets, systemPackage],
            swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
        .executableTarget(name: "startup", swiftSettings: common),
        .executableTarget(
            name: "datagrams",
            dependencies: ["CPeers", "Measuring", .product(name: "Reactor", package: "netwright"), sockets],
            swiftSettings: common),
        .executableTarget(
            name: "simulator",
            dependencies: [
                "CAllocations", .product(name: "NetworkSimulator", package: "netwright"),
                .product(name: "Reactor", package: "netwright"), sockets,
            ], swiftSettings: common),
        .executableTarget(name: "line-framing", dependencies: ["CPeers", "Measuring", wire], swiftSettings: common),
    ],
    swiftLanguageModes: [.v6]
)
