// SPDX-License-Identifier: Apache-2.0
//
// The loop of a server with one epoll, level-triggered, that reads from whoever has something to say. A header, so that
// the compiler puts what is done for each client into it.
#pragma once
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_EVENTS = 512 };

/// Serves what comes: `enter` is told of a client, and 0 keeps it; `hear` when one has something to say, and closes it
/// when it is over. Returns the error when waiting fails, and else never.
static inline int peer_serve(int listener, int (*enter)(int client), void (*hear)(int client)) {
    static struct epoll_event events[PEER_EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) return errno;
    for (;;) {
        int count = epoll_wait(epoll, events, PEER_EVENTS, -1);
        if (count < 0 && errno != EINTR) return errno;
        for (int index = 0; index < count; index++) {
            int descriptor = events[index].data.fd, client;
            if (descriptor != listener) {
                hear(descriptor);
                continue;
            }
            while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                event.data.fd = client;
                if (enter(client) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event) != 0) close(client);
            }
        }
    }
}
