// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot say by itself: variadic calls, macros that compute addresses, system calls that the C library of
// the oldest supported Debian has no wrapper for, and headers that the Glibc module leaves out.
// Declarations and `static inline` only: every line that decides something is Swift.
//
// _GNU_SOURCE stays undefined: it changes the very structs (fd_set) and pointer types (sockaddr) that other modules of
// the program import from the same headers without it. What it would have declared is declared below.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// What <sys/socket.h>, <poll.h>, <unistd.h>, <fcntl.h> declare for _GNU_SOURCE only.
int accept4(int descriptor, struct sockaddr *_Nullable address, socklen_t *_Nullable length, int flags);
int ppoll(struct pollfd *_Nullable entries, nfds_t count, const struct timespec *_Nullable timeout,
          const sigset_t *_Nullable mask);
int pipe2(int descriptors[_Nonnull 2], int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull path);
int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *_Nonnull actions, int directory);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *_Nonnull actions, int first);
ssize_t preadv2(int descriptor, const struct iovec *_Nonnull vectors, int count, off_t offset, int flags);
int renameat2(int directory, const char *_Nonnull path, int target_directory, const char *_Nonnull target,
              unsigned flags);
ssize_t getdents64(int directory, void *_Nonnull buffer, size_t length);
static const int nw_rwf_nowait = 8;           // RWF_NOWAIT
static const unsigned nw_rename_noreplace = 1;  // RENAME_NOREPLACE
static const uint64_t nw_resolve_no_magiclinks = RESOLVE_NO_MAGICLINKS;
static const uint64_t nw_resolve_no_symlinks = RESOLVE_NO_SYMLINKS;
static const uint64_t nw_resolve_beneath = RESOLVE_BENEATH;
static const uint64_t nw_resolve_cached = 0x20;  // RESOLVE_CACHED
static const int nw_o_tmpfile = __O_TMPFILE | O_DIRECTORY;
static const int nw_o_path = __O_PATH;
static const short nw_pollrdhup = 0x2000;
struct nw_credentials {
    pid_t process;
    uid_t user;
    gid_t group;
};
static const int nw_scm_credentials = 2;  // SCM_CREDENTIALS
static const int nw_scm_rights = SCM_RIGHTS;
struct nw_multicast_interface {
    uint32_t group;  // network order, like the next
    uint32_t address;
    int interface;
};
struct nw_ipv4_packet_info {
    int interface;
    uint32_t local;  // network order, like the next
    uint32_t destination;
};
struct nw_time {
    long seconds;
    long fraction;  // micro- or nanoseconds, as the call says
};
struct nw_ipv6_packet_info {
    uint32_t address[4];  // network order
    unsigned interface;
};

// What <netdb.h> declares for _GNU_SOURCE only, or in words that Swift reads as something else.
static const int nw_eai_nodata = -5;
static const int nw_eai_addrfamily = -9;
static const int nw_eai_idn_encode = -105;
static const int nw_ai_idn = 0x40;
static const int nw_ai_canonidn = 0x80;
static const int nw_ni_idn = 32;
static const int nw_ni_maxhost = 1025;
static const int nw_ni_maxserv = 32;
static const int nw_host_not_found = HOST_NOT_FOUND;
static const int nw_try_again = TRY_AGAIN;
static const int nw_no_recovery = NO_RECOVERY;
static const int nw_no_data = NO_DATA;

// Swift's own runtime: which task runs here. `withUnsafeCurrentTask` costs 118 ns, this 5.
__attribute__((swiftcall)) void *_Nullable swift_task_getCurrent(void);

// Where a job goes that no executor of ours takes: Swift's own threads, or the main actor. The runtime has a hook for
// each; these tell an observer, then do what the runtime would have done.
typedef __attribute__((swiftcall)) void (*nw_enqueue)(void *_Nonnull job);
extern __attribute__((swiftcall)) void (*_Nullable swift_task_enqueueGlobal_hook)(void *_Nonnull, nw_enqueue _Nonnull);
extern __attribute__((swiftcall)) void (*_Nullable swift_task_enqueueMainExecutor_hook)(void *_Nonnull,
                                                                                       nw_enqueue _Nonnull);
