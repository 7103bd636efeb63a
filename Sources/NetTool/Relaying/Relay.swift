// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// `nt relay`: join two addresses.
struct Relay: Verb {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Pass on whatever comes at one address to another: a tunnel, a balancer, a proxy.",
        usage: """
            nt relay <listen> <target> ... [--balance] [<options>]
            nt relay <listen> exec:<command> [<options>]
            nt relay <listen> socks|http [--auth <user:password>] [--allow <network>] [<options>]
            """,
        discussion: """
            Where to listen: :PORT is this machine only (by IPv4 and IPv6), with --public every interface; host:port, \
            udp://host:port, unix:/path, unix-dgram:/path, fd:3, systemd:name. With port 0 the system picks one, and \
            :0 is of IPv4 alone.

            Targets:
              host:port, unix:/path   a stream; each side's end is passed on by itself
              udp://host:port         datagrams, where it listens for datagrams; unix-dgram:/path likewise
              exec:COMMAND            a program started for each client, its words without a shell
              socks                   where the client says, by SOCKS 4, 4a or 5
              http                    where the client says, by HTTP's CONNECT (curl: --proxytunnel)
            Of several targets the first that answers is taken; with --balance they take turns.

            A proxy (socks, http) refuses targets that are this machine's, of a private network or link-local, unless \
            --allow-private or --allow-target says so. Where others can come a proxy needs --auth or --allow, and \
            exec: needs --allow.

            --throttle counts all clients together, each direction by itself; K, M and G are powers of 1024. --delay \
            keeps what passes for so long, up to 1 MiB of each client's each way. --drop loses datagrams.

            --dump shows lines behind > (from the client) and < (from the target), --hex their bytes. --capture writes \
            packets as if client and target had spoken directly, for Wireshark: --capture - | wireshark -k -i -. \
            Who has no address is 192.0.2.1, its target 192.0.2.2. A capture that is full ends, and the relay goes on; \
            a file that can't be written any more ends the relay (74). Both files are for their owner alone.

            SIGTERM and ctrl-C stop accepting; who is there has --drain to come to an end, datagrams have not. A \
            second ctrl-C leaves at once.

            Exit codes: 0 drained after SIGTERM, 130 ctrl-C, 69 the address can't be had, 77 not permitted, 68 unknown \
            host, 66 no --auth-file, 73 a file can't be made, 74 a file can't be written, 127 the program of exec: is \
            not found, 126 it can't be run.
            """)

    @OptionGroup var options: RelayOptions

    func run(in session: Session) throws(ToolFailure) -> ExitStatus {
        try RelayRun(options, in: session).run()
    }
}
