// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a process uses at this moment, as the system counts it.
public struct ProcessUse: Sendable {
    /// Memory of its own that it has in use, in bytes, and the most that it ever had.
    public let memory, peakMemory: Int
    /// Open descriptors.
    public let descriptors: Int
    /// The processor time of all of its threads so far, in seconds.
    public let processorTime: Double

    /// There is no such process, or it has ended.
    public struct Gone: Error {}

    /// Reads `/proc`.
    public init(ofProcess identifier: Int32) throws {
        let directory = "/proc/\(identifier)"
        let status = try Self.text("\(directory)/status")
        func kibibytes(_ name: String) throws -> Int {
            guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(name):") }),
                let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
            else { throw Gone() }
            return number
        }
        memory = try kibibytes("VmRSS") << 10
        peakMemory = try kibibytes("VmHWM") << 10
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/fd").count
        // The name in parentheses may hold spaces; behind it the fields are numbers from the third one on.
        let fields = try Self.text("\(directory)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { throw Gone() }
        processorTime = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func text(_ path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { throw Gone() }
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }
}

extension ForeignProgram {
    /// What the program uses now.
    public var use: ProcessUse { get throws { try ProcessUse(ofProcess: processIdentifier) } }
}
