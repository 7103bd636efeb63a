// SPDX-License-Identifier: Apache-2.0

/// The system calls of this package, by name: what a fault plan can force and what an error table lists.
package enum SystemCall: String, CaseIterable, Sendable {
    // Sockets
    case socket, socketpair, bind, listen, accept4, connect, getsockname, getpeername, getsockopt, setsockopt, shutdown
    // Transfer
    case recv, send, recvfrom, sendto, recvmsg, sendmsg, recvmmsg, sendmmsg, sendfile, read, write, preadv2
    // Waiting
    case select, poll, epollCreate, epollControl, epollWait, eventfd
    // Descriptors and files
    case close, dup, fcntl, flock, ioctl, openat2, openat, fstat, readlink, symlink, rename, unlink, linkat, getdents,
        mkdirat, fsync, fchmodat, faccessat
    // Processes and signals
    case pipe, fork, spawn, exec, waitid, pidfdOpen, pidfdSendSignal, kill, signalfd, sigmask, sigaction, getrlimit,
        setrlimit
    // Terminals
    case tcgetattr, tcsetattr
    // Names and interfaces
    case getaddrinfo, getnameinfo, gethostbyname, gethostbyaddr, getservent, getprotoent, gethostname, sethostname,
        getifaddrs
    // Text
    case iconvOpen, iconv
}
