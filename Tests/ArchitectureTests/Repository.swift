// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The files that the checks read, found from this file's own place.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folders that hold code of ours. One that does not exist yet holds no file.
    static let folders = ["Sources", "Tests", "Examples", "Benchmarks", "Fuzz"]

    /// Every Swift file and C header of ours, in the order of their paths.
    static let files: [SourceFile] = {
        let all = folders.flatMap(paths(under:)) + ["Package.swift"]
        return all.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".h") }.sorted().compactMap { path in
            text(of: path).map { SourceFile(path: path, text: $0) }
        }
    }()

    /// The files of the libraries and of the tool.
    static let sources = files.filter { $0.module != nil }

    /// Every path below the folder, from the root, without what builds make.
    static func paths(under folder: String) -> [String] {
        let found = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
        let paths = (found?.compactMap { $0 as? String } ?? []).map { "\(folder)/\($0)" }
        return paths.filter { !$0.contains("/.build") && !$0.contains("/__pycache__/") }
    }

    /// The file's text, or nil when there is no such file.
    static func text(of path: String) -> String? {
        try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
