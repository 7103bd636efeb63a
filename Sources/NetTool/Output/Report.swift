// SPDX-License-Identifier: Apache-2.0

/// The output of a verb in one of its two forms: lines for people, or with `--json` one event a line and an `end` that
/// is always last and always complete.
struct Report {
    private let session: Session
    /// Whether the output is JSON.
    let isJSON: Bool
    /// Where lines for people go when the output belongs to somebody else.
    private let isTalk: Bool

    init(_ session: Session, isJSON: Bool, isTalk: Bool = false) {
        self.session = session
        self.isJSON = isJSON
        self.isTalk = isTalk
    }

    /// Writes `text` for people, or the event for programs.
    func write(_ text: @autoclosure () -> String, event: String, _ members: @autoclosure () -> [JSONValue.Member])
        throws(ToolFailure)
    {
        if isJSON {
            try put("\(JSONValue.object([.init("event", .string(event))] + members()))")
        } else {
            try put(text())
        }
    }

    /// Tells a failure on standard error, and to programs as an event too.
    func fail(_ message: String, status: ExitStatus, about subject: String) throws(ToolFailure) {
        session.complain(message)
        if isJSON {
            try write(
                "", event: "error",
                [
                    .init("what", .string(subject)), .init("message", .string(message)),
                    .init("status", JSONValue(status.rawValue)),
                ])
        }
    }

    /// Writes the last line, which only programs get.
    func end(_ status: ExitStatus, _ members: [JSONValue.Member] = []) throws(ToolFailure) {
        if isJSON { try write("", event: "end", members + [.init("status", JSONValue(status.rawValue))]) }
    }

    private func put(_ line: String) throws(ToolFailure) {
        if isTalk { session.remark(line) } else { try session.print(line) }
    }
}
