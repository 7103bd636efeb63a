// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.blocking) struct DocumentationTests {
    @Test func `every public declaration says what it is`() {
        expectNone(Repository.sources.flatMap(Documentation.violations))
    }

    @Test(arguments: [
        "public func f() {}",
        "    public private(set) var count = 0",
        "@inlinable\npublic init(_ text: String) {}",
        "@available(*, deprecated) public static let a = 1",
        "open class func make() {}",
        "public final class Loop {}",
        "// A plain comment is no doc comment.\npublic struct S {}",
        "/// Far away.\n\npublic struct S {}",
        "/// A contract.\npublic protocol P {\n    func f()\n}",
        "/// A contract.\npublic protocol P:\n    Sendable\n{\n    associatedtype A\n}",
        "/// A choice.\npublic enum E {\n    case a, b\n}",
        "/// A choice.\npublic enum E {\n    /// Up.\n    case up\n\n    case down\n}",
        "public extension S {\n    func f() {}\n}",
        "public extension S {\n    /// Named.\n    enum E {\n        case a\n    }\n}",
        "public import Sockets\npublic typealias A = Int",
        "/// One line.\npublic var a: Int { 1 }\npublic var b: Int { 2 }",
    ])
    func `a planted public declaration without a word is found`(text: String) {
        #expect(Documentation.violations(in: file(text)).count == 1)
    }

    @Test(arguments: [
        "/// Said.\npublic func f() {}",
        "/// Said.\n@inlinable\n@discardableResult\npublic func f() {}",
        "func f() {}\nprivate var a = 1\npackage struct P {}",
        "public import Sockets\npublic extension S {\n}",
        "/// A choice.\npublic enum E {\n/// One.\ncase a\nfunc f() { switch self {\ncase .a: g()\n} }\n}",
        "/// A choice.\npublic enum E {\n    /// Directions.\n    case up, down\n    case left(Int)\n}",
        "enum E {\n    case a\n}",
        "protocol P {\n    func f()\n}",
        "public extension S {\n    private func f() {}\n    package var a: Int { 1 }\n}",
        "/// Said.\npublic struct S {\n    let a = 1\n    struct T {\n        var b = 2\n    }\n}",
        "/// public func f() {}\nlet text = \"public func f()\"",
        "/// Said.\npublic protocol P {\n    /// Said.\n    var a: Int { get }\n}\nlet b = 1",
    ])
    func `a documented or inner declaration passes`(text: String) {
        #expect(Documentation.violations(in: file(text)) == [])
    }

    private func file(_ text: String) -> SourceFile {
        SourceFile(path: "Sources/Sockets/Planted.swift", text: text)
    }
}
