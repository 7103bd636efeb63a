// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

/// Telnet's two sides: A-157, B-FTP-03, B-TW-24 (negotiation).
@Suite(.blocking) struct TelnetTests {
    private static let accepted: [(option: TelnetOption, side: TelnetSide)] = [
        (.echo, .remote), (.binary, .remote), (.terminalType, .local),
    ]

    /// Data as it is, however it was cut; whatever else comes in words between.
    private func read(_ pieces: [[UInt8]]) -> (text: String, answer: [UInt8], error: FramingError?) {
        var telnet = TelnetCodec(accepting: Self.accepted, subnegotiationLimit: 4)
        var input = ByteBuffer()
        var output = ByteBuffer()
        var text = ""
        do throws(FramingError) {
            for piece in pieces {
                input.append(contentsOf: piece)
                while let event = try telnet.next(in: &input, answer: &output) {
                    if case .data(let bytes) = event {
                        for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
                    } else {
                        text += "<\(Self.words(of: event))>"
                    }
                }
                #expect(input.count == 0, "nothing waits in the buffer")
            }
        } catch {
            let dead = error
            input.append(0x61)
            #expect(throws: dead) { try telnet.next(in: &input, answer: &output) }
            return (text, output.take(output.count), error)
        }
        return (text, output.take(output.count), nil)
    }

    private static func words(of event: TelnetCodec.Event) -> String {
        switch event {
        case .data: ""
        case .command(let command): "\(command)"
        case .enabled(let option, let side): "\(side) \(option.rawValue) on"
        case .disabled(let option, let side): "\(side) \(option.rawValue) off"
        case .subnegotiation(let option, let bytes): "\(option.rawValue): \(bytes)"
        }
    }

    @Test(
        arguments: [
            ([UInt8]("plain text\n"), "plain text\n", ""),
            (.init(hex: "61 ff ff 62"), "a\u{FF}b", ""),
            (.init(hex: "61 0d 00 62 0d 0a 00"), "a\rb\r\n\0", ""),
            (.init(hex: "0d ff f1 00 61"), "\r<noOperation>a", ""),
            (.init(hex: "0d ff ff 00"), "\r\u{FF}\0", ""),
            (.init(hex: "0d 0d 00 0d"), "\r\r\r", ""),
            (.init(hex: "61 ff f4 ff f2 ff f6 62"), "a<interruptProcess><dataMark><areYouThere>b", ""),
            // Offers: one that is wanted, one that is not, each told once.
            (.init(hex: "ff fb 01 ff fb 01 61"), "<remote 1 on>a", "fffd01"),
            (.init(hex: "ff fb 03 ff fb 03"), "", "fffe03fffe03"),
            (.init(hex: "ff fd 18 ff fd 03"), "<local 24 on>", "fffb18fffc03"),
            (.init(hex: "ff fb 01 ff fc 01 ff fc 01"), "<remote 1 on><remote 1 off>", "fffd01fffe01"),
            (.init(hex: "ff fe 18 ff fc 01"), "", ""),
            // Binary: a CR is a CR.
            (.init(hex: "ff fb 00 0d 00 0d 0a"), "<remote 0 on>\r\0\r\n", "fffd00"),
            (.init(hex: "61 0d ff fb 00 00 61"), "a\r<remote 0 on>\0a", "fffd00"),
            (.init(hex: "ff fa 18 01 ff ff 02 ff f0 61"), "<24: [1, 255, 2]>a", ""),
            (.init(hex: "ff fa ff ff f0"), "<255: []>", ""),
            (.init(hex: "ff fa 1f 0d 00 ff f0"), "<31: [13, 0]>", ""),
        ] as [([UInt8], String, String)])
    func `a stream is the same however it is cut`(stream: [UInt8], text: String, answer: String) {
        for pieces in Chunking.thorough(stream) {
            let found = read(pieces)
            #expect(found.text == text && found.error == nil, "\(pieces)")
            #expect(found.answer == [UInt8](hex: answer))
        }
    }

