// SPDX-License-Identifier: Apache-2.0

/// What happens where one side of a conversation ends: the one place that says it. A ``Conversation`` acts by these
/// rules, and `nt help eof` prints them.
enum EndOfFile {
    /// Which side has ended.
    enum Event: Hashable, CaseIterable {
        /// Standard input: the end of a file, a pipe whose writer has closed, ctrl-D at a terminal.
        case input
        /// The other side: it has ended its sending direction.
        case peer
    }

    /// What is done about it.
    enum Consequence: Hashable {
        /// Everything is over.
        case leave
        /// The other direction goes on until its own end, or for so long, or for --linger; nil for as long as it takes.
        case goOn(within: Duration?)
    }

    /// A row of the table.
    struct Rule {
        let event: Event
        /// Whether the rule is for this conversation; of those that are the first one counts.
        let applies: @Sendable (Conversation.Style) -> Bool
        /// When that is, for people.
        let condition: String
        /// Whether the other side is told that nothing more comes.
        let tellsPeer: Bool
        let consequence: Consequence
        /// What that is, for people.
        let text: String
    }

    /// Every rule, those for special cases first.
    static let rules: [Rule] = [
        Rule(
            event: .input, applies: { $0.isDatagrams && !$0.receives }, condition: "datagrams, --send-only",
            tellsPeer: false, consequence: .leave, text: "nt ends: a datagram has no end to tell"),
        Rule(
            event: .input, applies: { $0.isDatagrams && $0.keeps }, condition: "datagrams, --keep",
            tellsPeer: false, consequence: .goOn(within: nil), text: "what comes is printed, until ctrl-C"),
        Rule(
            event: .input, applies: { $0.isDatagrams }, condition: "datagrams",
            tellsPeer: false, consequence: .goOn(within: .seconds(1)),
            text: "answers are printed for --linger (1s), then nt ends"),
        Rule(
            event: .input, applies: { !$0.tellsEnd }, condition: "--no-shutdown",
            tellsPeer: false, consequence: .goOn(within: nil),
            text: "the peer is not told; nt goes on to the peer's end, or for --linger"),
        Rule(
            event: .input, applies: { !$0.receives }, condition: "--send-only",
            tellsPeer: true, consequence: .goOn(within: .seconds(2)),
            text: "the peer is told, and has --linger (2s) to end"),
        Rule(
            event: .input, applies: { _ in true }, condition: "otherwise",
            tellsPeer: true, consequence: .goOn(within: nil),
            text: "the peer is told; what it says is printed to its end, or for --linger"),
        Rule(
            event: .peer, applies: { $0.endsWithPeer && $0.keeps }, condition: "listen --keep",
            tellsPeer: false, consequence: .leave, text: "this client is done; the next one comes"),
        Rule(
            event: .peer, applies: { $0.endsWithPeer }, condition: "--recv-only",
            tellsPeer: false, consequence: .leave, text: "nt ends"),
        Rule(
            event: .peer, applies: { $0.isAtTerminal }, condition: "input is a terminal",
            tellsPeer: false, consequence: .leave, text: "nt says so, and ends"),
        Rule(
            event: .peer, applies: { _ in true }, condition: "otherwise",
            tellsPeer: false, consequence: .goOn(within: nil),
            text: "what standard input still says is sent, to its end"),
    ]

    /// The rule for an event in a conversation of this style.
    static func rule(for event: Event, in style: Conversation.Style) -> Rule {
        guard let rule = rules.first(where: { $0.event == event && $0.applies(style) }) else {
            preconditionFailure("the last rule of each event is for everything")
        }
        return rule
    }

    /// The page `nt help eof`.
    static var page: String {
        """
        How nt connect, and nt listen without a handler, end. Of the rows that fit the first counts.

        Standard input ends (the end of a file, a pipe whose writer has closed, ctrl-D):
        \(rows(of: .input))

        The other side ends (a datagram never does):
        \(rows(of: .peer))

        When both have ended nt ends, with 0. With --recv-only standard input is not read.
        A file, a pipe and a terminal count alike but where a row says otherwise.
        Datagrams are those of udp: and unix-dgram:.

        The connection breaks:         what came before is printed, and nt ends with 74
        Nobody reads standard output:  nt ends quietly, with 74
        exec:COMMAND as the peer:      it is told by the end of its input; nt ends after it, with 1 if it failed
        A handler of nt listen:        what has come is answered, then the connection is closed
        """
    }

    private static func rows(of event: Event) -> String {
        let rows = rules.filter { $0.event == event }
        let width = rows.map(\.condition.count).max() ?? 0
        return rows.map { rule in
            let padding = String(repeating: " ", count: width - rule.condition.count + 3)
            return "  \(rule.condition)\(padding)\(rule.text)"
        }.joined(separator: "\n")
    }
}
