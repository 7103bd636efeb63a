// SPDX-License-Identifier: Apache-2.0
//
// What a C programmer would write for the same task: the peer that ours is measured against.
#pragma once
#include "Echo.h"
#include "Fanout.h"
#include "Lines.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <netinet/in.h>
#include <unistd.h>

/// Sends and receives a whole message, again after signals; -1 for an error or the end.
static inline int peer_send_all(int descriptor, const char *_Nonnull bytes, size_t count) {
    size_t sent = 0;
    while (sent < count) {
        ssize_t step = send(descriptor, bytes + sent, count - sent, MSG_NOSIGNAL);
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) return -1;
        sent += (size_t)step;
    }
    return 0;
}

static inline int peer_receive_all(int descriptor, char *_Nonnull bytes, size_t count) {
    size_t received = 0;
    while (received < count) {
        ssize_t step = recv(descriptor, bytes + received, count - received, 0);
        if (step < 0 && errno == EINTR) continue;
        if (step <= 0) return -1;
        received += (size_t)step;
    }
    return 0;
}

/// `count` messages of 64 bytes there and back between two ends that one thread holds.
static inline int peer_ping_pong(int client, int server, int count) {
    char ping[64] = "ping", pong[64];
    for (int round = 0; round < count; round++) {
        if (peer_send_all(client, ping, sizeof ping) != 0 || peer_receive_all(server, pong, sizeof pong) != 0 ||
            peer_send_all(server, pong, sizeof pong) != 0 || peer_receive_all(client, ping, sizeof ping) != 0) {
            return -1;
        }
    }
    return 0;
}

/// Cuts a stream that arrives in pieces of `piece` bytes into lines, with one buffer: what is unfinished moves to its
/// front. `limit` is the longest line, without its end. Returns the bytes of all lines, ends not counted, which go to
/// `lines` as a count; -1 for a line over the limit.
static inline ptrdiff_t peer_split_lines(const char *_Nonnull stream, size_t size, size_t piece, size_t limit,
                                         char *_Nonnull buffer, size_t *_Nonnull lines) {
    size_t held = 0, searched = 0, total = 0;
    for (size_t at = 0; at < size; at += piece) {
        size_t arrived = size - at < piece ? size - at : piece;
        memcpy(buffer + held, stream + at, arrived);
        held += arrived;
        size_t start = 0;
        char *newline;
        while ((newline = memchr(buffer + start + searched, '\n', held - start - searched)) != NULL) {
            size_t length = (size_t)(newline - buffer) - start;
            size_t next = start + length + 1;
            if (length > 0 && newline[-1] == '\r') length--;
            if (length > limit) return -1;
            total += length;
            (*lines)++;
            start = next;
            searched = 0;
        }
        held -= start;
        searched = held;
        if (held > limit + 1) return -1;
        memmove(buffer, buffer + start, held);
    }
    return (ptrdiff_t)total;
}

/// As many datagrams as one call takes.
enum { PEER_BATCH = 32, PEER_ROOM = 2048 };

/// What recvmmsg(2) and sendmmsg(2) take: struct mmsghdr is declared for _GNU_SOURCE only.
struct peer_message {
    struct msghdr header;
    unsigned length;
};

/// Buffers for a batch, set up once.
struct peer_batch {
    struct peer_message messages[PEER_BATCH];
    struct iovec vectors[PEER_BATCH];
    struct sockaddr_in names[PEER_BATCH];
    char bytes[PEER_BATCH][PEER_ROOM];
};

/// Receives what waits; how many, 0 for none, -1 for an error.
static inline int peer_receive_batch(int descriptor, struct peer_batch *_Nonnull batch, int wants_names) {
    for (int i = 0; i < PEER_BATCH; i++) {
        struct msghdr *header = &batch->messages[i].header;
        batch->vectors[i].iov_base = batch->bytes[i];
        batch->vectors[i].iov_len = PEER_ROOM;
        header->msg_iov = &batch->vectors[i];
        header->msg_iovlen = 1;
        header->msg_name = wants_names ? &batch->names[i] : NULL;
        header->msg_namelen = wants_names ? sizeof batch->names[i] : 0;
    }
    for (;;) {
        long count = syscall(SYS_recvmmsg, descriptor, batch->messages, PEER_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
        if (count < 0 && errno == EINTR) continue;
        return count < 0 && errno == EAGAIN ? 0 : (int)count;
    }
}

/// Sends the first `count` of a batch as they stand, all of them; -1 for an error.
static inline int peer_send_batch(int descriptor, struct peer_batch *_Nonnull batch, int count) {
    for (int sent = 0; sent < count;) {
        long step = syscall(SYS_sendmmsg, descriptor, batch->messages + sent, count - sent, MSG_NOSIGNAL);
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) return -1;
        sent += (int)step;
    }
    return 0;
}

/// `rounds` batches of datagrams of `length` bytes from a client to a server and back, in one thread; -1 when any of
/// them is lost.
static inline int peer_datagrams(int client, int server, int rounds, size_t length) {
    static struct peer_batch asked, served;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < PEER_BATCH; i++) {
            asked.vectors[i] = (struct iovec){.iov_base = asked.bytes[i], .iov_len = length};
            asked.messages[i].header = (struct msghdr){.msg_iov = &asked.vectors[i], .msg_iovlen = 1};
        }
        if (peer_send_batch(client, &asked, PEER_BATCH) != 0) return -1;
        for (int answered = 0; answered < PEER_BATCH;) {
            int count = peer_receive_batch(server, &served, 1);
            if (count <= 0) return -1;
            for (int i = 0; i < count; i++) served.vectors[i].iov_len = served.messages[i].length;
            if (peer_send_batch(server, &served, count) != 0) return -1;
            answered += count;
        }
        for (int received = 0; received < PEER_BATCH;) {
            int count = peer_receive_batch(client, &asked, 0);
            if (count <= 0) return -1;
            received += count;
        }
    }
    return 0;
}
