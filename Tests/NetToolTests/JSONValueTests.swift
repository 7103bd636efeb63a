// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool

struct JSONValueTests {
    @Test func `values are written as RFC 8259 has them`() {
        let value: JSONValue = [
            "text": "a", "list": [JSONValue(1), JSONValue(-2.5), true, .null], "none": .object([]), "empty": [],
        ]
        #expect("\(value)" == #"{"text":"a","list":[1,-2.5,true,null],"none":{},"empty":[]}"#)
    }

    @Test func `quotes, backslashes and controls are escaped`() {
        #expect("\(JSONValue.string("\"\\\n\r\t\u{1}\u{7F}\u{9B}é😀"))" == #""\"\\\n\r\t\u0001\u007f\u009bé😀""#)
    }

    @Test func `names of members are escaped as well`() {
        #expect("\(JSONValue.object([.init("a\"b", .null)]))" == #"{"a\"b":null}"#)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `numbers that JSON has not are null`(number: Double) {
        #expect("\(JSONValue(number))" == "null")
    }

    @Test func `numbers of any size are written whole`() {
        #expect("\(JSONValue(UInt128.max))" == "340282366920938463463374607431768211455")
        #expect("\(JSONValue(Duration.milliseconds(2400)))" == "2.4")
    }

    @Test func `Python reads back every scalar value`() throws {
        let text =
            String(String.UnicodeScalarView((0..<0x3000).compactMap { Unicode.Scalar(UInt32($0)) })) + "\u{10FFFF}"
        let events = try Events.parse("{\"text\":\(JSONValue.string(text))}\n")
        #expect(events.first?["text"] as? String == text)
    }
}
