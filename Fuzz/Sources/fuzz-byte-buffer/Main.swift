// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Wire

/// The byte buffer under any operations, beside an array: a message is read as a list of operations, two bytes each.
@main
struct FuzzByteBuffer {
    static func main() {
        let all: [UInt8] = (0..<Operations.kinds).flatMap { [UInt8($0), 9] }
        let seeds: [[UInt8]] = [all, all.reversed(), [0, 200, 3, 199, 0, 100, 4, 0]]
        // Each byte of a message stands for many of the buffer's.
        Fuzzer.main([Parser("byte-buffer", seeds: seeds, passes: 8) { message, _ in Operations().run(message) }])
    }
}

/// A buffer, and an array that has to hold the same.
private struct Operations: ~Copyable {
    static let kinds = 10

    private var buffer = ByteBuffer()
    private var model: [UInt8] = []
    /// Where the model's unread bytes begin.
    private var start = 0
    private var next: UInt8 = 0
    /// How much was appended: two bytes of a message can ask for a thousand.
    private var appended = 0
    private static let mostAppended = 1 << 19

    private var unread: ArraySlice<UInt8> { model[start...] }

    /// What went differently.
    consuming func run(_ message: [UInt8]) -> String? {
        for index in stride(from: 0, to: message.count - 1, by: 2) where appended < Self.mostAppended {
            let (kind, argument) = (Int(message[index]) % Self.kinds, Int(message[index + 1]))
            if let flaw = step(kind, argument) { return "operation \(index / 2), kind \(kind): \(flaw)" }
            if buffer.count != unread.count { return "\(buffer.count) bytes, and \(unread.count) in the array" }
            if buffer.count > 0, buffer[argument % buffer.count] != unread[start + argument % buffer.count] {
                return "another byte at offset \(argument % buffer.count)"
            }
            if buffer.capacity > max(4 * model.count + 2048, 2 * ByteBuffer.retainedCapacity) {
                return "\(buffer.capacity) bytes of memory for \(buffer.count)"
            }
        }
        return buffer.array(0..<buffer.count).elementsEqual(unread) ? nil : "other bytes at the end"
    }

    private mutating func step(_ kind: Int, _ argument: Int) -> String? {
        switch kind {
        case 0: append((0..<argument * 4).map { _ in fresh() })
        case 1: append([UInt8](repeating: fresh(), count: argument))
        case 2: return appendLimited(argument)
        case 3, 4: return consume(kind == 3 ? min(argument * 4, buffer.count) : buffer.count)
        case 5: return search(UInt8(truncatingIfNeeded: argument))
        case 6: return integers(argument)
        case 7: buffer.reserve(argument)
        // It moves what is there, whenever it is asked to.
        case 8: if buffer.count < 1024 { buffer.releaseUnused() }
        default: fill(argument)
        }
        return nil
    }

    private mutating func fresh() -> UInt8 {
        next = next &* 31 &+ 7
        return next
    }

    private mutating func append(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
        model += bytes
        appended += bytes.count
    }

    private mutating func appendLimited(_ argument: Int) -> String? {
        let bytes = (0..<argument).map { _ in fresh() }
        let fitting = max(0, min(argument, 512 - buffer.count))
        let taken = buffer.append(bytes.span.bytes, limit: 512)
        model += bytes.prefix(fitting)
        return taken == fitting ? nil : "\(taken) of \(argument) bytes fitted, not \(fitting)"
    }

    private mutating func fill(_ argument: Int) {
        var bytes: [UInt8] = []
        for _ in 0..<argument / 2 { bytes.append(fresh()) }
        buffer.append(addingCapacity: argument) { output in
            for byte in bytes { output.append(byte, as: UInt8.self) }
        }
        model += bytes
    }

    private mutating func consume(_ count: Int) -> String? {
        let expected = unread.prefix(count)
        let isSame = count < 2 || buffer.take(count - 1).elementsEqual(expected.dropLast())
        if count > 0 { buffer.consume(count < 2 ? count : 1) }
        start += count
        // As the buffer does: moved when as much was read as is left, so that the array takes linear time too.
        if start > model.count / 2 {
            model.removeSubrange(..<start)
            start = 0
        }
        return isSame ? nil : "other bytes were taken"
    }

    private func search(_ byte: UInt8) -> String? {
        // A window, so that many searches of a large buffer stay linear in the message.
        let window = unread.prefix(256)
        let expected = window.firstIndex(of: byte).map { $0 - start }
        let found = buffer.firstIndex(of: byte, before: 256)
        return found == expected ? nil : "found at \(found ?? -1), not \(expected ?? -1)"
    }

    private mutating func integers(_ argument: Int) -> String? {
        let order: ByteOrder = argument.isMultiple(of: 2) ? .bigEndian : .littleEndian
        let value = UInt32(truncatingIfNeeded: argument &* 0x0101_7F80)
        let before = buffer.count
        buffer.append(integer: value, order)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
        model += order == .littleEndian ? bytes : bytes.reversed()
        return buffer.integer(at: before, as: UInt32.self, order) == value ? nil : "another integer than was written"
    }
}
