// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "Fanout.h"
#include "Echo.h"
#include "Serving.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 16384, BATCH = 512, MOST = 65536, ROOM = 65536 };

/// Who is there, and the line that has begun.
struct member {
    int descriptor;
    size_t count;
    char *line;
};

static struct member members[MOST];
static int member_count;
static int place_of[MOST];

static void leave(int descriptor) {
    int place = place_of[descriptor];
    free(members[place].line);
    members[place] = members[--member_count];
    place_of[members[place].descriptor] = place;
    close(descriptor);
}

static int enter(int descriptor) {
    struct member member = {.descriptor = descriptor, .line = malloc(LINE)};
    if (member.line == NULL || descriptor >= MOST) return ENOMEM;
    place_of[descriptor] = member_count;
    members[member_count++] = member;
    return 0;
}

static void say(int author, const char *line, size_t count) {
    static char text[LINE + 32];
    int head = snprintf(text, 32, "<guest%d> ", author);
    memcpy(text + head, line, count);
    size_t length = (size_t)head + count;
    for (int place = 0; place < member_count; place++) {
        int descriptor = members[place].descriptor;
        if (descriptor == author) continue;
        ssize_t sent = send(descriptor, text, length, MSG_NOSIGNAL);
        if (sent != (ssize_t)length) leave(descriptor);
    }
}

static void hear(int descriptor) {
    struct member *member = &members[place_of[descriptor]];
    ssize_t got = recv(descriptor, member->line + member->count, LINE - member->count, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        leave(descriptor);
        return;
    }
    member->count += (size_t)got;
    char *start = member->line, *end;
    size_t rest = member->count;
    while ((end = memchr(start, '\n', rest)) != NULL) {
        size_t length = (size_t)(end - start) + 1;
        say(descriptor, start, length);
        start += length;
        rest -= length;
    }
    if (rest == LINE) {
        leave(descriptor);
        return;
    }
    memmove(member->line, start, rest);
    member->count = rest;
}

int peer_fanout_serve(int listener) { return peer_serve(listener, enter, hear); }

// The load

/// Receives what is there for members, up to `wanted` bytes of text in all; what came before the time was up.
static uint64_t collect(int epoll, uint64_t wanted, int patience) {
    static struct epoll_event events[BATCH];
    static char buffer[ROOM];
    uint64_t got = 0;
    while (got < wanted) {
        int count = epoll_wait(epoll, events, BATCH, patience);
        if (count == 0) return got;
        for (int index = 0; index < count; index++) {
            ssize_t step = recv(events[index].data.fd, buffer, ROOM, MSG_DONTWAIT);
            if (step > 0) got += (uint64_t)step;
            if (step == 0) return got;
        }
    }
    return got;
}

static int connect_once(uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (descriptor < 0) return -errno;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

int peer_connect(uint16_t port) {
    int descriptor = connect_once(port);
    // The server may not have begun to listen.
    for (int attempt = 0; descriptor == -ECONNREFUSED && attempt < 1000; attempt++) {
        usleep(5000);
        descriptor = connect_once(port);
    }
    return descriptor;
}

static int connect_all(int epoll, uint16_t port, int count, int *descriptors) {
    for (int index = 0; index < count; index++) {
        int descriptor = peer_connect(port);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
        if (descriptor < 0) return -descriptor;
        descriptors[index] = descriptor;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptors[index], &event) != 0) return errno;
        // The notices of so many would fill the sockets.
        if (index % 50 == 0) collect(epoll, UINT64_MAX, 0);
    }
    collect(epoll, UINT64_MAX, 300);
    return 0;
}

int peer_fanout_run(
    uint16_t port, pid_t server, int count, int lines, int size, struct peer_fanout_result *result) {
    int epoll = epoll_create1(EPOLL_CLOEXEC), error = 0;
    int *descriptors = calloc((size_t)count, sizeof *descriptors);
    char *line = malloc((size_t)size);
    if (epoll < 0 || descriptors == NULL || line == NULL) return ENOMEM;
    error = connect_all(epoll, port, count, descriptors);
    memset(line, 'x', (size_t)size);
    memcpy(line + size - 2, "\r\n", 2);
    uint64_t once = 0;
    double begin = 0;
    for (int number = -1; number < lines && error == 0; number++) {
        // The first one tells how many bytes a line has for whoever gets it.
        if (number == 0) begin = peer_cpu_nanoseconds(server);
        if (send(descriptors[0], line, (size_t)size, MSG_NOSIGNAL) != size) error = EPIPE;
        uint64_t got = collect(epoll, number < 0 ? UINT64_MAX : once, number < 0 ? 300 : 5000);
        if (number < 0) once = got;
        if (got < (uint64_t)size * (uint64_t)(count - 1) || got != once) error = EBADMSG;
    }
    result->cpu_nanoseconds = peer_cpu_nanoseconds(server) - begin;
    result->deliveries = (uint64_t)lines * (uint64_t)(count - 1);
    for (int index = 0; index < count; index++) close(descriptors[index]);
    free(descriptors);
    free(line);
    close(epoll);
    return error;
}

int peer_free_port(uint16_t *port) {
    int listener = peer_echo_listen(0);
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (listener < 0) return -listener;
    int error = getsockname(listener, (struct sockaddr *)&address, &length) == 0 ? 0 : errno;
    close(listener);
    *port = ntohs(address.sin_port);
    return error;
}
