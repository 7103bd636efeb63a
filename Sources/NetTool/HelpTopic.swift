// SPDX-License-Identifier: Apache-2.0

/// The pages of `nt help`, beside those of the verbs.
enum HelpTopic: String, CaseIterable {
    case addresses
    case exitCodes = "exit-codes"
    case encodings
    case eof

    /// The page that `nt help TOPIC` asks for; nil if the words ask for something else.
    ///
    /// - Throws: a failure for a word that is neither a topic nor a verb.
    static func page(for arguments: [String]) throws(ToolFailure) -> String? {
        guard arguments.first == "help", let word = arguments.dropFirst().first, !word.hasPrefix("-") else {
            return nil
        }
        if let topic = HelpTopic(rawValue: word) { return topic.page }
        if RootCommand.verb(named: word) != nil { return nil }
        let known = (RootCommand.verbNames + allCases.map(\.rawValue)).joined(separator: ", ")
        throw ToolFailure(.usage, "no help for '\(word)': there is help for \(known)")
    }

    var page: String {
        switch self {
        case .addresses: Self.addressPage
        case .exitCodes: Self.exitCodePage
        case .encodings: Self.encodingPage
        case .eof: EndOfFile.page
        }
    }

    private static var exitCodePage: String {
        let rows = ExitStatus.allCases.map { status in
            let number = "\(status.rawValue)"
            return String(repeating: " ", count: 5 - number.count) + "\(number)  \(status.meaning)"
        }
        return "How nt ends, whatever the verb:\n\n" + rows.joined(separator: "\n")
    }

    private static let addressPage = """
        One grammar for every verb. :PORT is this machine only; *:PORT is every interface.

          host:80  192.0.2.1:80  [::1]:80       TCP; a name is looked up when it is used
          :80                                   this machine only, both families
          *:80                                  every interface of this machine
          tcp://host:80  udp://239.1.1.1:5000   the same with the protocol written
          tls://host:443  ws://host/path  wss://  http://  https://
          unix:/path  unix:@name                UNIX-domain stream; @ is the abstract namespace
          unix-dgram:/path  unix-seqpacket:/path
          exec:COMMAND                          a program's standard input and output; no shell
          -  fd:3  systemd:name                 standard I/O, an inherited descriptor, one from systemd

        Options follow as a query: udp://239.1.1.1:5000?iface=eth0&ttl=4
        Any byte of a path or a name may be written as a percent escape: unix:/run/my%20socket
        An IPv6 address with a port needs brackets, a link-local one its interface: [fe80::1%eth0]:80
        nt explain ADDRESS says how an address is understood.
        """

    private static let encodingPage = """
        Bytes that come in are text in UTF-8 unless --encoding says otherwise; so are those that go out.
        A verb takes any name that this system's iconv knows, in either case. Among them:

          UTF-8                     the default
          GBK  GB18030              simplified Chinese; GB18030 holds all of Unicode
          BIG5                      traditional Chinese
          SHIFT_JIS  EUC-JP         Japanese
          EUC-KR                    Korean
          ISO-8859-1  CP1252        western European, one byte a character
          UTF-16LE  UTF-16BE        two or four bytes a character

        iconv -l lists all of them. Bytes that are malformed in the encoding become U+FFFD, and nt goes on.
        """
}
