// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct CTimeTests {
    @Test func `the first second is a Thursday in 1970`() {
        #expect(CTime(secondsSinceEpoch: 0).utcDescription == "Thu Jan  1 00:00:00 1970")
        #expect(CTime(secondsSinceEpoch: -1).utcDescription == "Wed Dec 31 23:59:59 1969")
        #expect(CTime(secondsSinceEpoch: 1_795_257_843).utcDescription == "Sat Nov 21 10:44:03 2026")
    }

    @Test func `leap days stand where the calendar has them`() {
        #expect(CTime(secondsSinceEpoch: 951_782_400).utcDescription == "Tue Feb 29 00:00:00 2000")
        #expect(CTime(secondsSinceEpoch: -2_203_891_200).utcDescription == "Thu Mar  1 00:00:00 1900")
        #expect(CTime(secondsSinceEpoch: -2_203_891_201).utcDescription == "Wed Feb 28 23:59:59 1900")
    }

    @Test(arguments: [Int64.min, .max])
    func `no number of seconds traps, and where the system has no local time it is UTC`(seconds: Int64) {
        let time = CTime(secondsSinceEpoch: seconds)
        #expect(time.description == time.utcDescription)
        // Known from arbitrary-precision arithmetic.
        let known = seconds < 0 ? "Sun Jan 27 08:29:52 -292277022657" : "Sun Dec  4 15:30:07 292277026596"
        #expect(time.utcDescription == known)
    }

    @Test func `now lies between two readings of another clock`() {
        let before = Int64(Date().timeIntervalSince1970)
        let now = CTime.now().secondsSinceEpoch
        #expect(before...Int64(Date().timeIntervalSince1970) ~= now)
    }

    /// POSIX rules need no database of zones, names do; both are how people set theirs.
    @Test(arguments: ["UTC", "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45", "Australia/Lord_Howe", "Europe/Dublin"])
    func `every instant prints as Python prints it`(zone: String) throws {
        var generator = SeededGenerator(seed: 70)
        let edges: [Int64] = [
            0, -1, 1, 59, 60, 3599, 3600, 86_399, 86_400, 951_782_400, .init(Int32.max), .init(Int32.min),
        ]
        let random = (0..<5000).map { _ in Int64.random(in: -62_135_596_800...253_402_300_799, using: &generator) }
        let recent = (0..<5000).map { _ in Int64.random(in: 0...2_000_000_000, using: &generator) }
        let input = (edges + random + recent).map { "\($0)\n" }.joined()

        let ours = try output(of: BuiltProgram.path("print-times"), [], input: input, zone: zone)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Oracles/times.py")
        let theirs = try output(of: Python.executable, [script.path], input: input, zone: zone)
        #expect(ours.count == edges.count + 10_000)
        #expect(zip(ours, theirs).first { $0 != $1 }.map { "\($0) is \($1) in Python" } == nil)
        #expect(ours.count == theirs.count)
    }

    private func output(of program: String, _ arguments: [String], input: String, zone: String) throws -> [Substring] {
        let program = try ForeignProgram(program, arguments, environment: ["TZ": zone])
        try program.write(input)
        try program.closeInput()
        #expect(try program.exit() == .status(0))
        return program.output.split(separator: "\n")
    }
}
