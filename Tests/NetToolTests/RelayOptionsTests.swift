// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import NetTool

/// The command lines of `nt relay`.
@Suite(.blocking) struct RelayOptionsTests {
    @Test(
        arguments: [
            (["127.0.0.1:0"], "Missing expected argument"),
            (["127.0.0.1:0", "nonsense"], "the port is missing"),
            (["127.0.0.1:0", "tls://a:1"], "nt relay can't lead to tls://a:1: it speaks TCP, UDP, UNIX and exec:"),
            (["-", "a:1"], "nt relay can't listen at -: nt connect joins standard input to an address"),
            (["127.0.0.1:0", "*:80"], "*:80 is a place to listen on: say which host to lead to"),
            (["127.0.0.1:0", "127.0.0.1:0"], "127.0.0.1:0 is a place to listen on: say which port to lead to"),
            (["udp://127.0.0.1:0", "udp://a:0"], "udp://a:0 is a place to listen on: say which port to lead to"),
            (["127.0.0.1:7", "a:1", "127.0.0.1:7"], "127.0.0.1:7 is where this relay listens itself"),
            ([":7", ":7"], ":7 is where this relay listens itself"),
            (["*:7", "[::1]:7"], "[::1]:7 is where this relay listens itself"),
            (["unix:/a", "unix:/a"], "unix:/a is where this relay listens itself"),
            (["udp://127.0.0.1:7", "udp://127.0.0.1:7"], "udp://127.0.0.1:7 is where this relay listens itself"),
            (["127.0.0.1:0", "a:1", "--dump", "x", "--capture", "x"], "--dump and --capture both name \"x\""),
            (["127.0.0.1:0", "udp://a:1"], "127.0.0.1:0 is for streams and udp://a:1 for datagrams"),
            (["udp://127.0.0.1:0", "a:1"], "udp://127.0.0.1:0 is for datagrams and a:1 for streams"),
            (["127.0.0.1:0", "socks", "a:1"], "socks, http and exec: have no other target beside them"),
            (["127.0.0.1:0", "a:1", "udp://a:1"], "the targets have to be all streams, or all for datagrams"),
            (["127.0.0.1:0", "a:1", "--balance"], "--balance needs several targets"),
            (["127.0.0.1:0", "a:1", "--auth", "u:p"], "--auth is for the proxies socks and http"),
            (["127.0.0.1:0", "a:1", "--allow-private"], "--allow-private and --allow-target are for the proxies"),
            (["127.0.0.1:0", "a:1", "--drop", "1%"], "--drop loses datagrams: a stream that loses bytes is none"),
            (["127.0.0.1:0", "a:1", "--throttle", "fast"], "bytes are a number, with K, M or G behind it"),
            (["127.0.0.1:0", "a:1", "--delay", "1x"], "'x' is no unit of time"),
            (["127.0.0.1:0", "a:1", "--send-proxy", "v3"], "v3"),
            (["127.0.0.1:0", "a:1", "--allow", "10.0.0.1/8"], "host bits are set"),
            (["127.0.0.1:0", "a:1", "--json", "--dump", "-"], "--json has standard output for its events"),
            (["127.0.0.1:0", "a:1", "--json", "--capture", "-"], "--json has standard output for its events"),
            (["127.0.0.1:0", "a:1", "--json", "-x"], "--json has standard output for its events"),
            (["127.0.0.1:0", "a:1", "-x", "--capture", "-"], "don't both go to standard output"),
            (["127.0.0.1:0", "a:1", "--capture-limit", "1M"], "--capture, which is missing"),
            (["127.0.0.1:0", "a:1", "--capture", "x", "--capture-limit", "10"], "--capture-limit is 4K at least"),
            (["127.0.0.1:0", "a:1", "--drop", "5"], "a part is written as in 1% or 0.5%"),
            (["127.0.0.1:0", "a:1", "--throttle", "0"], "that is not between 1 and 1024G bytes"),
            (["127.0.0.1:0", "a:1", "--public"], "--public is about addresses written :PORT"),
            (["udp://127.0.0.1:0", "udp://a:1", "--send-proxy", "v1"], "datagrams have none"),
            (["127.0.0.1:0", "socks", "--auth", "nocolon"], "credentials are user:password"),
            (["0.0.0.0:0", "socks"], "0.0.0.0:0 can be reached by others: socks needs --auth or --allow there"),
            (["[::]:0", "http"], "http needs --auth or --allow there"),
            (["*:0", "exec:cat"], "exec:cat needs --allow there"),
            ([":0", "socks", "--public"], "socks needs --auth or --allow there"),
        ] as [([String], String)])
    func `a wrong command line is 64 and says what is wrong`(words: [String], message: String) {
        let run = ToolRun(["relay"] + words)
        #expect(run.status == .usage)
        #expect(run.errors.hasPrefix("nt: ") && run.errors.contains(message), "\(run.errors)")
        #expect(run.errors.count { $0 == "\n" } == 1 && run.output.isEmpty)
    }

    @Test func `a pipe that nobody reads is told, and not waited for`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("pipe")
        _ = try Command.run(["mkfifo", path])
        for flag in ["--dump", "--capture"] {
            let relay = try ForeignProgram.nt("relay", "127.0.0.1:0", "a:1", flag, path)
            #expect(try relay.exit() == .status(73))
            #expect(relay.errors.hasSuffix("no such device or address (a pipe needs its reader first)\n"))
        }
    }

    @Test func `a secret on the command line is not quoted when it is wrong`() {
        #expect(!ToolRun("relay", ":0", "socks", "--auth", "hunter2").errors.contains("hunter2"))
        #expect(ToolRun("relay", ":0", "socks", "--auth-file", "/nonexistent").status == .noInput)
        for flag in ["--dump", "--capture"] {
            let run = ToolRun("relay", "127.0.0.1:0", "a:1", flag, "/nonexistent/x")
            #expect(run.status == .cannotCreate)
            #expect(run.errors == "nt: \"/nonexistent/x\": no such file or directory\n")
        }
    }
}