typedef void (*nw_stray_observer)(void);
// A variable of a header's own is not there for Swift; one of a function is.
static inline nw_stray_observer _Nullable *_Nonnull nw_stray_slot(void) {
    static nw_stray_observer observer;
    return &observer;
}
static inline __attribute__((swiftcall)) void nw_stray(void *_Nonnull job, nw_enqueue _Nonnull original) {
    (*nw_stray_slot())();
    original(job);
}
// Once in a process. Jobs that other threads enqueue meanwhile are seen or not.
static inline void nw_watch_strays(nw_stray_observer _Nonnull observer) {
    *nw_stray_slot() = observer;
    swift_task_enqueueGlobal_hook = nw_stray;
    swift_task_enqueueMainExecutor_hook = nw_stray;
}

// Variadic calls.
static inline int nw_fcntl(int descriptor, int command, int argument) { return fcntl(descriptor, command, argument); }
static inline int nw_ioctl(int descriptor, unsigned long request, void *_Nullable argument) {
    return ioctl(descriptor, request, argument);
}
static inline int nw_openat(int directory, const char *_Nonnull path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

// The two calls of every request, without what the C library does about pthread_cancel(3) at each of them: Swift's
// threads are never cancelled by it.
static inline ssize_t nw_recv(int descriptor, void *_Nullable bytes, size_t count, int flags) {
    return syscall(SYS_recvfrom, descriptor, bytes, count, flags, NULL, NULL);
}
static inline ssize_t nw_send(int descriptor, const void *_Nullable bytes, size_t count, int flags) {
    return syscall(SYS_sendto, descriptor, bytes, count, flags, NULL, 0);
}

// Several datagrams with one call; struct mmsghdr is for _GNU_SOURCE only.
struct nw_message {
    struct msghdr header;
    unsigned length;  // of what was received or sent
};
static inline int nw_recvmmsg(int descriptor, struct nw_message *_Nonnull messages, unsigned count, int flags) {
    return (int)syscall(SYS_recvmmsg, descriptor, messages, count, flags, NULL);
}
static inline int nw_sendmmsg(int descriptor, struct nw_message *_Nonnull messages, unsigned count, int flags) {
    return (int)syscall(SYS_sendmmsg, descriptor, messages, count, flags);
}

// System calls without a wrapper.
static inline int nw_openat2(int directory, const char *_Nonnull path, uint64_t flags, uint64_t mode,
                             uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
static inline int nw_pidfd_open(pid_t process, unsigned flags) { return (int)syscall(SYS_pidfd_open, process, flags); }
static inline int nw_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

// A variadic call, and one that <unistd.h> declares for _GNU_SOURCE only: for forked children.
static inline int nw_end_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }
static inline int nw_dup3(int source, int target, int flags) { return (int)syscall(SYS_dup3, source, target, flags); }

// The end of a process: siginfo_t is a union of unions.
static const int nw_cld_exited = CLD_EXITED;
static const int nw_cld_dumped = CLD_DUMPED;
static inline int nw_wait_process(int descriptor, int options, int *_Nonnull process, int *_Nonnull code,
                                  int *_Nonnull status) {
    siginfo_t information = {0};
    int result = waitid((idtype_t)3 /* P_PIDFD */, (id_t)descriptor, &information, options);
    *process = information.si_pid;
    *code = information.si_code;
    *status = information.si_status;
    return result;
}

// A signal that arrives at a thread which does not block it: the thread blocks it from then on, and the process is sent
// it once more, until a thread that waits for it by signalfd is the only one to have it. Async-signal-safe calls alone.
//
// A thread that sleeps with a mask of its own (sigsuspend, where the main thread of an asynchronous program spends its
// life) blocks it in vain: it is woken again at once, takes the signal from under the reader's hands, and burns a core
// until somebody reads it. So the handler stays for a while, in which nobody but a reader can have the signal.
static inline void nw_block_and_send_again(int signal, siginfo_t *_Nullable information, void *_Nonnull context) {
    int before = errno;
    (void)information;
    sigset_t *mask = &((ucontext_t *)context)->uc_sigmask;
    int isInVain = sigismember(mask, signal) == 1;
    sigaddset(mask, signal);
    kill(getpid(), signal);
    struct timespec pause = {.tv_sec = 0, .tv_nsec = isInVain ? 20000000 : 1000000};
    nanosleep(&pause, NULL);
    errno = before;
}
static inline int nw_redirect_signal(int signal) {
    struct sigaction action = {0};
    action.sa_sigaction = nw_block_and_send_again;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    return sigaction(signal, &action, NULL);
}

// errno as a function: a macro over a thread-local is not imported everywhere.
static inline int nw_errno(void) { return errno; }

// The environment, which unistd.h declares under _GNU_SOURCE alone, and which clearenv(3) makes a null pointer.
extern char *_Nullable *_Nullable environ;
static inline char *_Nullable const *_Nonnull nw_environment(void) {
    static char *_Nullable const none[1] = {NULL};
    return environ ? environ : none;
}
static inline void nw_set_errno(int error) { errno = error; }

// Ancillary data: the CMSG macros.
static inline size_t nw_cmsg_space(size_t length) { return CMSG_SPACE(length); }
static inline size_t nw_cmsg_len(size_t length) { return CMSG_LEN(length); }
static inline struct cmsghdr *_Nullable nw_cmsg_first(const struct msghdr *_Nonnull message) {
    return CMSG_FIRSTHDR(message);
}
static inline struct cmsghdr *_Nullable nw_cmsg_next(struct msghdr *_Nonnull message, struct cmsghdr *_Nonnull header) {
    return CMSG_NXTHDR(message, header);
}
static inline void *_Nonnull nw_cmsg_data(const struct cmsghdr *_Nonnull header) { return (void *)CMSG_DATA(header); }

// select(2): descriptor sets. The caller has checked 0 <= descriptor < FD_SETSIZE.
static inline void nw_fd_zero(fd_set *_Nonnull set) { FD_ZERO(set); }
static inline void nw_fd_set(int descriptor, fd_set *_Nonnull set) { FD_SET(descriptor, set); }
static inline int nw_fd_isset(int descriptor, const fd_set *_Nonnull set) { return FD_ISSET(descriptor, set); }
static const int nw_fd_setsize = FD_SETSIZE;

// Macros with casts or arithmetic.
static const unsigned long nw_fionread = FIONREAD;
static const unsigned long nw_siocoutq = TIOCOUTQ;
static const unsigned long nw_siocgifflags = SIOCGIFFLAGS;
static const unsigned long nw_siocsifflags = SIOCSIFFLAGS;
static const unsigned long nw_siocgifmtu = SIOCGIFMTU;
static const unsigned long nw_tiocgwinsz = TIOCGWINSZ;
static const unsigned long nw_tiocswinsz = TIOCSWINSZ;

static const size_t nw_sll_addr_offset = offsetof(struct sockaddr_ll, sll_addr);

// The interface request is a union of unions: name in, flags or MTU out.
static inline int nw_interface_flags(int descriptor, const char *_Nonnull name, int *_Nonnull flags) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    int result = ioctl(descriptor, SIOCGIFFLAGS, &request);
    *flags = (unsigned short)request.ifr_flags;
    return result;
}
static inline int nw_set_interface_flags(int descriptor, const char *_Nonnull name, int flags) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = (short)flags;
    return ioctl(descriptor, SIOCSIFFLAGS, &request);
}
static inline int nw_interface_mtu(int descriptor, const char *_Nonnull name, int *_Nonnull mtu) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    int result = ioctl(descriptor, SIOCGIFMTU, &request);
    *mtu = request.ifr_mtu;
    return result;
}
