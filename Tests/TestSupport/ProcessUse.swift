// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a process uses at this moment, as the system counts it.
public struct ProcessUse: Sendable {
    /// Memory of its own that it has in use, in bytes, and the most that it ever had.
    public let memory, peakMemory: Int
    /// Open descriptors.
    public let descriptors: Int
    /// The processes that it has started and that the system still knows: zombies are among them.
    public let children: [Int32]
    /// The processor time of all of its threads so far, in seconds.
    public let processorTime: Double
    /// Whether its first thread waits for something.
    public let isAsleep: Bool

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
        let (children, readers) = try Self.children(in: directory)
        self.children = children
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/fd").count - 2 * readers
        // The name in parentheses may hold spaces; behind it the fields are numbers from the third one on.
        let fields = try Self.text("\(directory)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        isAsleep = fields.first == "S"
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { throw Gone() }
        processorTime = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The children, and how many more there are that a sanitizer has started to read addresses, each with two pipes.
    private static func children(in directory: String) throws -> ([Int32], readers: Int) {
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/task")
        // A thread, and a child, may have ended meanwhile.
        let lists = tasks.compactMap { try? text("\(directory)/task/\($0)/children") }
        let all = lists.flatMap { $0.split(separator: " ") }.compactMap { Int32($0) }
        let children = all.filter { (try? text("/proc/\($0)/comm")) != "llvm-symbolizer\n" }
        return (children, all.count - children.count)
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
