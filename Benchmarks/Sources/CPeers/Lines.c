// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CPeers.h"
#include "Serving.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 16384, MOST = 65536, ROOM = 65536, SIZE = 64, BLOCK = 1024 };

/// A client, and the line that has begun.
struct client {
    uint64_t lines, bytes;
    size_t count;
    char line[LINE];
};

static struct client *clients[MOST];

static void leave(int descriptor) {
    char text[64];
    struct client *client = clients[descriptor];
    int length = snprintf(text, sizeof text, "%llu %llu\n", (unsigned long long)client->lines,
        (unsigned long long)client->bytes);
    send(descriptor, text, (size_t)length, MSG_NOSIGNAL);
    close(descriptor);
    free(client);
    clients[descriptor] = NULL;
}

/// Takes a line with its end.
static void take(struct client *client, const char *line, size_t length) {
    size_t end = length > 1 && line[length - 2] == '\r' ? 2 : 1;
    client->lines++;
    client->bytes += length - end;
}

static void hear(int descriptor) {
    static char room[LINE + ROOM];
    struct client *client = clients[descriptor];
    memcpy(room, client->line, client->count);
    ssize_t got = recv(descriptor, room + client->count, ROOM, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        leave(descriptor);
        return;
    }
    char *start = room, *end;
    size_t rest = client->count + (size_t)got;
    while ((end = memchr(start, '\n', rest)) != NULL) {
        size_t length = (size_t)(end - start) + 1;
        take(client, start, length);
        start += length;
        rest -= length;
    }
    if (rest > LINE) {
        leave(descriptor);
        return;
    }
    memcpy(client->line, start, rest);
    client->count = rest;
}

static int enter(int descriptor) {
    if (descriptor >= MOST) return EMFILE;
    clients[descriptor] = calloc(1, sizeof(struct client));
    return clients[descriptor] == NULL ? ENOMEM : 0;
}

int peer_lines_serve(int listener) { return peer_serve(listener, enter, hear); }

// The load

static int check_answer(int descriptor, int lines) {
    char wanted[64], answer[64];
    size_t length = (size_t)snprintf(wanted, sizeof wanted, "%d %d\n", lines, lines * (SIZE - 2));
    if (peer_receive_all(descriptor, answer, length) != 0) return EPIPE;
    return memcmp(wanted, answer, length) == 0 ? 0 : EBADMSG;
}

int peer_lines_run(uint16_t port, pid_t server, int connections, int lines, double *cpu_nanoseconds) {
    static char block[SIZE * BLOCK];
    int *descriptors = calloc((size_t)connections, sizeof *descriptors), error = 0;
    if (descriptors == NULL) return ENOMEM;
    for (int index = 0; index < BLOCK; index++) {
        memset(block + index * SIZE, 'x', SIZE - 2);
        memcpy(block + index * SIZE + SIZE - 2, "\r\n", 2);
    }
    for (int index = 0; index < connections && error == 0; index++) {
        descriptors[index] = peer_connect(port);
        if (descriptors[index] < 0) error = -descriptors[index];
    }
    double begin = peer_cpu_nanoseconds(server);
    for (int sent = 0; sent < lines && error == 0; sent += BLOCK) {
        size_t part = (size_t)(lines - sent < BLOCK ? lines - sent : BLOCK) * SIZE;
        for (int index = 0; index < connections && error == 0; index++)
            error = peer_send_all(descriptors[index], block, part) == 0 ? 0 : EPIPE;
    }
    for (int index = 0; index < connections && error == 0; index++) {
        shutdown(descriptors[index], SHUT_WR);
        error = check_answer(descriptors[index], lines);
    }
    *cpu_nanoseconds = peer_cpu_nanoseconds(server) - begin;
    for (int index = 0; index < connections; index++)
        if (descriptors[index] > 0) close(descriptors[index]);
    free(descriptors);
    return error;
}
