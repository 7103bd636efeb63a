// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.serialized, .blocking) struct ChildRunsTests {
    // P21: 10,000 children leave neither a zombie nor a descriptor behind
    @Test func `P21: of many children nothing is left`() throws {
        let count = repetitions(60, soak: 10_000)
        let program = try ForeignProgram(BuiltProgram.path("child-runs"), [])
        program.limit = .seconds(900)
        // What is opened once and for all is open by now.
        try run(24, in: program)
        let before = try program.use.descriptors
        try run(count, in: program)
        // What the last one leaves is let go of behind its end.
        try wait {
            let use = try program.use
            return use.descriptors <= before && use.children.isEmpty
        }
        try program.closeInput()
        #expect(try program.exit() == .status(0), "\(program.errors)")
    }

    private func run(_ count: Int, in program: ForeignProgram) throws {
        try program.write("\(count)\n")
        #expect(try program.line() == "ran \(count)")
    }
}
