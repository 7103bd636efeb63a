// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Runs the parsers of one program, each for its time or its number of messages, and tells what it found.
///
/// ```
/// fuzz-framing 60                            each parser for 60 seconds, with a seed of today's
/// fuzz-framing 10000000m line netstring      these two with 10,000,000 messages each
/// fuzz-framing 60 --seed 7                   the messages of seed 7
/// fuzz-framing --seed 7 --message 1234 line  one message again
/// ```
/// A parser has failed when it traps, when a message takes longer than 10 ms per 64 KiB, or when its check says so. The
/// seed, the message's number and its bytes are printed, and the program's end says that something was wrong.
public struct Fuzzer {
    /// The most that reading a message of up to 64 KiB may take, in nanoseconds of processor time.
    static let limit: UInt64 = 10_000_000

    private let parsers: [Parser]
    private let orders: Orders

    /// Does what the command line says, and ends the process.
    public static func main(_ parsers: [Parser]) -> Never {
        do throws(Orders.Mistake) {
            let orders = try Orders(Array(CommandLine.arguments.dropFirst()), parsers.map(\.name))
            exit(Fuzzer(parsers: parsers, orders: orders).run() ? 0 : 1)
        } catch {
            print(error.description)
            exit(2)
        }
    }

    /// Whether every parser has stood it.
    private func run() -> Bool {
        LastWords.prepare()
        var isSound = true
        for parser in parsers where orders.names.isEmpty || orders.names.contains(parser.name) {
            LastWords.begin(parser.name, seed: orders.seed)
            isSound = (orders.message.map { attempt($0, parser) } ?? run(parser)) && isSound
            // Whoever reads the log of a long run sees how far it is.
            fflush(nil)
        }
        return isSound
    }

    /// A single message, with its bytes.
    private func attempt(_ number: UInt64, _ parser: Parser) -> Bool {
        let mutation = Mutation(of: parser, seed: orders.seed)
        var random = mutation.generator(of: number)
        let message = mutation.message(&random)
        print("\(parser.name): message \(number) of seed \(orders.seed): \(Self.hexadecimal(message))")
        let outcome = Trial(parser, mutation).run(number)
        print("\(parser.name): \(outcome.nanoseconds / 1000) microseconds, \(outcome.flaw ?? "nothing wrong")")
        return outcome.flaw == nil
    }

    private func run(_ parser: Parser) -> Bool {
        let trial = Trial(parser, Mutation(of: parser, seed: orders.seed))
        let start = Trial.nanoseconds(CLOCK_MONOTONIC)
        var (number, bytes, slowest): (UInt64, Int, UInt64) = (0, 0, 0)
        while number < orders.count, number & 255 != 0 || !isOver(since: start) {
            let outcome = trial.run(number)
            if let flaw = outcome.flaw {
                print("FAILED \(parser.name): \(flaw)")
                print("seed \(orders.seed), message \(number), bytes \(Self.hexadecimal(outcome.message))")
                return false
            }
            number += 1
            bytes += outcome.message.count
            slowest = max(slowest, outcome.nanoseconds)
        }
        let seconds = (Trial.nanoseconds(CLOCK_MONOTONIC) - start) / 1_000_000_000
        let size = "\(number) messages, \(bytes >> 20) MiB in \(seconds) s"
        print("\(parser.name): \(size), the slowest \(slowest / 1000) microseconds, seed \(orders.seed)")
        return true
    }

    private func isOver(since start: UInt64) -> Bool {
        Trial.nanoseconds(CLOCK_MONOTONIC) - start >= orders.seconds.multipliedReportingOverflow(by: 1_000_000_000).0
    }

    /// The most bytes of a message that are printed; `--message` makes all of it again.
    static let shown = 512

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = bytes.prefix(shown).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return bytes.count > shown ? "\(digits)… (\(bytes.count) bytes)" : digits
    }
}

/// One message after the other, timed.
struct Trial {
    /// What came of a message.
    struct Outcome {
        let message: [UInt8]
        let nanoseconds: UInt64
        let flaw: String?
    }

    private let parser: Parser
    private let mutation: Mutation

    init(_ parser: Parser, _ mutation: Mutation) {
        self.parser = parser
        self.mutation = mutation
    }

    func run(_ number: UInt64) -> Outcome {
        var random = mutation.generator(of: number)
        let message = mutation.message(&random)
        LastWords.note(number, message)
        let start = Self.nanoseconds(CLOCK_MONOTONIC)
        var cutting = random
        let flaw = parser.check(message, &cutting)
        var spent = Self.nanoseconds(CLOCK_MONOTONIC) - start
        let limit = parser.passes * Fuzzer.limit
        if flaw == nil, spent > limit { spent = leastTime(message, random) }
        if spent <= limit || flaw != nil { return Outcome(message: message, nanoseconds: spent, flaw: flaw) }
        let words = "\(message.count) bytes took \(spent / 1000) microseconds of the processor, not \(limit / 1000)"
        return Outcome(message: message, nanoseconds: spent, flaw: words)
    }

    /// A busy machine stops whom it likes: what counts is the least processor time of several tries.
    private func leastTime(_ message: [UInt8], _ random: SeededGenerator) -> UInt64 {
        var least = UInt64.max
        for _ in 0..<5 {
            var cutting = random
            let start = Self.nanoseconds(CLOCK_THREAD_CPUTIME_ID)
            _ = parser.check(message, &cutting)
            least = min(least, Self.nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start)
        }
        return least
    }

    static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
