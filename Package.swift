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
let engine: [SwiftSetting] =
    common + [
        .strictMemorySafety(),
        .enableExperimentalFeature("Lifetimes"),
        .define("FAULT_INJECTION", .when(configuration: .debug)),
    ]

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "netwright",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Netwright", targets: ["Netwright"]),
        .library(name: "Sockets", targets: ["Sockets"]),
        .executable(name: "nt", targets: ["nt"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .target(name: "CSockets"),
        .target(name: "Sockets", dependencies: ["CSockets", systemPackage], swiftSettings: engine),
        .target(name: "Netwright", dependencies: ["Sockets"], swiftSettings: common),
        .target(name: "NetTool", dependencies: ["Sockets", systemPackage, argumentParser], swiftSettings: common),
        .executableTarget(name: "nt", dependencies: ["NetTool"], swiftSettings: common),
        .target(
            name: "TestSupport", dependencies: ["Sockets", "CSockets", systemPackage], path: "Tests/TestSupport",
            swiftSettings: common),
        .executableTarget(
            name: "print-times", dependencies: ["Sockets"], path: "Tests/Programs/print-times", swiftSettings: common),
        .testTarget(
            name: "SocketsTests", dependencies: ["Sockets", "TestSupport", systemPackage],
            exclude: ["Oracles", "Faults/ErrnoTable.tsv"],
            swiftSettings: common + [.enableExperimentalFeature("Lifetimes")]),
        .testTarget(name: "NetToolTests", dependencies: ["NetTool"], swiftSettings: common),
        .testTarget(name: "ArchitectureTests", swiftSettings: common),
    ],
    swiftLanguageModes: [.v6]
)
