// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

/// The head of a `CONNECT` request: P1's rules for what a proxy reads.
@Suite(.blocking) struct ConnectRequestTests {
    private func step(limit: Int = 200) -> Exchange.Step {
        var framer = ConnectRequestFramer(limit: limit, fieldLimit: 3)
        var hasRead = false
        return { input, _ throws(FramingError) in
            if hasRead { return nil }
            let request = try framer.next(in: &input)
            hasRead = request != nil
            return request.map { request in
                var text = "\(request.wish)"
                if let known = request.credentials {
                    text += " \(String(decoding: known.user + [0x2F] + known.password, as: UTF8.self))"
                }
                return text
            }
        }
    }

    @Test(arguments: [
        ("CONNECT host:80 HTTP/1.1\r\nHost: host:80\r\n\r\n", "host:80", ""),
        ("CONNECT host:80 HTTP/1.0\r\n\r\n", "host:80", ""),
        ("CONNECT [::1]:443 HTTP/1.1\r\nhOsT:\t x \t\r\nA:\r\n\r\n", "[0:0:0:0:0:0:0:1]:443", ""),
        ("CONNECT a:1 HTTP/1.0\r\nContent-Length: 0\r\n\r\n", "a:1", ""),
        ("CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Basic dTpw\r\n\r\n", "a:1", " u/p"),
        ("CONNECT a:1 HTTP/1.0\r\nproxy-authorization: BASIC  dTpwOg==\r\n\r\n", "a:1", " u/p:"),
        ("CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Digest x\r\n\r\n", "a:1", ""),
        ("CONNECT a:1 HTTP/1.0\r\nX: h\u{E9}\r\n\r\n", "a:1", ""),
    ])
    func `a head is read however it is cut, and nothing behind it`(head: String, target: String, known: String) throws {
        let exchange = Exchange.thorough([UInt8](head) + [UInt8]("\r\nhi")) { step() }
        let wanted = try #require(ProxyTarget(authority: "\(target)".utf8))
        #expect(exchange.events == ["\(ConnectRequest.Wish.connect(wanted))\(known)"])
        #expect(exchange.rest == [UInt8]("\r\nhi"))
    }

    @Test(arguments: [
        "GET http://host/ HTTP/1.1\r\nHost: host\r\n\r\n", "get / HTTP/1.0\r\n\r\n", "connect a:1 HTTP/1.0\r\n\r\n",
    ])
    func `another method is named, and no more`(head: String) {
        let exchange = Exchange.thorough([UInt8](head)) { step() }
        #expect(exchange.events == ["\(ConnectRequest.Wish.other(method: String(head.prefix { $0 != " " })))"])
    }

