// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// A package of its own, so that nobody who uses Netwright builds it: `make fuzz`, or
// `swift run -c release --package-path Fuzz fuzz-framing SECONDS [PARSER]...`. A program for each family of parsers.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let sockets = Target.Dependency.product(name: "Sockets", package: "netwright")
let wire = Target.Dependency.product(name: "Wire", package: "netwright")

let package = Package(
    name: "netwright-fuzz",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "netwright", path: "..")],
    targets: [
        .target(name: "Fuzzing", swiftSettings: common),
        .executableTarget(name: "fuzz-addresses", dependencies: ["Fuzzing", sockets], swiftSettings: common),
        .executableTarget(name: "fuzz-byte-buffer", dependencies: ["Fuzzing", wire], swiftSettings: common),
        .executableTarget(name: "fuzz-dialogues", dependencies: ["Fuzzing", wire], swiftSettings: common),
        .executableTarget(name: "fuzz-framing", dependencies: ["Fuzzing", wire], swiftSettings: common),
        .executableTarget(name: "fuzz-text", dependencies: ["Fuzzing", sockets], swiftSettings: common),
    ],
    swiftLanguageModes: [.v6]
)
