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

let package = Package(
    name: "netwright-benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "netwright", path: "..")],
    targets: [
        .target(name: "Measuring", swiftSettings: common),
        .executableTarget(name: "address-parsing", dependencies: ["Measuring", sockets], swiftSettings: common),
    ],
    swiftLanguageModes: [.v6]
)
