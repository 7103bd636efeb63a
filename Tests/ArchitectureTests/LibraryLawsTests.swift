// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.blocking) struct LibraryLawsTests {
    @Test func `no library and no tool imports Foundation`() {
        expectNone(Repository.sources.flatMap(LibraryLaws.foundationViolations))
    }

    @Test func `no error is forced to end the process`() {
        expectNone(Repository.sources.flatMap(LibraryLaws.forcedTryViolations))
    }

    @Test func `no library prints`() {
        expectNone(Repository.sources.flatMap(LibraryLaws.printingViolations))
    }

    @Test func `a simulated run can be repeated`() {
        expectNone(Repository.sources.flatMap(LibraryLaws.repeatabilityViolations))
    }

    @Test func `the codecs have no input, no output and no clock`() {
        expectNone(Repository.sources.flatMap(LibraryLaws.purityViolations))
    }

    @Test func `a platform is chosen at the top level of a file`() {
        expectNone(Repository.sources.flatMap(LibraryLaws.platformViolations))
    }

    @Test func `the trait TLS is tested in one file of a module`() {
        expectNone(LibraryLaws.traitViolations(in: Repository.sources))
    }

    @Test func `a planted import of Foundation is found in libraries and tool, not in tests`() {
        for imported in ["Foundation", "FoundationEssentials", "FoundationNetworking"] {
            let text = "internal import \(imported)"
            #expect(LibraryLaws.foundationViolations(in: file("Sockets", text)).count == 1)
            #expect(LibraryLaws.foundationViolations(in: file("NetTool", text)).count == 1)
            let test = SourceFile(path: "Tests/SocketsTests/Planted.swift", text: text)
            #expect(LibraryLaws.foundationViolations(in: test) == [])
        }
    }

    @Test func `a planted forced try is found, an optional one and a quoted one are not`() {
        #expect(LibraryLaws.forcedTryViolations(in: file("Sockets", "let a = try! open()")).count == 1)
        #expect(
            LibraryLaws.forcedTryViolations(in: file("Sockets", "if try !open() { try? close() }  // not try!")) == [])
    }

    @Test func `a planted print is found, a method of that name is not`() {
        for call in ["print(1)", "    debugPrint (error)", "if verbose { print(\"no\") }"] {
            #expect(LibraryLaws.printingViolations(in: file("Sockets", call)).count == 1, "\(call)")
            #expect(LibraryLaws.printingViolations(in: file("NetTool", call)) == [])
        }
        for other in ["page.print(1)", "func print(_ page: Page) {}", "fingerprint(key)", "/// print(1)"] {
            #expect(LibraryLaws.printingViolations(in: file("Sockets", other)) == [], "\(other)")
        }
    }

    @Test(arguments: [
        "Task { await run() }", "Task(priority: .high) {", "_ = Task.detached {",
        "try await Task.sleep(for: .seconds(1))",
        "let clock = ContinuousClock()", "SuspendingClock.now", "clock_gettime(CLOCK_REALTIME, &now)",
        "let n = Int.random(in: 0..<4)", "list.shuffled()", "SystemRandomNumberGenerator()", "key.hashValue",
    ])
    func `a planted source of chance or of time is found`(text: String) {
        #expect(LibraryLaws.repeatabilityViolations(in: file("Reactor", text)).count == 1)
        let world = SourceFile(path: "Sources/Reactor/World/LoopClock.swift", text: text)
        #expect(LibraryLaws.repeatabilityViolations(in: world) == [])
    }

    @Test(arguments: [
        "group.addTask { await run() }", "let task: UnsafeCurrentTask?", "try Task.checkCancellation()",
        "func hash(into hasher: inout Hasher) {", "world.randomness.next()", "// Task { } is not for us",
        "let isTask = true",
    ])
    func `what only resembles one is not`(text: String) {
        #expect(LibraryLaws.repeatabilityViolations(in: file("Reactor", text)) == [])
    }

    @Test func `planted waiting and files are found in Wire alone`() {
        for text in ["func next() async {", "let event = await next()", "var file: FileDescriptor"] {
            #expect(LibraryLaws.purityViolations(in: file("Wire", text)).count == 1)
            #expect(LibraryLaws.purityViolations(in: file("Reactor", text)) == [])
        }
    }

    @Test func `a planted choice of platform inside a declaration is found`() {
        let inside = "func f() {\n#if os(Linux)\n    g()\n#elseif canImport(Darwin)\n#endif\n}"
        #expect(LibraryLaws.platformViolations(in: file("Sockets", inside)).map(\.line) == [2, 4])
        let outside = "func f() {\n    g(\"{\")  // {\n}\n#if os(Linux)\ntypealias Selected = EpollSelector\n#endif"
        #expect(LibraryLaws.platformViolations(in: file("Sockets", outside)) == [])
        let fault = "func f() {\n#if FAULT_INJECTION\n#endif\n}"
        #expect(LibraryLaws.platformViolations(in: file("Sockets", fault)) == [])
    }

    @Test func `a trait that two files of a module test is found`() {
        let files = ["A", "B"].map { SourceFile(path: "Sources/HTTP/\($0).swift", text: "#if TLS\n#endif\n") }
        #expect(LibraryLaws.traitViolations(in: files).map(\.path) == ["Sources/HTTP/B.swift"])
        #expect(LibraryLaws.traitViolations(in: [files[0], file("Reactor", "#if TLS\n#endif")]) == [])
    }

    private func file(_ module: String, _ text: String) -> SourceFile {
        SourceFile(path: "Sources/\(module)/Planted.swift", text: text)
    }
}
