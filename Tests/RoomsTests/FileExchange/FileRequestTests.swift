// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

@testable import Rooms

@Suite(.blocking) struct FileRequestTests {
    private func read(_ text: String, atEnd: Bool = false) throws -> FileRequest? {
        try FileRequest.read(Array(text.utf8), atEnd: atEnd)?.request
    }

    @Test func `a name alone is what comes first, without a line's end`() throws {
        for text in ["report.pdf", "report.pdf\n", "report.pdf\r\n"] {
            #expect(try read(text) == .bare("report.pdf"))
        }
        #expect(try read("a b/ü") == .bare("a b/ü"))
        #expect(try read("a\nb") == .bare("a\nb"), "a line end may be part of a name")
        #expect(try read("/etc/passwd") == .bare("/etc/passwd"), "which no directory serves")
        #expect(try read("") == nil)
    }

    @Test func `a request that says more is a line, however it is cut`() throws {
        let version = try #require(FileVersion("3q-x1-7"))
        let requests: [(String, FileRequest)] = [
            ("/stat a b\n", .status("a b")), ("/get 0 - a\r\n", .get("a", from: 0, of: nil)),
            ("/get 1048576 3q-x1-7 a b c\n", .get("a b c", from: 1_048_576, of: version)),
            ("/get 9223372036854775807 - a\n", .get("a", from: .max, of: nil)),
        ]
        for (text, request) in requests {
            for length in 1..<text.utf8.count {
                #expect(try read(String(decoding: text.utf8.prefix(length), as: UTF8.self)) == nil)
            }
            #expect(try read(text) == request)
            let (found, length) = try #require(try FileRequest.read(Array("\(text)/stat next\n".utf8), atEnd: false))
            #expect(found == request && length == text.utf8.count)
            #expect(try read(String(decoding: try #require(request.bytes), as: UTF8.self)) == request)
        }
    }

    @Test(arguments: [
        "/get \n", "/get 0\n", "/get 0 -\n", "/get -1 - a\n", "/get +1 - a\n", "/get 9223372036854775808 - a\n",
        "/get 0 A a\n", "/get 0 .. a\n", "/get  - a\n", "/get x - a\n", "/get 0 - \n", "/stat \n", "/stat a\0b\n",
        "a\0b", "\n", "\r\n",
    ])
    func `what is no request is refused`(text: String) {
        #expect(throws: FileRequest.Malformed.self) { try FileRequest.read(Array(text.utf8), atEnd: false) }
    }

    @Test func `a name has 1,024 bytes at most, exactly`() throws {
        let longest = String(repeating: "n", count: 1024)
        #expect(try read(longest) == .bare(RelativePath(longest)))
        #expect(try read("/stat \(longest)\n") == .status(RelativePath(longest)))
        #expect(try read("/get 0 - \(longest)\r\n") == .get(RelativePath(longest), from: 0, of: nil))
        for text in ["\(longest)n", "/stat \(longest)n\n", "/get 0 - \(longest)n\n", "/stat \(longest)\(longest)"] {
            #expect(throws: FileRequest.Malformed.nameTooLong) {
                try FileRequest.read(Array(text.utf8), atEnd: false)
            }
        }
        #expect(throws: FileRequest.Malformed.words) { try FileRequest.read(Array("/stat a".utf8), atEnd: true) }
    }

    // P2
    @Test func `mutated requests and answers never trap`() {
        var generator = SeededGenerator(seed: 113)
        let samples = ["/get 10 3q-x1-7 name\n", "/stat name\n", "name", "OK 100 50 3q-x1-7", "NO missing"]
        for _ in 0..<repetitions(5_000, soak: 10_000_000) {
            var bytes = Array((samples.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
                    in: .min ... .max, using: &generator)
            }
            if let (request, length) = try? FileRequest.read(bytes, atEnd: Bool.random(using: &generator)) {
                #expect(length <= bytes.count && !request.name.bytes.contains(0))
            }
            if case .found(let size, let offset, _) = FileAnswer(bytes) { #expect(0...size ~= offset) }
        }
    }

    @Test func `answers are read as they were written, and nothing else is one`() throws {
        let version = try #require(FileVersion("a-0"))
        for answer in [FileAnswer.found(size: .max, offset: 5, version: version)]
            + FileAnswer.Refusal.allCases.map({ .refused($0) })
        {
            #expect(FileAnswer(Array(answer.bytes.dropLast())) == answer)
        }
        for text in [
            "", "OK", "OK 1 2 a", "OK -1 0 a", "OK 1 1 A", "OK 1 1 a b", "NO", "NO way", "ok 1 1 a", "OK 1 +1 a",
        ] {
            #expect(FileAnswer(Array(text.utf8)) == nil, "\(text)")
        }
    }
}
