// SPDX-License-Identifier: Apache-2.0
//
// Every option with a name, ordered by its C name within its layer. Linux's manuals: socket(7), tcp(7), ip(7), ipv6(7),
// udp(7), unix(7).
import CSockets

// MARK: SOL_SOCKET

extension SocketOption<Bool> {
    /// Whether the socket listens; read only. C: `SO_ACCEPTCONN`.
    public static var isListening: Self { .init(SOL_SOCKET, SO_ACCEPTCONN, "SO_ACCEPTCONN") }
    /// Allows datagrams to broadcast addresses. C: `SO_BROADCAST`.
    public static var broadcast: Self { .init(SOL_SOCKET, SO_BROADCAST, "SO_BROADCAST") }
    /// Traces the protocol in the kernel; root. C: `SO_DEBUG`.
    public static var debug: Self { .init(SOL_SOCKET, SO_DEBUG, "SO_DEBUG") }
    /// Sends only to hosts on a network of this machine. C: `SO_DONTROUTE`.
    public static var dontRoute: Self { .init(SOL_SOCKET, SO_DONTROUTE, "SO_DONTROUTE") }
    /// Probes a silent peer from time to time. C: `SO_KEEPALIVE`.
    public static var keepAlive: Self { .init(SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE") }
    /// Puts urgent bytes in line with the others. C: `SO_OOBINLINE`.
    public static var outOfBandInline: Self { .init(SOL_SOCKET, SO_OOBINLINE, "SO_OOBINLINE") }
    /// Adds the sender's credentials to each message of a UNIX socket. C: `SO_PASSCRED`.
    public static var passCredentials: Self { .init(SOL_SOCKET, SO_PASSCRED, "SO_PASSCRED") }
    /// Adds the sender's security label. C: `SO_PASSSEC`.
    public static var passSecurity: Self { .init(SOL_SOCKET, SO_PASSSEC, "SO_PASSSEC") }
    /// A listener may have the address again while old connections of it linger. C: `SO_REUSEADDR`.
    public static var reuseAddress: Self { .init(SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR") }
    /// Several sockets may have the same address and share its clients. C: `SO_REUSEPORT`.
    public static var reusePort: Self { .init(SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT") }
    /// Adds the time of arrival in microseconds to each message. C: `SO_TIMESTAMP`.
    public static var timestamp: Self { .init(SOL_SOCKET, SO_TIMESTAMP, "SO_TIMESTAMP") }
    /// Adds the time of arrival in nanoseconds to each message. C: `SO_TIMESTAMPNS`.
    public static var timestampNanoseconds: Self { .init(SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS") }
    /// Adds how many datagrams were dropped before this one. C: `SO_RXQ_OVFL`.
    public static var dropCount: Self { .init(SOL_SOCKET, SO_RXQ_OVFL, "SO_RXQ_OVFL") }
}

extension SocketOption<CInt> {
    /// The family; read only. C: `SO_DOMAIN`.
    static var domain: Self { .init(SOL_SOCKET, SO_DOMAIN, "SO_DOMAIN") }
    /// The pending error, taken away by reading. C: `SO_ERROR`.
    static var error: Self { .init(SOL_SOCKET, SO_ERROR, "SO_ERROR") }
    /// The protocol; read only. C: `SO_PROTOCOL`.
    static var protocolNumber: Self { .init(SOL_SOCKET, SO_PROTOCOL, "SO_PROTOCOL") }
    /// The kind; read only. C: `SO_TYPE`.
    static var kind: Self { .init(SOL_SOCKET, SO_TYPE, "SO_TYPE") }
}

extension SocketOption<Int> {
    /// The interface that the socket is tied to, by index; 0 for none. C: `SO_BINDTOIFINDEX`.
    public static var bindToInterfaceIndex: Self { .init(SOL_SOCKET, SO_BINDTOIFINDEX, "SO_BINDTOIFINDEX") }
    /// Microseconds to poll the device for. C: `SO_BUSY_POLL`.
    public static var busyPoll: Self { .init(SOL_SOCKET, SO_BUSY_POLL, "SO_BUSY_POLL") }
    /// The processor that the last packet came by. C: `SO_INCOMING_CPU`.
    public static var incomingProcessor: Self { .init(SOL_SOCKET, SO_INCOMING_CPU, "SO_INCOMING_CPU") }
    /// The mark that firewall and routing rules see; needs rights. C: `SO_MARK`.
    public static var mark: Self { .init(SOL_SOCKET, SO_MARK, "SO_MARK") }
    /// The priority in the device's queue, 0 to 6 without rights. C: `SO_PRIORITY`.
    public static var priority: Self { .init(SOL_SOCKET, SO_PRIORITY, "SO_PRIORITY") }
    /// Bytes that the kernel keeps for this socket's reader. Linux doubles what is set. C: `SO_RCVBUF`.
    public static var receiveBuffer: Self { .init(SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF") }
    /// Bytes that must be there before the socket counts as readable. C: `SO_RCVLOWAT`.
    public static var receiveLowWater: Self { .init(SOL_SOCKET, SO_RCVLOWAT, "SO_RCVLOWAT") }
    /// Bytes that the kernel keeps of this socket's writer. Linux doubles what is set. C: `SO_SNDBUF`.
    public static var sendBuffer: Self { .init(SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF") }
    /// Always 1 on Linux; read only. C: `SO_SNDLOWAT`.
    public static var sendLowWater: Self { .init(SOL_SOCKET, SO_SNDLOWAT, "SO_SNDLOWAT") }
}

extension SocketOption<Duration> {
    /// The kernel's own limit for a blocking receive; zero for none. ``Socket/timeLimit`` is the better one. C:
    /// `SO_RCVTIMEO`.
    public static var receiveTimeout: Self { .init(SOL_SOCKET, SO_RCVTIMEO, "SO_RCVTIMEO") }
    /// The kernel's own limit for a blocking send; zero for none. C: `SO_SNDTIMEO`.
    public static var sendTimeout: Self { .init(SOL_SOCKET, SO_SNDTIMEO, "SO_SNDTIMEO") }
}

extension SocketOption<String> {
    /// The interface that the socket is tied to, by name; empty for none. C: `SO_BINDTODEVICE`.
    public static var bindToDevice: Self { .init(SOL_SOCKET, SO_BINDTODEVICE, "SO_BINDTODEVICE") }
    /// The peer's security label; read only. C: `SO_PEERSEC`.
    public static var peerSecurity: Self { .init(SOL_SOCKET, SO_PEERSEC, "SO_PEERSEC") }
}

extension SocketOption<Linger> {
    /// What closing does with bytes that are unsent. C: `SO_LINGER`.
    public static var linger: Self { .init(SOL_SOCKET, SO_LINGER, "SO_LINGER") }
}

extension SocketOption<PeerCredentials> {
    /// Who connected this UNIX socket; read only. C: `SO_PEERCRED`.
    public static var peerCredentials: Self { .init(SOL_SOCKET, SO_PEERCRED, "SO_PEERCRED") }
}

// MARK: IPPROTO_TCP

private let tcp = CInt(IPPROTO_TCP)

extension SocketOption<Bool> {
    /// Holds segments that are not full until this is off again, at most 200 ms. C: `TCP_CORK`.
    public static var cork: Self { .init(tcp, TCP_CORK, "TCP_CORK") }
    /// Connects only with the first send, so that it can carry data. C: `TCP_FASTOPEN_CONNECT`.
    public static var fastOpenConnect: Self { .init(tcp, TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT") }
    /// Sends small segments at once instead of gathering them (Nagle's algorithm off). C: `TCP_NODELAY`. RFC 9293
    /// §3.7.4.
    public static var noDelay: Self { .init(tcp, TCP_NODELAY, "TCP_NODELAY") }
    /// Acknowledges at once; the kernel may fall back by itself. C: `TCP_QUICKACK`.
    public static var quickAcknowledgement: Self { .init(tcp, TCP_QUICKACK, "TCP_QUICKACK") }
}

extension SocketOption<Int> {
    /// Seconds to wait for a client's first bytes before `accept` gets to see it. C: `TCP_DEFER_ACCEPT`.
    public static var deferAccept: Self { .init(tcp, TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT") }
    /// How many connections may wait whose opening segment carried data. C: `TCP_FASTOPEN`. RFC 7413.
    public static var fastOpen: Self { .init(tcp, TCP_FASTOPEN, "TCP_FASTOPEN") }
    /// Probes without an answer before the connection counts as broken. C: `TCP_KEEPCNT`.
    public static var keepAliveCount: Self { .init(tcp, TCP_KEEPCNT, "TCP_KEEPCNT") }
    /// Seconds of silence before the first probe. C: `TCP_KEEPIDLE`.
    public static var keepAliveIdle: Self { .init(tcp, TCP_KEEPIDLE, "TCP_KEEPIDLE") }
    /// Seconds between probes. C: `TCP_KEEPINTVL`.
    public static var keepAliveInterval: Self { .init(tcp, TCP_KEEPINTVL, "TCP_KEEPINTVL") }
    /// Seconds that an orphaned connection waits for the peer's end. C: `TCP_LINGER2`.
    public static var finalWait: Self { .init(tcp, TCP_LINGER2, "TCP_LINGER2") }
    /// The largest segment, in bytes. C: `TCP_MAXSEG`.
    public static var maximumSegment: Self { .init(tcp, TCP_MAXSEG, "TCP_MAXSEG") }
    /// Unsent bytes above which the socket does not count as writable. C: `TCP_NOTSENT_LOWAT`.
    public static var unsentLowWater: Self { .init(tcp, TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT") }
    /// How often an opening segment is sent again. C: `TCP_SYNCNT`.
    public static var openingRetries: Self { .init(tcp, TCP_SYNCNT, "TCP_SYNCNT") }
    /// Milliseconds that sent bytes may stay unacknowledged; 0 for the system's rule. C: `TCP_USER_TIMEOUT`. RFC 5482.
    public static var userTimeout: Self { .init(tcp, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT") }
    /// The largest window that is offered, in bytes. C: `TCP_WINDOW_CLAMP`.
    public static var windowClamp: Self { .init(tcp, TCP_WINDOW_CLAMP, "TCP_WINDOW_CLAMP") }
}

extension SocketOption<String> {
    /// The algorithm of congestion control, by name: `cubic`, `reno`, `bbr`. C: `TCP_CONGESTION`.
    public static var congestionControl: Self { .init(tcp, TCP_CONGESTION, "TCP_CONGESTION") }
    /// A protocol above TCP that the kernel does (`tls`). C: `TCP_ULP`.
    public static var upperProtocol: Self { .init(tcp, TCP_ULP, "TCP_ULP") }
}

extension SocketOption<TCPInfo> {
    /// What the kernel knows of the connection; read only. C: `TCP_INFO`.
    public static var tcpInfo: Self { .init(tcp, TCP_INFO, "TCP_INFO") }
}

// MARK: IPPROTO_IP

private let ip = CInt(IPPROTO_IP)

extension SocketOption<Bool> {
    /// The caller builds the IPv4 header of a raw socket. C: `IP_HDRINCL`.
    public static var headerIncluded: Self { .init(ip, IP_HDRINCL, "IP_HDRINCL") }
    /// Lets `bind` with port 0 leave the choice of a port to `connect`. C: `IP_BIND_ADDRESS_NO_PORT`.
    public static var bindAddressWithoutPort: Self { .init(ip, IP_BIND_ADDRESS_NO_PORT, "IP_BIND_ADDRESS_NO_PORT") }
    /// Binds to addresses that this machine does not have (yet). C: `IP_FREEBIND`.
    public static var freeBind: Self { .init(ip, IP_FREEBIND, "IP_FREEBIND") }
    /// Receives from all groups that any socket of this machine joined. C: `IP_MULTICAST_ALL`.
    public static var multicastAll: Self { .init(ip, IP_MULTICAST_ALL, "IP_MULTICAST_ALL") }
    /// Whether one's own multicast datagrams come back to this machine. C: `IP_MULTICAST_LOOP`.
    public static var multicastLoopback: Self { .init(ip, IP_MULTICAST_LOOP, "IP_MULTICAST_LOOP") }
    /// Adds interface and destination to each datagram. C: `IP_PKTINFO`.
    public static var packetInfo: Self { .init(ip, IP_PKTINFO, "IP_PKTINFO") }
    /// Queues ICMP errors with their cause. C: `IP_RECVERR`.
    public static var receiveErrors: Self { .init(ip, IP_RECVERR, "IP_RECVERR") }
    /// Adds the type of service to each datagram. C: `IP_RECVTOS`.
    public static var receiveTypeOfService: Self { .init(ip, IP_RECVTOS, "IP_RECVTOS") }
    /// Adds the time to live to each datagram. C: `IP_RECVTTL`.
    public static var receiveTimeToLive: Self { .init(ip, IP_RECVTTL, "IP_RECVTTL") }
    /// Transparent proxying; needs rights. C: `IP_TRANSPARENT`.
    public static var transparent: Self { .init(ip, IP_TRANSPARENT, "IP_TRANSPARENT") }
}

extension SocketOption<Int> {
    /// Whether and how the path's MTU is found out: 0 never, 1 as the route wants, 2 always, 3 probe. C:
    /// `IP_MTU_DISCOVER`.
    public static var pathMTUDiscovery: Self { .init(ip, IP_MTU_DISCOVER, "IP_MTU_DISCOVER") }
    /// The MTU of the path to the connected peer; read only. C: `IP_MTU`.
    public static var pathMTU: Self { .init(ip, IP_MTU, "IP_MTU") }
    /// How many routers a multicast datagram may pass; 1 at first. C: `IP_MULTICAST_TTL`.
    public static var multicastTimeToLive: Self { .init(ip, IP_MULTICAST_TTL, "IP_MULTICAST_TTL") }
    /// The byte with class and congestion bits. C: `IP_TOS`. RFC 2474.
    public static var typeOfService: Self { .init(ip, IP_TOS, "IP_TOS") }
    /// How many routers a packet may pass. C: `IP_TTL`.
    public static var timeToLive: Self { .init(ip, IP_TTL, "IP_TTL") }
}

extension SocketOption<MulticastInterface> {
    /// Which interface multicast datagrams leave by. C: `IP_MULTICAST_IF`.
    public static var multicastInterface: Self { .init(ip, IP_MULTICAST_IF, "IP_MULTICAST_IF") }
}

// MARK: IPPROTO_IPV6

private let ipv6 = CInt(IPPROTO_IPV6)

extension SocketOption<Bool> {
    /// Never fragments: a datagram that is too long is an error. C: `IPV6_DONTFRAG`.
    public static var ipv6DontFragment: Self { .init(ipv6, IPV6_DONTFRAG, "IPV6_DONTFRAG") }
    /// Whether one's own multicast datagrams come back to this machine. C: `IPV6_MULTICAST_LOOP`.
    public static var ipv6MulticastLoopback: Self { .init(ipv6, IPV6_MULTICAST_LOOP, "IPV6_MULTICAST_LOOP") }
    /// Adds the hop limit to each datagram. C: `IPV6_RECVHOPLIMIT`.
    public static var ipv6ReceiveHopLimit: Self { .init(ipv6, IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT") }
    /// Adds interface and destination to each datagram. C: `IPV6_RECVPKTINFO`.
    public static var ipv6PacketInfo: Self { .init(ipv6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO") }
    /// Adds the traffic class to each datagram. C: `IPV6_RECVTCLASS`.
    public static var ipv6ReceiveTrafficClass: Self { .init(ipv6, IPV6_RECVTCLASS, "IPV6_RECVTCLASS") }
    /// Transparent proxying; needs rights. C: `IPV6_TRANSPARENT`.
    public static var ipv6Transparent: Self { .init(ipv6, IPV6_TRANSPARENT, "IPV6_TRANSPARENT") }
    /// Serves no IPv4 clients. C: `IPV6_V6ONLY`. RFC 3493 §5.3.
    public static var ipv6Only: Self { .init(ipv6, IPV6_V6ONLY, "IPV6_V6ONLY") }
}

extension SocketOption<Int> {
    /// How many routers a multicast datagram may pass. C: `IPV6_MULTICAST_HOPS`.
    public static var ipv6MulticastHops: Self { .init(ipv6, IPV6_MULTICAST_HOPS, "IPV6_MULTICAST_HOPS") }
    /// The index of the interface that multicast datagrams leave by. C: `IPV6_MULTICAST_IF`.
    public static var ipv6MulticastInterface: Self { .init(ipv6, IPV6_MULTICAST_IF, "IPV6_MULTICAST_IF") }
    /// The traffic class of what is sent. C: `IPV6_TCLASS`.
    public static var ipv6TrafficClass: Self { .init(ipv6, IPV6_TCLASS, "IPV6_TCLASS") }
    /// How many routers a packet may pass; −1 for the system's default. C: `IPV6_UNICAST_HOPS`.
    public static var ipv6UnicastHops: Self { .init(ipv6, IPV6_UNICAST_HOPS, "IPV6_UNICAST_HOPS") }
}
