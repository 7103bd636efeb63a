// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage

/// Runs children, for a test that counts what is left of them: a process of its own, because descriptors and zombies
/// belong to a process. Each line of its input is a number: so many children are run, eight at a time, and a line says
/// that they have been.
///
/// Of the children a third end by themselves, a third are fed and answer, and a third are ended here.
@main struct ChildRuns {
    private static let width = 8

    static func main() async throws {
        let thread = try LoopThread()
        let processes = thread.loop.world.processes
        while let line = readLine() {
            let count = Int(line) ?? 0
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<width {
                    group.addTask {
                        for number in stride(from: lane, to: count, by: width) {
                            try await run(number, processes, on: thread.loop)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try FileDescriptor.standardOutput.writeAll(Array("ran \(count)\n".utf8))
        }
    }

    private static func run(_ number: Int, _ processes: Processes, on loop: EventLoop) async throws {
        struct Enough: Error {}
        switch number % 3 {
        case 0:
            let result = try await processes.output(of: .init("true"), on: loop)
            guard result.end == .exited(0) else { throw Wrong(number: number) }
        case 1:
            let text = Array("\(number)".utf8)
            let result = try await processes.output(of: .init("cat"), input: text, on: loop)
            guard result.output == text else { throw Wrong(number: number) }
        default:
            do {
                _ = try await processes.run(.init("sleep", ["100"]), on: loop) { _ in throw Enough() }
            } catch is Enough {}
        }
    }

    struct Wrong: Error {
        let number: Int
    }
}
