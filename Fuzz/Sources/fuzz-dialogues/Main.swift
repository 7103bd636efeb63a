// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Wire

/// Wire's sides of a conversation, which answer while they read.
@main
struct FuzzDialogues {
    static func main() {
        Fuzzer.main([
            .dialogue("socks-server", [[5, 1, 0, 5, 1, 0, 3, 1, 0x61, 0, 80], fourth, sixth]) {
                SOCKSListening(side: SOCKSServer())
            },
            .dialogue("socks-server-with-passwords", [password, fourth]) {
                SOCKSListening(side: SOCKSServer(needsCredentials: true))
            },
            .dialogue(
                "socks-client", [[5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 80], [5, 2, 1, 0, 5, 5, 0, 3, 1, 0x61, 0, 1]]
            ) {
                SOCKSAsking(.v5)
            },
            .dialogue("socks-4-client", [[0, 90, 0, 80, 127, 0, 0, 1], [0, 91, 0, 0, 0, 0, 0, 0]]) { SOCKSAsking(.v4) },
            .dialogue("telnet", [talk, negotiation]) {
                Telnet(side: TelnetCodec(accepting: [(.echo, .local), (.windowSize, .remote), (.binary, .remote)]))
            },
        ])
    }

    /// Version 4a, with a user's and a host's name.
    private static let fourth: [UInt8] = [4, 1, 0, 80, 0, 0, 0, 1] + Array("me\0example.test\0rest".utf8)
    /// To an address of IPv6.
    private static let sixth: [UInt8] =
        [5, 2, 0, 2, 5, 1, 0, 4, 0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xBB]
    private static let password: [UInt8] =
        [5, 1, 2, 1, 2, 0x6D, 0x65, 3, 0x70, 0x77, 0x64, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80]
    private static let talk: [UInt8] = Array("one\r\ntwo\r\0three\n".utf8) + [0xFF, 0xFF, 0xFF, 0xF4, 0xFF, 0xF2]
    private static let negotiation: [UInt8] = [
        0xFF, 0xFD, 1, 0xFF, 0xFB, 31, 0xFF, 0xFA, 31, 0, 80, 0xFF, 0xFF, 24, 0xFF, 0xF0, 0xFF, 0xFE, 1, 0xFF, 0xFB, 0,
        0xFF, 0xFC, 0,
    ]
}

/// The proxy's side, which lets everybody in.
private struct SOCKSListening: Dialogue {
    var side: SOCKSServer

    mutating func next(in input: inout ByteBuffer, answer output: inout ByteBuffer) throws(FramingError) -> [Int]? {
        guard let event = try side.next(in: &input, answer: &output) else { return nil }
        switch event {
        case .credentials(let credentials):
            side.allow(true, into: &output)
            return [-1] + (credentials.user + [0] + credentials.password).map { Int($0) }
        case .request(let request):
            side.reply(.succeeded, into: &output)
            return [-2] + "\(request)".utf8.map { Int($0) }
        }
    }
}

/// The side of a client.
private struct SOCKSAsking: Dialogue {
    private var side: SOCKSClient?

    init(_ version: SOCKSRequest.Version) {
        let credentials = ProxyCredentials(user: "me".utf8, password: "pwd".utf8)
        side = try? SOCKSClient(to: ProxyTarget(.v4(0x7F00_0001), 80), version: version, credentials: credentials)
        var output = ByteBuffer()
        side?.begin(into: &output)
    }

    mutating func next(in input: inout ByteBuffer, answer output: inout ByteBuffer) throws(FramingError) -> [Int]? {
        try side?.next(in: &input, answer: &output).map { "\($0)".utf8.map { Int($0) } }
    }
}

/// Either side of telnet.
private struct Telnet: Dialogue {
    var side: TelnetCodec

    mutating func next(in input: inout ByteBuffer, answer output: inout ByteBuffer) throws(FramingError) -> [Int]? {
        switch try side.next(in: &input, answer: &output) {
        // However it was cut: data is data.
        case .data(let bytes): bytes.map { Int($0) }
        case .command(let command): [-1, Int(command.rawValue)]
        case .enabled(let option, let side): [-2, Int(option.rawValue), side == .local ? 0 : 1]
        case .disabled(let option, let side): [-3, Int(option.rawValue), side == .local ? 0 : 1]
        case .subnegotiation(let option, let content): [-4, Int(option.rawValue)] + content.map { Int($0) } + [-5]
        case nil: nil
        }
    }
}
