// SPDX-License-Identifier: Apache-2.0
//
// What a C programmer would write for the same task: the peer that ours is measured against.
#pragma once
#include "Echo.h"
#include "Fanout.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

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
