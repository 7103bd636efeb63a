// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "Echo.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 262144, PERIOD = 65521, BATCH = 1024 };

/// Bytes without a short period, so that a lost or doubled one shows.
static unsigned char pattern[PERIOD + ROOM];
static unsigned char buffer[ROOM];

struct client {
    int descriptor, is_ending;
    unsigned begin;
    uint64_t sent, received, goal;
};

struct run {
    const struct peer_echo_load *load;
    struct peer_echo_result *result;
    struct client *clients;
    int epoll, is_counting;
};

static double now(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double peer_cpu_nanoseconds(pid_t process) {
    clockid_t clock;
    return clock_getcpuclockid(process, &clock) == 0 ? now(clock) : 0;
}

int peer_stay_on_core(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : errno;
}

void peer_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void fill_pattern(void) {
    uint64_t state = 88172645463325252;
    for (size_t index = 0; index < sizeof pattern; index++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        pattern[index] = index < PERIOD ? (unsigned char)(state >> 32) : pattern[index - PERIOD];
    }
}

static int open_connection(uint16_t port, int flags) {
    int one = 1, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (descriptor < 0) return -errno;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

static int start(struct run *run, struct client *client) {
    client->descriptor = open_connection(run->load->port, run->load->closes ? SOCK_NONBLOCK : 0);
    if (client->descriptor < 0) return -client->descriptor;
    fcntl(client->descriptor, F_SETFL, O_NONBLOCK);
    client->sent = client->received = 0;
    client->is_ending = 0;
    client->goal = (uint64_t)run->load->size * (uint64_t)run->load->in_flight;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};
    return epoll_ctl(run->epoll, EPOLL_CTL_ADD, client->descriptor, &event) == 0 ? 0 : errno;
}

static int push(struct client *client) {
    while (client->sent < client->goal) {
        uint64_t left = client->goal - client->sent;
        size_t count = left < ROOM ? (size_t)left : ROOM;
        const unsigned char *bytes = pattern + (client->begin + client->sent) % PERIOD;
        ssize_t sent = send(client->descriptor, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN ? 0 : -1;
        client->sent += (uint64_t)sent;
    }
    return 0;
}

/// One request is done. The next one of this connection, if it stays, may go.
static void finish_request(struct run *run, struct client *client) {
    if (run->is_counting) run->result->requests++;
    if (run->load->closes) {
        client->is_ending = 1;
        shutdown(client->descriptor, SHUT_WR);
    } else {
        client->goal += (uint64_t)run->load->size;
    }
}

/// Whether the connection is as it should be: 1 it goes on, 0 it has ended, -1 it has failed.
static int pull(struct run *run, struct client *client) {
    for (;;) {
        ssize_t count = recv(client->descriptor, buffer, ROOM, 0);
        if (count < 0) return errno == EAGAIN ? 1 : -1;
        if (count == 0) return client->is_ending ? 0 : -1;
        if (client->received + (uint64_t)count > client->sent) return -1;
        if (memcmp(buffer, pattern + (client->begin + client->received) % PERIOD, (size_t)count) != 0) return -1;
        uint64_t size = (uint64_t)run->load->size, before = client->received / size;
        client->received += (uint64_t)count;
        for (uint64_t done = client->received / size - before; done > 0; done--) finish_request(run, client);
        if (push(client) != 0) return -1;
    }
}

static void happen(struct run *run, struct client *client, uint32_t events) {
    int state = (events & EPOLLERR) != 0 ? -1 : push(client);
    if (state == 0) state = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0 ? pull(run, client) : 1;
    if (state > 0) return;
    if (state < 0) run->result->errors++;
    close(client->descriptor);
    client->descriptor = -1;
    if (run->load->closes && start(run, client) != 0) run->result->errors++;
}

static void go_on(struct run *run) {
    static struct epoll_event events[BATCH];
    const struct peer_echo_load *load = run->load;
    double begin = now(CLOCK_MONOTONIC) + load->warm_up * 1e9, end = begin + load->seconds * 1e9;
    double cpu = peer_cpu_nanoseconds(load->server);
    run->is_counting = load->warm_up <= 0;
    for (;;) {
        int count = epoll_wait(run->epoll, events, BATCH, 50);
        for (int index = 0; index < count; index++) happen(run, events[index].data.ptr, events[index].events);
        double time = now(CLOCK_MONOTONIC);
        if (!run->is_counting && time >= begin) {
            run->is_counting = 1;
            cpu = peer_cpu_nanoseconds(load->server);
        }
        if (time >= end || (load->requests > 0 && run->result->requests >= load->requests)) break;
    }
    run->result->cpu_nanoseconds = peer_cpu_nanoseconds(load->server) - cpu;
}

int peer_echo_run(const struct peer_echo_load *load, struct peer_echo_result *result) {
    int error = 0;
    struct run run = {.load = load, .result = result};
    memset(result, 0, sizeof *result);
    if (pattern[0] == 0 && pattern[1] == 0) fill_pattern();
    run.clients = calloc((size_t)load->connections, sizeof *run.clients);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (run.clients == NULL || run.epoll < 0) error = errno;
    int opened = 0;
    for (; error == 0 && opened < load->connections; opened++) {
        run.clients[opened].begin = (unsigned)opened * 7919 % PERIOD;
        error = start(&run, &run.clients[opened]);
    }
    if (error == 0) go_on(&run);
    for (int index = 0; index < opened; index++) {
        if (run.clients[index].descriptor >= 0) close(run.clients[index].descriptor);
    }
    if (run.epoll >= 0) close(run.epoll);
    free(run.clients);
    return error;
}

int peer_echo_open(uint16_t port, int count, int *descriptors) {
    char bytes[64] = "hello";
    for (int index = 0; index < count; index++) {
        int descriptor = open_connection(port, 0);
        if (descriptor < 0) return -descriptor;
        descriptors[index] = descriptor;
        if (send(descriptor, bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes) return errno;
        if (recv(descriptor, bytes, sizeof bytes, MSG_WAITALL) != sizeof bytes) return errno;
    }
    return 0;
}