    @Test(
        arguments: [
            (.init(hex: "61 ff 00"), FramingError.Reason.malformed("0 is no command")),
            (.init(hex: "ff f0"), .malformed("240 is no command")),
            (.init(hex: "ff fa 18 61 62 63 64 65"), .tooLong(limit: 4)),
            (.init(hex: "ff fa 18 61 ff fb"), .malformed("a subnegotiation with command 251 in it")),
        ] as [([UInt8], FramingError.Reason)])
    func `a violation ends the side for good`(stream: [UInt8], reason: FramingError.Reason) {
        for pieces in Chunking.thorough(stream) { #expect(read(pieces).error == FramingError("telnet", reason)) }
        #expect(read([stream.dropLast()]).error == nil)
    }

    @Test func `what is sent is read by the other side, whatever it is`() throws {
        var generator = SeededGenerator(seed: 8)
        let alphabet: [UInt8] = [0, 10, 13, 13, 61, 240, 255, 255]
        for isBinary in [false, true] {
            var (one, two) = (TelnetCodec(accepting: [(.binary, .local)]), TelnetCodec(accepting: [(.binary, .remote)]))
            var there = ByteBuffer()
            var back = ByteBuffer()
            if isBinary { one.enable(.binary, .local, into: &there) }
            var (sent, received) = ([UInt8](), [UInt8]())
            for round in 0..<500 {
                if round > 0 {
                    let data = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                        alphabet.randomElement(using: &generator) ?? 0
                    }
                    sent += data
                    one.encode(data, into: &there)
                }
                if round == 499 { one.flush(into: &there) }
                while let event = try two.next(in: &there, answer: &back) {
                    if case .data(let bytes) = event { received += bytes }
                }
                while try one.next(in: &back, answer: &there) != nil {}
            }
            #expect(one.isEnabled(.binary, .local) == isBinary && two.isEnabled(.binary, .remote) == isBinary)
            #expect(received == sent)
        }
    }

    @Test func `a refusal of what was asked for is told`() throws {
        var (one, two) = (TelnetCodec(), TelnetCodec())
        var there = ByteBuffer()
        var back = ByteBuffer()
        one.enable(.windowSize, .remote, into: &there)
        #expect(there.array(0..<there.count) == [255, 253, 31])
        #expect(try two.next(in: &there, answer: &back) == nil)
        #expect(back.array(0..<back.count) == [255, 252, 31])
        #expect(try one.next(in: &back, answer: &there) == .disabled(.windowSize, .remote))
        #expect(there.count == 0 && back.count == 0)
    }

    // RFC 1143: whoever changes their mind when, the two come to rest, and agree
    @Test func `two sides that change their minds come to rest in agreement`() throws {
        for seed in 0..<UInt64(repetitions(300, soak: 30_000)) {
            var generator = SeededGenerator(seed: seed)
            let (mine, theirs) = (Bool.random(using: &generator), Bool.random(using: &generator))
            var one = TelnetCodec(accepting: mine ? [(.echo, .local)] : [])
            var two = TelnetCodec(accepting: theirs ? [(.echo, .remote)] : [])
            var there = ByteBuffer()
            var back = ByteBuffer()
            var steps = 0
            while steps < 40 || !there.isEmpty || !back.isEmpty {
                steps += 1
                try #require(steps < 300, "they answer each other for ever")
                let choice = Int.random(in: steps < 40 ? 0...7 : 6...7, using: &generator)
                switch choice {
                case 0: one.enable(.echo, .local, into: &there)
                case 1: one.disable(.echo, .local, into: &there)
                case 2: two.enable(.echo, .remote, into: &back)
                case 3: two.disable(.echo, .remote, into: &back)
                case 4, 6:
                    var piece = ByteBuffer(there.take(min(there.count, 3)))
                    while try two.next(in: &piece, answer: &back) != nil {}
                default:
                    var piece = ByteBuffer(back.take(min(back.count, 3)))
                    while try one.next(in: &piece, answer: &there) != nil {}
                }
            }
            #expect(one.isEnabled(.echo, .local) == two.isEnabled(.echo, .remote), "seed \(seed)")
        }
    }

    // P2
    @Test func `random bytes never trap, and how they are cut makes no difference`() {
        var generator = SeededGenerator(seed: 9)
        let alphabet: [UInt8] = [0, 1, 3, 10, 13, 24, 97, 240, 241, 250, 251, 252, 253, 254, 255, 255, 255]
        for _ in 0..<repetitions(3000, soak: 1_000_000) {
            let stream = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let whole = read([stream])
            let cut = read(Chunking.random(stream, largest: 5, &generator))
            #expect(cut.text == whole.text && cut.error == whole.error && cut.answer == whole.answer)
            #expect(whole.answer.count <= stream.count)
        }
    }

    @Test func `a subnegotiation that is too long for its limit is not sent`() {
        var output = ByteBuffer()
        #expect(throws: FramingError("telnet", .tooLong(limit: 1))) {
            try TelnetCodec(subnegotiationLimit: 1).encode(subnegotiation: [1, 2], of: .status, into: &output)
        }
        #expect(output.count == 0)
    }
}
