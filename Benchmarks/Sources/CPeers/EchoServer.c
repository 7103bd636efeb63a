// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "Echo.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 65536, BATCH = 512, MOST = 65536 };

/// What a client did not take yet; nearly always nothing.
struct rest {
    char *bytes;
    size_t sent, count;
};

static struct rest rests[MOST];
static char buffer[ROOM];

int peer_echo_listen(uint16_t port) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0) return -errno;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); // What it accepts inherits that.
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) {
        int error = errno;
        close(listener);
        return -error;
    }
    return listener;
}

static void watch(int epoll, int operation, int descriptor, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    epoll_ctl(epoll, operation, descriptor, &event);
}

static void drop(int descriptor) {
    free(rests[descriptor].bytes);
    memset(&rests[descriptor], 0, sizeof rests[descriptor]);
    close(descriptor);
}

/// How many bytes went; -1 when the connection is gone.
static ssize_t push(int descriptor, const char *bytes, size_t count) {
    size_t sent = 0;
    while (sent < count) {
        ssize_t step = send(descriptor, bytes + sent, count - sent, MSG_NOSIGNAL);
        if (step < 0 && errno == EAGAIN) break;
        if (step < 0) {
            drop(descriptor);
            return -1;
        }
        sent += (size_t)step;
    }
    return (ssize_t)sent;
}

static void echo(int epoll, int descriptor) {
    ssize_t count = recv(descriptor, buffer, ROOM, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        drop(descriptor);
        return;
    }
    ssize_t sent = push(descriptor, buffer, (size_t)count);
    if (sent < 0 || sent == count) return;
    struct rest rest = {.bytes = malloc((size_t)(count - sent)), .sent = 0, .count = (size_t)(count - sent)};
    if (rest.bytes == NULL) {
        drop(descriptor);
        return;
    }
    memcpy(rest.bytes, buffer + sent, rest.count);
    rests[descriptor] = rest;
    watch(epoll, EPOLL_CTL_MOD, descriptor, EPOLLOUT);
}

static void send_rest(int epoll, int descriptor) {
    struct rest *rest = &rests[descriptor];
    ssize_t sent = push(descriptor, rest->bytes + rest->sent, rest->count - rest->sent);
    if (sent < 0) return;
    rest->sent += (size_t)sent;
    if (rest->sent < rest->count) return;
    free(rest->bytes);
    memset(rest, 0, sizeof *rest);
    watch(epoll, EPOLL_CTL_MOD, descriptor, EPOLLIN);
}

int peer_echo_serve(int listener) {
    static struct epoll_event events[BATCH];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return errno;
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);
    for (;;) {
        int count = epoll_wait(epoll, events, BATCH, -1);
        if (count < 0 && errno != EINTR) return errno;
        for (int index = 0; index < count; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener) {
                int client;
                while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                    if (client >= MOST) close(client);
                    else watch(epoll, EPOLL_CTL_ADD, client, EPOLLIN);
                }
            } else if (rests[descriptor].bytes != NULL) {
                send_rest(epoll, descriptor);
            } else {
                echo(epoll, descriptor);
            }
        }
    }
}
