// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct TerminalTests {
    /// The two ends of a pseudoterminal: the one that plays the user, and the terminal.
    private struct Pseudoterminal: ~Copyable {
        let user: OwnedDescriptor
        let terminal: OwnedDescriptor
        let path: String

        /// By names, since Glibc's module does not declare these four.
        init() throws {
            typealias Open = @convention(c) (CInt) -> CInt
            typealias Name = @convention(c) (CInt, UnsafeMutablePointer<CChar>, Int) -> CInt
            func function<Function>(_ name: String, as _: Function.Type) throws -> Function {
                unsafeBitCast(try #require(dlsym(nil, name)), to: Function.self)
            }
            let opened = OwnedDescriptor(try function("posix_openpt", as: Open.self)(O_RDWR | O_NOCTTY | O_CLOEXEC))
            for name in ["grantpt", "unlockpt"] { try #require(function(name, as: Open.self)(opened.number) == 0) }
            var name = [CChar](repeating: 0, count: 64)
            try #require(function("ptsname_r", as: Name.self)(opened.number, &name, name.count) == 0)
            let place = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            terminal = try SystemCalls.open(
                place.utf8, in: SystemCalls.currentDirectory, .readWrite, options: .init(rawValue: O_NOCTTY))
            path = place
            user = opened
        }

        /// All its settings, as `stty` writes them.
        borrowing func settings() throws -> String {
            try Command.run(["stty", "-g", "-F", path])
        }

        borrowing func type(_ text: String) throws {
            _ = try Array(text.utf8).withUnsafeBytes { try SystemCalls.write(user.number, $0) }
        }

        /// As many bytes as `expected` has; fewer only if they do not come.
        borrowing func read(_ descriptor: CInt, expecting expected: String) throws -> String {
            var text: [UInt8] = []
            while text.count < expected.utf8.count, try isReadable(descriptor, within: 10_000) {
                var buffer = [UInt8](repeating: 0, count: expected.utf8.count - text.count)
                let count = try buffer.withUnsafeMutableBytes { try SystemCalls.read(descriptor, into: $0) }
                text += buffer[..<count]
            }
            return String(decoding: text, as: UTF8.self)
        }

        borrowing func isReadable(_ descriptor: CInt, within milliseconds: CInt = 0) throws -> Bool {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&entry, 1, milliseconds) == 1
        }
    }

    @Test func `a terminal is told from everything else`() throws {
        let pair = try Pseudoterminal()
        #expect(SystemCalls.isTerminal(pair.terminal.number))
        let pipe = try PipeEnds()
        #expect(!SystemCalls.isTerminal(pipe.reading.number))
        #expect(!SystemCalls.isTerminal(-1))
    }

    @Test func `a terminal has a size, which can be told to it`() throws {
        let pair = try Pseudoterminal()
        #expect(try SystemCalls.terminalSize(pair.terminal.number) == TerminalSize(columns: 0, rows: 0))
        try SystemCalls.setTerminalSize(pair.user.number, to: TerminalSize(columns: 132, rows: 43))
        #expect(try SystemCalls.terminalSize(pair.terminal.number) == TerminalSize(columns: 132, rows: 43))
        try SystemCalls.setTerminalSize(pair.user.number, to: TerminalSize(columns: -1, rows: 70_000))
        #expect(try SystemCalls.terminalSize(pair.terminal.number) == TerminalSize(columns: 0, rows: 65_535))
        let pipe = try PipeEnds()
        #expect(throws: Errno.inappropriateIOCTLForDevice) { try SystemCalls.terminalSize(pipe.reading.number) }
    }

    @Test func `a raw terminal hands over each key and echoes nothing, and is what it was afterwards`() throws {
        let pair = try Pseudoterminal()
        let before = try pair.settings()
        try pair.type("a")
        #expect(try pair.read(pair.user.number, expecting: "a") == "a", "the echo")
        #expect(try !pair.isReadable(pair.terminal.number), "no line yet")
        do {
            let raw = try RawTerminal(pair.terminal.number)
            try pair.type("x\u{3}\r")
            #expect(try pair.read(pair.terminal.number, expecting: "ax\u{3}\r") == "ax\u{3}\r")
            #expect(try !pair.isReadable(pair.user.number), "no echo")
            try raw.restore()
        }
        #expect(try pair.settings() == before)
    }

    @Test func `the end of its scope restores it as well, and signals may be kept`() throws {
        let pair = try Pseudoterminal()
        let before = try pair.settings()
        do {
            let raw = try RawTerminal(pair.terminal.number, keepingSignals: true)
            try pair.type("\u{3}y")
            // Control-C is no key, and what was typed before it may be forgotten.
            #expect(try pair.read(pair.terminal.number, expecting: "y").hasSuffix("y"))
            #expect(try !pair.isReadable(pair.user.number), "no echo")
            _ = consume raw
        }
        #expect(try pair.settings() == before)
    }

    @Test func `what is no terminal can't be raw`() throws {
        let pipe = try PipeEnds()
        #expect(throws: Errno.inappropriateIOCTLForDevice) { _ = try RawTerminal(pipe.reading.number) }
    }

    #if DEBUG
        @Test func `P10: a terminal that can't be changed is told, and a signal is not seen`() throws {
            let pair = try Pseudoterminal()
            let number = pair.terminal.number
            _ = withFaults(.failing(.tcsetattr, with: .ioError)) {
                #expect(throws: Errno.ioError) { _ = try RawTerminal(number) }
            }
            for call in [SystemCall.tcgetattr, .tcsetattr] {
                try withFaults(.failing(call, with: .interrupted, times: 2)) {
                    let raw = try RawTerminal(number)
                    try raw.restore()
                }
            }
            let plan = FaultPlan { call, ordinal in call == .tcsetattr && ordinal > 0 ? .fail(.ioError) : nil }
            _ = withFaults(plan) {
                #expect(throws: Errno.ioError) {
                    let raw = try RawTerminal(number)
                    try raw.restore()
                }
            }
        }
    #endif
}
