// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool
@testable import Sockets

struct HelpTests {
    @Test(arguments: [["--help"], ["help"], ["-h"], []])
    func `help lists the verbs that are shown, and the pages`(words: [String]) {
        let run = ToolRun(words)
        #expect(run.status == .success && run.errors.isEmpty)
        for word in [
            "bench", "check", "connect", "explain", "interfaces", "listen", "nc", "relay",
            "nt help addresses", "nt help exit-codes", "nt help encodings", "nt help eof",
        ] {
            #expect(run.output.contains(word))
        }
        #expect(!run.output.contains("  if  ") && !run.output.contains("  wait  "))
    }

    @Test(arguments: ["bench", "check", "connect", "explain", "interfaces", "listen", "relay"])
    func `each verb has its page, by either way`(verb: String) {
        let page = ToolRun(verb, "--help")
        #expect(page.status == .success && page.output.contains("USAGE: nt \(verb)"))
        #expect(ToolRun("help", verb).output == page.output)
    }

    @Test func `every endpoint on the page of addresses is one`() throws {
        let page = ToolRun("help", "addresses").output
        let examples = page.split(separator: "\n").filter { $0.hasPrefix("  ") }.flatMap { line in
            line.split(separator: " ").prefix { $0.contains(":") || $0 == "-" || $0 == "" }
        }
        #expect(examples.count > 15)
        for example in examples where !example.hasSuffix("//") {
            #expect(throws: Never.self, "\(example)") { try Endpoint(example) }
        }
    }

    @Test func `every encoding on its page is known`() throws {
        let page = ToolRun("help", "encodings").output
        let names = page.split(separator: "\n").filter { $0.hasPrefix("  ") }.flatMap { line in
            line.split(separator: " ").prefix { $0.allSatisfy { $0.isUppercase || $0.isNumber || "-_".contains($0) } }
        }
        #expect(names.count == 11)
        for name in names { #expect(throws: Never.self, "\(name)") { try TextEncoding(String(name)) } }
    }

    @Test func `an unknown page is refused with those that there are`() {
        let run = ToolRun("help", "nonsense")
        #expect(run.status == .usage && run.output.isEmpty)
        #expect(
            run.errors.contains(
                "bench, check, connect, explain, interfaces, listen, nc, relay, addresses, exit-codes, encodings, eof"))
    }

    @Test func `the version says what the program is made of`() {
        let lines = ToolRun("--version").output.split(separator: "\n")
        #expect(lines.map { $0.prefix { $0 != " " } } == ["nt", "swift", "engine", "tls", "traits"])
    }

    @Test(arguments: [
        ["nonsense"], ["explain"], ["explain", "--nonsense"], ["check"], ["check", "db:1", "--wait", "soon"],
        ["check", "db:1", "--"], ["check", "db:1", "--every", "0s"], ["check", "db:1", "--ports", "1", "--wait", "1s"],
        ["check", "db", "--ports", "1", "--", "true"], ["check", "db", "--ports", "9-1"], ["interfaces", "--nonsense"],
        ["--nonsense"], ["--generate-completion-script", "tcsh"],
        ["listen"], ["listen", "echo"], ["listen", "nonsense", "echo"], ["listen", ":0", "greet"],
        ["listen", ":0", "greet", "two", "words"], ["listen", ":0", "echo", "more"],
        ["listen", "udp://:9", "exec", "cat"],
        ["listen", ":0", "--json"], ["listen", ":0", "-m", "3"], ["listen", ":0", "echo", "-m", "0"],
        ["listen", ":0", "echo", "--idle", "0"], ["listen", "127.0.0.1:0", "echo", "--public"],
        ["listen", ":0", "echo", "--recv-only"], ["listen", ":0", "echo", "-v", "-q"], ["connect"],
        ["connect", "tls://db:1"], ["connect", "*:80"], ["connect", ":80", "--send-only", "--recv-only"],
        ["connect", ":80", "-s", "nonsense"], ["connect", ":80", "--timeout", "soon"], ["connect", "-"],
        ["connect", "fd:3"], ["connect", ":80", "--encoding", "klingon"], ["connect", ":80", "-x", "--json"],
        ["connect", ":80", "--recv-only", "--linger", "1s"], ["connect", "unix:/s", "-s", "127.0.0.1"],
        ["connect", ":80", "--send", "\\q"], ["connect", ":80", "-z", "--log", "f"], ["connect", ":80", "--expect"],
        ["listen", ":0", "files"],
        ["listen", "-"], ["listen", ":0", "exec"], ["listen", ":0", "echo", "--", "cat"],
        ["listen", ":0", "--", "cat"],
        ["listen", "0.0.0.0:0", "exec", "cat"], ["listen", ":0", "exec", "cat", "--public"],
        ["listen", ":0", "echo", "--allow", "nonsense"], ["listen", ":0", "echo", "--encoding", "gbk"],
        ["listen", ":0", "echo", "--mode", "fast"], ["listen", "tls://:0", "echo"],
        ["bench"], ["bench", "tls://db:1"], ["bench", "udp://db:1", "-R"], ["bench", "db:1", "--rate", "fast"],
        ["bench", "db:1", "-P", "0"], ["bench", "db:1", "--length", "100"], ["bench", "db:1", "-d", "0"],
        ["bench", "db:1", "-R", "--rate", "8M"],
    ])
    func `a wrong command line is told in one line, and is exit code 64`(words: [String]) {
        let run = ToolRun(words)
        #expect(run.status == .usage && run.output.isEmpty)
        #expect(run.errors.hasPrefix("nt: ") && run.errors.count { $0 == "\n" } == 1 && run.errors.hasSuffix("\n"))
    }
}
