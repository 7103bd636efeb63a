// SPDX-License-Identifier: Apache-2.0
import Wire

/// What a protocol of telnet keeps of its connection between two pieces. Touched by the loop's thread alone.
final class TelnetSession {
    private var codec: TelnetCodec
    private var input = ByteBuffer()
    private var output = ByteBuffer()
    /// After a violation nothing more is handed over.
    var isDead = false
    /// For who wants lines.
    let lines = TelnetLines()

    init(_ codec: TelnetCodec) { self.codec = codec }

    func append(_ bytes: RawSpan) { if !isDead { input.append(bytes) } }

    /// What has come next; what has to be answered waits for ``speak(_:)``.
    func next() throws(FramingError) -> TelnetCodec.Event? {
        isDead ? nil : try codec.next(in: &input, answer: &output)
    }

    func isEnabled(_ option: TelnetOption, _ side: TelnetSide) -> Bool { codec.isEnabled(option, side) }

    /// From now on the peer may begin these too.
    func accept(_ options: [(option: TelnetOption, side: TelnetSide)]) {
        for (option, side) in options { codec.accept(option, side) }
    }

    /// Writes what `body` says.
    func say<Failure: Error>(
        _ transport: StreamTransport, _ body: (inout TelnetCodec, inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        try body(&codec, &output)
        speak(transport)
    }

    /// Writes the answers.
    func speak(_ transport: StreamTransport) {
        if output.isEmpty { return }
        let bytes = output.take(output.count)
        transport.write(bytes)
    }

    /// Throws away what has come.
    func clear() {
        input.removeAll()
        lines.clear()
    }

    /// Gives back memory that an idle connection does not need.
    func slim() {
        if input.isEmpty { input.releaseUnused() }
        output.releaseUnused()
    }
}

/// Makes lines of a peer's data. A line ends in CR LF, in LF, or in a CR by itself: all three are what somebody's
/// return key sends (RFC 1123 §3.3.1). It has ended with the CR; an LF behind that belongs to it.
final class TelnetLines {
    /// What has come of the line that is not whole.
    private var line: [UInt8] = []
    private var waiting: ArraySlice<UInt8> = []
    /// Whether the last byte was a CR, to which an LF may still come.
    private(set) var isBehindReturn = false

    /// What comes of the bytes so far.
    enum Piece {
        case line([UInt8])
        /// The beginning of a line that is too long; what follows is the beginning of another one.
        case overlong([UInt8])
    }

    func append(_ data: [UInt8]) { waiting = waiting.isEmpty ? data[...] : waiting + data }

    /// The next piece; nil until more has come.
    func next(atMost limit: Int) -> Piece? {
        while let byte = waiting.first {
            let isEnd = byte == 0x0D || byte == 0x0A
            if !isEnd, line.count >= max(1, limit) { return .overlong(take()) }
            waiting.removeFirst()
            let belongsToReturn = byte == 0x0A && isBehindReturn
            isBehindReturn = byte == 0x0D
            if belongsToReturn { continue }
            if isEnd { return .line(take()) }
            line.append(byte)
        }
        return nil
    }

    private func take() -> [UInt8] {
        defer { line = [] }
        return line
    }

    /// The last character is taken back: one scalar of UTF-8.
    func eraseCharacter() {
        while let byte = line.popLast(), byte & 0xC0 == 0x80 {}
    }

    /// The line so far is taken back.
    func eraseLine() { line = [] }

    /// What no line has been made of, for somebody else.
    func takeWaiting() -> [UInt8] {
        defer { waiting = [] }
        return Array(waiting)
    }

    func clear() { (line, waiting) = ([], []) }
}
