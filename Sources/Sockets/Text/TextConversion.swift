// SPDX-License-Identifier: Apache-2.0
//
// Facts:    iconv(3) stops at the first sequence that it can't convert (EILSEQ), at one that is cut off (EINVAL) and
//           when the room is full (E2BIG), each time with its pointers at the place where it stopped; some encodings
//           keep a shift state, and some hold a character back until the next one or the end.
//           The GNU one drops Unicode's tag characters without a word when the target has none (TextEncoder sees to
//           it), and finds out that E0 80 begins no UTF-8 only at the third byte.
// Decision: one conversion lends its own room to iconv and hands out what was written there, so that memory is bounded
//           by one window and a caller never meets E2BIG. UTF-8 is read by Swift's own validation.
// Cost:     each byte of output is copied once.
import CSockets
import SystemPackage

/// One direction of one encoding: owns an `iconv_t` and the room that it writes to.
///
/// It may move between threads, and as a noncopyable value has one owner at a time.
///
/// C: `iconv_open(3)`, `iconv(3)`, `iconv_close(3)`.
@safe struct TextConversion: ~Copyable, @unchecked Sendable {
    /// Why a conversion stopped.
    enum Stop {
        /// The input is used up.
        case end
        /// What is left begins a character and does not end it.
        case incomplete
        /// What is left begins with something that has no meaning, or that the target can't say.
        case invalid
    }

    /// nil: the bytes are UTF-8 already, and only have to be looked at.
    private let descriptor: iconv_t?
    private let window: UnsafeMutableRawBufferPointer
    private static let windowSize = 4096

    init(_ operation: TextError.Operation, _ encoding: TextEncoding) throws(TextError) {
        unsafe window = .allocate(byteCount: Self.windowSize, alignment: 1)
        if operation == .decode && encoding == .utf8 {
            unsafe descriptor = nil
            return
        }
        let utf8 = TextEncoding.utf8.name
        let isDecoding = operation == .decode
        var opened: iconv_t?
        do throws(Errno) {
            _ = try SystemCalls.perform(.iconvOpen) {
                unsafe opened = iconv_open(isDecoding ? utf8 : encoding.name, isDecoding ? encoding.name : utf8)
                return unsafe opened == UnsafeMutableRawPointer(bitPattern: -1) ? -1 : 0
            }
        } catch {
            let reason: TextError.Reason = error == .invalidArgument ? .unknownEncoding : .system(error)
            throw TextError(operation, encoding: encoding.name, reason)
        }
        unsafe descriptor = opened
    }

    deinit {
        unsafe window.deallocate()
        if let descriptor = unsafe descriptor { unsafe iconv_close(descriptor) }
    }

    /// Converts as much of `input` as can be, in the conversion's present state, and hands the result out piece by
    /// piece; each piece holds whole characters.
    mutating func convert(
        _ input: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) -> Void
    ) throws(Errno) -> (consumed: Int, stop: Stop) {
        guard let descriptor = unsafe descriptor else { return unsafe validate(input, emit) }
        // iconv's prototype says that the input is not const; it does not write there.
        var next = unsafe UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: CChar.self).baseAddress)
        var left = input.count
        let stop = try unsafe run(descriptor, &next, &left, emit)
        return (input.count - left, stop)
    }

    /// Hands out what was held back and, where there is a shift state, returns to the first one.
    mutating func finish(_ emit: (UnsafeRawBufferPointer) -> Void) throws(Errno) {
        if let descriptor = unsafe descriptor { _ = try unsafe run(descriptor, nil, nil, emit) }
    }

    /// UTF-8: what is well formed from the start on, as it is.
    private func validate(
        _ input: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) -> Void
    ) -> (consumed: Int, stop: Stop) {
        var stop = Stop.end
        var end = input.count
        do throws(Unicode.UTF8.ValidationError) {
            _ = try unsafe UTF8Span(validating: Span(_unsafeBytes: input))
        } catch {
            end = error.byteOffsets.lowerBound
            let isCutOff = error.kind == .truncatedScalar && error.byteOffsets.upperBound == input.count
            stop = isCutOff ? .incomplete : .invalid
        }
        if end > 0 { unsafe emit(UnsafeRawBufferPointer(rebasing: input[..<end])) }
        return (end, stop)
    }

    private mutating func run(
        _ descriptor: iconv_t, _ next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
        _ left: UnsafeMutablePointer<Int>?,
        _ emit: (UnsafeRawBufferPointer) -> Void
    ) throws(Errno) -> Stop {
        while true {
            var free = unsafe window.count
            var place = unsafe window.assumingMemoryBound(to: CChar.self).baseAddress
            let before = unsafe left?.pointee ?? 0
            var failure: Errno?
            do throws(Errno) {
                _ = try SystemCalls.perform(.iconv) { unsafe iconv(descriptor, next, left, &place, &free) }
            } catch {
                failure = error
            }
            let written = unsafe window.count - free
            if written > 0 { unsafe emit(UnsafeRawBufferPointer(rebasing: window[..<written])) }
            switch failure {
            case nil: return .end
            case Errno.invalidArgument: return .incomplete
            case Errno.illegalByteSequence: return .invalid
            // A full window with nothing in it and nothing read would go on for ever.
            case Errno.argListTooLong where unsafe written > 0 || left?.pointee != before: continue
            case let error?: throw error
            }
        }
    }
}
