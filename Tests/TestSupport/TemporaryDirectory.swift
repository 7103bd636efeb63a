// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A directory for one test, short enough for UNIX socket paths, removed with everything in it.
public final class TemporaryDirectory: Sendable {
    /// Its path.
    public let path: String

    /// Makes it.
    public init() throws {
        path = "/tmp/nt-\(UUID().uuidString.prefix(13))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A path inside.
    public func file(_ name: String) -> String { "\(path)/\(name)" }
}
