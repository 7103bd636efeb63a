// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Wire

/// Wire's framers, those of bytes and those of values: a line for each.
@main
struct FuzzFraming {
    static func main() {
        Fuzzer.main([
            .framer("line", LineFramer(), ["one\r\ntwo\n\nlast"]),
            .framer("short-line", LineFramer(limit: 8), ["12345678\r\n\n\r\nx\r"]),
            .framer("delimiter", DelimiterFramer([0x0D, 0x0A], limit: 8), ["12345678\r\r\n\r\nx\r"]),
            .framer("self-overlapping-delimiter", DelimiterFramer("aabaaa".utf8), ["aabaabaaax", "aaaaaaabaaaaabaaa"]),
            .framer("length-8", LengthFramer(.bits8, limit: 8), ["\u{1}a\u{0}\u{8}12345678"]),
            .framer("length-16", LengthFramer(.bits16, .littleEndian), ["\u{2}\u{0}ab\u{0}\u{0}"]),
            .framer(
                "length-32", LengthFramer(.bits32, countsItself: true), ["\u{0}\u{0}\u{0}\u{5}a\u{0}\u{0}\u{0}\u{4}"]),
            .framer(
                "length-64", LengthFramer(.bits64, countsItself: true, limit: .max),
                ["\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{9}a", "\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}"]),
            .framer("netstring", NetstringFramer(), ["5:hello,0:,8:,,::,,,,,1:,,"], ["0:,", "1:", "99999:"]),
            .framer("boundless-netstring", NetstringFramer(limit: .max), ["1:a,"], ["9223372036854775807:"]),
            .framer("fixed", FixedFramer(byteCount: 3), ["abcdef"]),
            .framer("proxy-header", ProxyHeaderFramer(), proxyLines, proxyWords, [proxyBinary]),
            .framer("connect-request", ConnectRequestFramer(limit: 512, fieldLimit: 4), connectHeads, connectWords),
            .framer("resp", RESPFramer(limit: 300, maximumCount: 20, maximumDepth: 3), values, ["$", "*", "-1", ":"]),
            .framer("boundless-resp", RESPFramer(limit: .max), values, ["$9223372036854775807\r\n", "$", "*"]),
            .framer("long-resp", RESPFramer(), values, ["$65536\r\n", "*9999\r\n", "*1\r\n"]),
        ])
    }

    private static let proxyLines = [
        "PROXY TCP4 192.0.2.1 198.51.100.9 56324 443\r\n", "PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 65535\r\nGET",
        "PROXY UNKNOWN anything\r\n",
    ]
    private static let proxyWords = ["TCP4 ", "TCP6 ", "UNKNOWN", "\r\n", "255.255.255.255 ", "::"]
    /// Version 2, IPv4 over TCP, with a checksum's place and an empty extra.
    private static let proxyBinary: [UInt8] =
        Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [
            0x21, 0x11, 0, 22, 192, 0, 2, 1, 198, 51, 100, 9, 220, 4, 1, 187, 3, 0, 4, 1, 2, 3, 4, 4, 0, 0,
        ]
    private static let connectHeads = [
        "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\nbytes",
        "CONNECT [2001:db8::1]:22 HTTP/1.0\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n",
        "GET http://example.test/ HTTP/1.1\r\nHost: example.test\r\n\r\n",
    ]
    private static let connectWords = [
        "\r\n", "\r\n\r\n", "Host: ", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", ":", "@", " ", "[",
    ]
    private static let values = [
        "*3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$2\r\nhi\r\n", "+OK\r\n-ERR no\r\n:-42\r\n$-1\r\n*-1\r\n$0\r\n\r\n*0\r\n",
        "*1\r\n*1\r\n*1\r\n:1\r\n",
    ]
}
