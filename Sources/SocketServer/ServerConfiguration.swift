// SPDX-License-Identifier: Apache-2.0
import Reactor
public import Sockets

/// What Python's servers have as attributes of their class.
public struct ServerConfiguration: Sendable {
    /// Only addresses of this family; `.unspecified` takes what the endpoint says, IPv4 first. Python:
    /// `address_family`.
    public var addressFamily = AddressFamily.unspecified

    /// Finished connections that wait to be accepted. Python: `request_queue_size`, 5 there.
    public var requestQueueSize = Listener.defaultBacklog

    /// Whether the address of a stream server can be had again at once after a restart; true, other than in Python.
    /// A server for datagrams never shares its address by this. Python: `allow_reuse_address`.
    public var allowsReuseAddress = true

    /// Whether several servers may have the port, each with a share of the clients. Python: `allow_reuse_port`.
    public var allowsReusePort = false

    /// The most bytes of a datagram that are taken; of a longer one the rest is lost, and the request says so. As it
    /// is nothing is lost, since no datagram of UDP is longer. Python: `max_packet_size`, 8192 there.
    public var maximumPacketSize = DatagramSocket.defaultMaximumLength

    /// How long ``BaseServer/handleRequest(within:)`` waits for a request unless it is told otherwise; nil for ever.
    /// Python: `timeout`.
    public var timeLimit: Duration?

    /// The most that a request may take, nil as long as it likes. Then its process is killed, with its process group;
    /// the socket of a thread or task is shut down, so that whatever waits there ends, and a datagram is answered no
    /// more. A handler of a `.sequential` server has nobody beside it to do so: only an answer to a datagram that waits
    /// for room ends in time there too.
    public var requestLimit: Duration?

    /// How long an answer to a datagram may wait until there is room for it; it never waits past ``requestLimit``.
    /// A UNIX client that does not read has no room, and as long as an answer waits for it a `.sequential` server
    /// serves nobody else, nor ends. `.zero` waits for nobody. Python waits for ever.
    public var replyLimit = Duration.milliseconds(200)

    /// Whether the end of serving, and ``BaseServer/close()``, wait for the handlers that are under way. If not,
    /// threads and processes are left to themselves and tasks are cancelled. Python: `block_on_close`, and
    /// `daemon_threads` the other way round.
    public var blocksOnClose = true

    /// How long they wait. Then comes the hard stop, as by ``requestLimit``. Python waits for ever.
    public var closeLimit = Duration.seconds(5)

    /// The defaults.
    public init() {}
}
