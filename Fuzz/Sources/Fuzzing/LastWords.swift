// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a trap ends the process with a signal; in its handler nothing may allocate, lock or touch what the compiler
//           initialises late.
// Decision: what is being tried is written down before it is tried, in memory that is there from the beginning. The
//           handler prints it with write(2), a byte at a time, and lets the signal end the process.
// Cost:     a copy of each message.
import Glibc

/// What the process says about the message that ended it, or that it has not come through with.
enum LastWords {
    private static let room = Mutation.longest
    private nonisolated(unsafe) static let message = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
    private nonisolated(unsafe) static var count = 0
    private nonisolated(unsafe) static let name = UnsafeMutablePointer<UInt8>.allocate(capacity: nameRoom)
    private nonisolated(unsafe) static var nameCount = 0
    private nonisolated(unsafe) static var seed: UInt64 = 0
    private nonisolated(unsafe) static var number: UInt64 = 0
    /// The message that was being tried when the clock last ticked.
    private nonisolated(unsafe) static var numberAtTick = UInt64.max
    private static let nameRoom = 64

    /// Seconds of processor time after which a message counts as endless.
    private static let patience = 5

    /// From now on a crash, and a message that takes for ever, say what it was.
    static func prepare() {
        // Made now, and not in the handler.
        count = 0
        nameCount = 0
        message.initialize(repeating: 0, count: room)
        name.initialize(repeating: 0, count: nameRoom)
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] { Glibc.signal(signal, crashed) }
        signal(SIGVTALRM, ticked)
        let interval = timeval(tv_sec: patience, tv_usec: 0)
        var timer = itimerval(it_interval: interval, it_value: interval)
        setitimer(__itimer_which_t(ITIMER_VIRTUAL.rawValue), &timer, nil)
    }

    /// A parser's turn begins.
    static func begin(_ parser: String, seed: UInt64) {
        nameCount = 0
        for byte in parser.utf8.prefix(nameRoom) {
            name[nameCount] = byte
            nameCount += 1
        }
        self.seed = seed
        numberAtTick = .max
    }

    /// This is tried next.
    static func note(_ number: UInt64, _ bytes: [UInt8]) {
        self.number = number
        count = min(bytes.count, room)
        bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { message.update(from: base, count: count) }
        }
    }

    private static let crashed: @convention(c) (CInt) -> Void = { signal in
        tell("CRASHED")
        Glibc.signal(signal, SIG_DFL)
        raise(signal)
    }

    private static let ticked: @convention(c) (CInt) -> Void = { _ in
        if numberAtTick == number {
            tell("ENDLESS")
            _exit(1)
        }
        numberAtTick = number
    }

    private static func tell(_ word: StaticString) {
        write(word)
        write(" ")
        Glibc.write(STDERR_FILENO, name, nameCount)
        write(": seed ")
        write(seed)
        write(", message ")
        write(number)
        write(", bytes ")
        for index in 0..<min(count, Fuzzer.shown) {
            put(digit(message[index] >> 4))
            put(digit(message[index] & 15))
        }
        write("\n")
    }

    private static func write(_ text: StaticString) {
        Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func write(_ number: UInt64) {
        if number >= 10 { write(number / 10) }
        put(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
    }

    private static func put(_ byte: UInt8) {
        var byte = byte
        Glibc.write(STDERR_FILENO, &byte, 1)
    }
}
