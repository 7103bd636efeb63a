// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt listen`: a server from one word.
struct Listen: Verb {
    static let takesCommand = true

    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Listen, and serve whoever connects by one word; or talk to one client yourself.",
        usage: """
            nt listen <address> ... echo|time|greet <text>|discard|log|sink [<options>]
            nt listen <address> ... chat|files <dir> [<options>]
            nt listen <address> ... exec <program> [<options>] [-- <its words>]
            nt listen <address> ... [stdio] [--keep] [--send-only|--recv-only] [<options>]
            """,
        discussion: """
            Addresses: :PORT is this machine only (by IPv4 and IPv6), with --public every interface; host:port, \
            *:port, udp://…, unix:/path, unix-dgram:/path, fd:3, systemd:name; - serves standard input and output. \
            With port 0 the system picks one, and :0 is of IPv4 alone.

            Handlers:
              echo         sends back what comes (RFC 862)
              time         answers each line with [Sat Nov 21 10:44:03 2026] line
              greet TEXT   sends the text as a line, and ends
              discard      reads and throws away (RFC 863)
              log          prints each line behind its sender
              sink         the peer of nt bench
              chat         what one says all others read; /help tells its members the rest
              files DIR    a file's name in, its bytes out; /get and /stat tell sizes and go on in the middle
              exec WORDS   runs a program for each client, no shell; what it reads and writes is the client's
              stdio        as without a handler
            Over UDP a datagram is a line; exec, chat and files need a stream. On an address that other machines \
            reach exec needs --allow. \
            A line of time and log ends in LF or CR LF and has at most 16384 bytes; what is sent ends in CR LF.

            Without a handler standard input goes to the first client, and what it says is standard output; each \
            direction ends by itself, and nt with both. With --keep the next client comes then, as soon as one ends; \
            a handler serves whoever comes in any case.

            'nt help eof' has the whole table of ends.

            SIGTERM and ctrl-C stop accepting. A client with nothing under way is let go at once; one whose line has \
            begun has --drain for the rest of it; a second ctrl-C leaves at once.

            Exit codes: 0 drained after SIGTERM, or the one client has ended, 130 ctrl-C, 69 the address can't be had, \
            77 not permitted, 75 no client within --timeout, 68 unknown host, 66 no such directory, 127 the program \
            of exec is not found, 126 it can't be run.
            """)

    @OptionGroup var options: ListenOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try ListenRun(options, in: session).run()
    }
}
