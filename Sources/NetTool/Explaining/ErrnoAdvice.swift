// SPDX-License-Identifier: Apache-2.0

/// What an error of the network usually means, and what helps.
struct ErrnoAdvice: Hashable, Sendable {
    let cause: String
    let remedy: String

    private init(_ cause: String, _ remedy: String) {
        self.cause = cause
        self.remedy = remedy
    }

    /// The advice for an error by its C name; nil for errors that networks don't cause.
    static func of(_ name: String) -> ErrnoAdvice? { table[name] }

    /// The errors that have advice.
    static var names: [String] { table.keys.sorted() }

    private static let table: [String: ErrnoAdvice] = [
        "EACCES": .init(
            "a port below 1024 without rights, a broadcast without SO_BROADCAST, or a UNIX path one may not enter",
            "take a higher port or CAP_NET_BIND_SERVICE; set the option; look at the directory's mode"),
        "EADDRINUSE": .init(
            "another socket has this address and port, or a connection that was closed there is still in TIME_WAIT",
            "see who it is (ss -ltnp); let a server set SO_REUSEADDR; take another port, or 0 for a free one"),
        "EADDRNOTAVAIL": .init(
            "the address is none of this machine's, or every ephemeral port to that peer is taken",
            "compare with nt interfaces; bind to a wildcard; keep connections open instead of making many short ones"),
        "EAFNOSUPPORT": .init(
            "an IPv6 address on an IPv4 socket or the other way round, or IPv6 is switched off",
            "open the socket with the family of the address"),
        "EAGAIN": .init(
            "a non-blocking call would have had to wait, or a receive or send timeout ran out",
            "wait until the socket is ready (poll, epoll) and call again; by itself it is no failure"),
        "EALREADY": .init(
            "an earlier connect on this non-blocking socket is still under way",
            "wait until the socket is writable and read SO_ERROR"),
        "EBADF": .init(
            "the descriptor has been closed, often by another part of the program",
            "let one owner close each descriptor; an event loop has to unregister it first"),
        "ECONNABORTED": .init(
            "a client gave up before its connection was accepted, or this host dropped the connection",
            "a server accepts the next one; a client connects again"),
        "ECONNREFUSED": .init(
            "nobody listens on that port at that address; some firewalls answer so too",
            "see that the server runs and where it listens (ss -ltn): 127.0.0.1 can't be reached from elsewhere"),
        "ECONNRESET": .init(
            "the peer closed with bytes of ours unread or under way, or crashed; a middlebox can do it as well",
            "take it as the end of the connection; let each side read to the end before it closes"),
        "EDESTADDRREQ": .init(
            "a datagram was sent without an address on a socket that is not connected",
            "give the address with each datagram, or connect first"),
        "EHOSTDOWN": .init(
            "the host on this link does not answer ARP or neighbor discovery",
            "see that it is switched on and in the same network (ip neigh)"),
        "EHOSTUNREACH": .init(
            "a router said so, nobody on the link answered for the address, or a firewall rejects",
            "look at the route (ip route get ADDRESS), at the netmask and at the firewall"),
        "EINPROGRESS": .init(
            "connect on a non-blocking socket has begun",
            "wait until the socket is writable and read SO_ERROR; by itself it is no failure"),
        "EINTR": .init(
            "a signal came while the call waited",
            "call again with the time that is left"),
        "EINVAL": .init(
            "a socket in the wrong state (bound twice, accept before listen), or a wrong length or flag",
            "look at the order of the calls; a link-local IPv6 address needs its interface"),
        "EISCONN": .init(
            "the socket is connected already",
            "open a new socket for another peer; send without an address"),
        "EMFILE": .init(
            "this process has as many descriptors open as it may: a leak, or a low limit",
            "look at ulimit -n and at /proc/PID/fd; a server stops accepting for a while"),
        "EMSGSIZE": .init(
            "a datagram is larger than the protocol or, without fragments, the path takes",
            "send less: 1,200 bytes over UDP pass nearly everywhere, 65,507 are the most for IPv4"),
        "ENAMETOOLONG": .init(
            "the path of a UNIX socket has more than 107 bytes",
            "take a shorter path, or one from the working directory"),
        "ENETDOWN": .init(
            "the interface is down",
            "look at nt interfaces; bring it up with ip link set NAME up"),
        "ENETRESET": .init(
            "keep-alive found that the peer is gone or was restarted",
            "take it as the end of the connection and connect again"),
        "ENETUNREACH": .init(
            "no route leads to that network: no default route, or IPv6 without an address of its own",
            "look at ip route and ip -6 route; try the other family"),
        "ENFILE": .init(
            "the whole system has run out of open files",
            "look at /proc/sys/fs/file-nr, find who leaks, raise fs.file-max"),
        "ENOBUFS": .init(
            "no buffer was left: the queue of an interface is full, or memory is short",
            "send more slowly and try again"),
        "ENOENT": .init(
            "for a UNIX socket: no such path; the server has not made it yet, or has removed it",
            "see that the server runs and that both sides write the same path"),
        "ENOMEM": .init(
            "the kernel found no memory for the socket",
            "close what is not needed and try again later"),
        "ENOPROTOOPT": .init(
            "this protocol has no such option",
            "look at the option's level (SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP) and at the kind of the socket"),
        "ENOTCONN": .init(
            "the socket has no peer: never connected, still connecting, or reset meanwhile",
            "connect first; keep the peer's address from accept, since a reset forgets it"),
        "ENOTSOCK": .init(
            "the descriptor is a file or a pipe, or its number belongs to something else by now",
            "look at who closes what: a stale number fails only now and then"),
        "EOPNOTSUPP": .init(
            "this kind of socket has no such call: listen or accept on a datagram socket, say",
            "open the kind that the call belongs to"),
        "EPERM": .init(
            "a firewall of this machine forbids the packet, or the call needs more rights",
            "look at nft list ruleset; a raw socket needs CAP_NET_RAW"),
        "EPFNOSUPPORT": .init(
            "the kernel does not have this family of protocols",
            "load its module, or use another family"),
        "EPIPE": .init(
            "something was sent after this side shut down, or after the peer had reset the connection",
            "take it as the end of the connection; without MSG_NOSIGNAL it comes as the signal SIGPIPE"),
        "EPROTO": .init(
            "the network reported an error on a connection that was about to be accepted",
            "accept the next one"),
        "EPROTONOSUPPORT": .init(
            "family, kind and protocol don't go together, or the kernel lacks the protocol",
            "leave the protocol 0: the system picks the one that fits"),
        "EPROTOTYPE": .init(
            "the other end is of another kind: a stream socket on a path of datagrams, say",
            "open the kind that the other side has"),
        "ESHUTDOWN": .init(
            "something was sent after the sending side had been shut down",
            "shut down only behind the last byte"),
        "ESOCKTNOSUPPORT": .init(
            "the family has no socket of this kind",
            "nt explain SOCK_STREAM SOCK_DGRAM SOCK_SEQPACKET SOCK_RDM says who has which"),
        "ETIMEDOUT": .init(
            "no answer at all: a firewall that drops, a host that is off, a wrong address",
            "see whether the address answers on any port; a closed port would have refused at once"),
    ]
}