    @Test(arguments: [
        // The request line
        "\r\n\r\n", "\r\n\r\nCONNECT a:1 HTTP/1.0\r\n\r\n", "CONNECT a:1\r\n\r\n", "CONNECT  a:1 HTTP/1.0\r\n\r\n",
        "CONNECT a:1  HTTP/1.0\r\n\r\n", "CONNECT a:1 HTTP/1.0 \r\n\r\n", " CONNECT a:1 HTTP/1.0\r\n\r\n",
        "CONNECT\ta:1 HTTP/1.0\r\n\r\n", "CONNECT a:1 HTTP/2.0\r\n\r\n", "CONNECT a:1 http/1.0\r\n\r\n",
        "CONNECT a:1 HTTP/1.10\r\n\r\n", "C(NNECT a:1 HTTP/1.0\r\n\r\n",
        // The target
        "CONNECT a HTTP/1.0\r\n\r\n", "CONNECT a: HTTP/1.0\r\n\r\n", "CONNECT a:0 HTTP/1.0\r\n\r\n",
        "CONNECT http://a:1 HTTP/1.0\r\n\r\n", "CONNECT u@a:1 HTTP/1.0\r\n\r\n", "CONNECT a:1/ HTTP/1.0\r\n\r\n",
        "CONNECT 127.1:1 HTTP/1.0\r\n\r\n", "CONNECT a:1,b:2 HTTP/1.0\r\n\r\n", "CONNECT / HTTP/1.0\r\n\r\n",
        // Lines
        "CONNECT a:1 HTTP/1.0\n\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\nA: 1\nB: 2\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nA: 1\rB: 2\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\r\n\r\n\r\n",
        // Fields
        "CONNECT a:1 HTTP/1.0\r\nA\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\nA : 1\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\n: 1\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nA: 1\r\n B\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\n A: 1\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nA: \u{0}\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\nA: \u{1B}\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nA: \u{7F}\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n",
        // What has to be there, and what must not
        "CONNECT a:1 HTTP/1.1\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nContent-Length: 1\r\n\r\n", "CONNECT a:1 HTTP/1.0\r\nContent-Length: 00\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Basic dTpw\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Basic dTp\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Basic dTpwOh==\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Basic dXA=\r\n\r\n",
        "CONNECT a:1 HTTP/1.0\r\nProxy-Authorization: Basic dT-w\r\n\r\n",
    ])
    func `what another reader could take for something else is refused`(head: String) {
        let exchange = Exchange.thorough([UInt8](head)) { step() }
        #expect(exchange.events.isEmpty)
        guard case .malformed(let words)? = exchange.error?.reason else {
            Issue.record("\(head.debugDescription) was read")
            return
        }
        #expect(!words.contains("dT"), "no secret is told")
        #expect(words.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    @Test func `a head of the limit is read, and one of a byte more is refused`() {
        let head = "CONNECT a:1 HTTP/1.0\r\nA: "
        let fitting = head + String(repeating: "x", count: 200 - head.utf8.count - 4) + "\r\n\r\n"
        #expect(Exchange.thorough([UInt8](fitting)) { step() }.events.count == 1)
        let longer = head + String(repeating: "x", count: 200 - head.utf8.count - 3) + "\r\n\r\n"
        let error = FramingError("CONNECT request", .tooLong(limit: 200))
        #expect(Exchange.thorough([UInt8](longer)) { step() }.error == error)
        #expect(Exchange([[UInt8](String(repeating: "x", count: 200))], step()).error == error)
    }

    @Test func `behind its head there is none, and what comes there is not for it`() throws {
        var framer = ConnectRequestFramer()
        var buffer = ByteBuffer("CONNECT a:1 HTTP/1.0\r\n\r\n".utf8)
        #expect(try framer.next(in: &buffer) != nil)
        #expect(try framer.next(in: &buffer) == nil && framer.finish(in: &buffer) == nil)
        buffer.append(contentsOf: "x".utf8)
        #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
    }

    @Test func `no byte is looked at a second time when more come`() throws {
        let head = [UInt8]("CONNECT a:1 HTTP/1.0\r\nA: 1\r\n\r\n")
        var framer = ConnectRequestFramer()
        for count in 0..<head.count {
            var beginning = ByteBuffer([UInt8](repeating: 0x78, count: count))
            #expect(try framer.next(in: &beginning) == nil)
        }
        // Ends in the place of what was seen: who looks again finds them.
        var buffer = ByteBuffer([UInt8](repeating: 0x0A, count: head.count - 1) + head)
        #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
    }

    @Test func `what is written is read again`() throws {
        let target = try #require(ProxyTarget(authority: "[2001:db8::1]:8443".utf8))
        for length in 0..<9 {
            let password = (0..<length).map { _ in UInt8.random(in: 0...255) }
            let request = ConnectRequest(target, credentials: .init(user: "us".utf8, password: password))
            var buffer = ByteBuffer()
            try ConnectRequestFramer().encode(request, into: &buffer)
            var framer = ConnectRequestFramer()
            #expect(try framer.next(in: &buffer) == request)
        }
        var buffer = ByteBuffer()
        let colon = ConnectRequest(target, credentials: .init(user: "a:b".utf8, password: []))
        #expect(throws: FramingError.self) { try ConnectRequestFramer().encode(colon, into: &buffer) }
        #expect(throws: FramingError.self) {
            try ConnectRequestFramer().encode(ConnectRequest(ProxyTarget(.v4(1), 0)), into: &buffer)
        }
        #expect(buffer.count == 0)
    }
}
