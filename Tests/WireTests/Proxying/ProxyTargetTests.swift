// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Wire

/// Addresses and targets as text: what a proxy lets itself be asked for.
@Suite(.blocking) struct ProxyTargetTests {
    @Test(arguments: [
        "example.test:80", "a.b.c.:1", "127.0.0.1:65535", "[::1]:443", "xn--bcher-kva.example:443", "under_score:1",
        "[::ffff:192.0.2.1]:25", "x:1",
    ])
    func `an authority of a host and a port is read`(text: String) throws {
        let target = try #require(ProxyTarget(authority: text.utf8))
        #expect(target == ProxyTarget(authority: "\(target)".utf8))
    }

    @Test(arguments: [
        "", ":80", "host", "host:", "host:0", "host:65536", "host:080", "host:+80", "host: 80", " host:80", "host:80 ",
        "::1:80", "[::1]", "[::1]80", "[127.0.0.1]:80", "[::1%eth0]:80", "user@host:80", "host:80/", "http://host:80",
        "127.1:80", "0x7f.0.0.1:80", "2130706433:80", "127.0.0.01:80", "256.0.0.1:80", "-a:80", "a-:80", "a..b:80",
        "ho\u{0}st:80", "h\u{F6}st:80", "host:80\r\n", "1.2.3.4.5:80", "[]:80", "a:b:80", "host\t:80",
    ])
    func `anything else is none`(text: String) { #expect(ProxyTarget(authority: text.utf8) == nil) }

    @Test func `a name as long as names may be is one, and a longer one is not`() {
        let label = String(repeating: "a", count: 63)
        let longest = [label, label, label, String(label.dropLast(2))].joined(separator: ".")
        #expect(longest.count == 253)
        #expect(ProxyTarget(host: longest.utf8, port: 1) != nil)
        #expect(ProxyTarget(host: (longest + ".").utf8, port: 1) != nil)
        #expect(ProxyTarget(host: (longest + "a").utf8, port: 1) == nil)
        #expect(ProxyTarget(host: (label + "a").utf8, port: 1) == nil)
    }

    @Test func `an address in the place of a name is an address`() {
        #expect(ProxyTarget(host: "127.0.0.1".utf8, port: 1) == ProxyTarget(.v4(0x7F00_0001), 1))
        #expect(ProxyTarget(host: "::1".utf8, port: 1) == ProxyTarget(.v6(1), 1))
        #expect(ProxyTarget(host: "LocalHost".utf8, port: 1)?.host == .name("localhost"))
    }

    @Test func `Python reads the addresses that we read, and no others`() throws {
        var generator = SeededGenerator(seed: 7)
        var texts = [
            "::", "::1", "1::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1::2::3", ":::", "1:",
            ":1", "1:2", "12345::", "::1.2.3.4", "1.2.3.4::", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.04", "::1.2.3", "g::",
            "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:8::", "0.0.0.0", "255.255.255.255", "1.2.3", "1.2.3.4.", ".1.2.3.4",
        ]
        let alphabet: [Character] = Array("::::0123af..")
        for _ in 0..<2000 {
            let length = Int.random(in: 1...16, using: &generator)
            texts.append(String((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? ":" }))
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Oracles/addresses.py")
        let answers = try Python.run(script: script, input: texts.joined(separator: "\n"))
            .split(separator: "\n", omittingEmptySubsequences: false)
        for (text, theirs) in zip(texts, answers) {
            #expect(InternetAddress(text.utf8).map { "\($0)" } ?? "-" == theirs, "\(text)")
        }
    }
}
