// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt explain`: says what an address, a port, a network, an error or a word of socket programs means. It asks nobody
/// but this machine.
struct Explain: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what an address, port, network, error or socket word means.",
        discussion: """
            An address      192.168.1.1   fe80::1   192.168.1.7/24
            A network       10.0.0.0/9   2001:db8::/32   10.0.0.0/255.0.0.0
            A port          :3306   53/udp   https
            An error        ECONNREFUSED   111
            An endpoint     db:5432   udp://239.1.1.1:5000?ttl=4   unix:/run/x   exec:'cat -n'
            A socket word   AF_INET   SOCK_DGRAM   IPPROTO_TCP

            A bare number is explained as an error and as a port. Nothing is looked up on the network.
            """)

    @Argument(help: ArgumentHelp("What to explain.", valueName: "what"))
    var subjects: [String]

    @OptionGroup var form: OutputForm

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        let report = Report(session, isJSON: form.json)
        var failures = 0
        for subject in subjects {
            switch Result(catching: { () throws(Inexplicable) in
                try Explanation.readings(of: subject, on: session.machine)
            }) {
            case .success(let readings):
                for reading in readings {
                    try report.write(
                        reading.text, event: "explanation", [.init("what", .string(subject))] + reading.members)
                }
            case .failure(let error):
                failures += 1
                try report.fail(error.description, status: .badData, about: subject)
            }
        }
        let status: ExitStatus = failures == 0 ? .success : .badData
        try report.end(
            status, [.init("explained", JSONValue(subjects.count - failures)), .init("failed", JSONValue(failures))])
        return status
    }
}
