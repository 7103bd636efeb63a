// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.blocking) struct FileShapeTests {
    @Test func `every file names its license first`() {
        expectNone(Repository.files.flatMap(FileShape.licenseViolations))
    }

    @Test func `no line is wider than a page`() {
        expectNone(Repository.files.flatMap(FileShape.widthViolations))
    }

    @Test func `no note to oneself is left in the source`() {
        expectNone(Repository.files.flatMap(FileShape.noteViolations))
    }

    @Test func `no file has swallowed a second noun`() {
        for file in Repository.files {
            let violations = FileShape.lengthViolations(in: file)
            expectNone(violations)
            guard violations.isEmpty else { continue }
            for warning in FileShape.lengthViolations(in: file, limit: FileShape.linesToWarnAt) {
                Issue.record("\(warning)", severity: .warning)
            }
        }
    }

    @Test func `a planted file without its license is found`() {
        #expect(FileShape.licenseViolations(in: source("import Sockets\n")).count == 1)
        #expect(FileShape.licenseViolations(in: source("")).count == 1)
        #expect(FileShape.licenseViolations(in: source("\n\(FileShape.licenseLine)\n")).count == 1)
        #expect(FileShape.licenseViolations(in: source("\(FileShape.licenseLine)\n")) == [])
        let manifest = SourceFile(
            path: "Package.swift", text: "\(FileShape.licenseLine)\n// swift-tools-version: 6.2\n")
        #expect(FileShape.licenseViolations(in: manifest).count == 1)
    }

    @Test func `a planted wide line is found, and counted in characters`() {
        let wide = String(repeating: "x", count: 121)
        #expect(FileShape.widthViolations(in: source("a\n\(wide)\n")).map(\.line) == [2])
        #expect(FileShape.widthViolations(in: source(String(repeating: "é", count: 120))) == [])
    }

    @Test func `a planted note is found, a word that holds one is not`() {
        for note in ["TO" + "DO", "FIX" + "ME"] {
            #expect(FileShape.noteViolations(in: source("let a = 1  // \(note): later")).count == 1)
            #expect(FileShape.noteViolations(in: source("let \(note)S = 1")) == [])
        }
    }

    @Test func `a planted long file is found, a table is not`() {
        let text = String(repeating: "\n", count: 601)
        #expect(FileShape.lengthViolations(in: source(text)).count == 1)
        #expect(FileShape.lengthViolations(in: source(String(text.dropLast()))) == [])
        for table in ["SocketOption+TCP.swift", "Constants.swift", "SpecialPurpose.swift"] {
            let file = SourceFile(path: "Sources/Sockets/System/\(table)", text: text)
            #expect(FileShape.lengthViolations(in: file) == [])
        }
    }

    private func source(_ text: String) -> SourceFile {
        SourceFile(path: "Sources/Sockets/Planted.swift", text: text)
    }
}
