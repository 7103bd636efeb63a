// SPDX-License-Identifier: Apache-2.0
//
// A chat over TCP on loopback: what one sends all others get. What a C programmer would write as the server, and a
// load.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Sends each line of a client's to all others, behind the client's number: one thread, epoll, level-triggered. Who
/// does not read is dropped. Returns the error when waiting fails, and else never.
int peer_fanout_serve(int listener);

/// What came of a load.
struct peer_fanout_result {
    /// Lines that members got.
    uint64_t deliveries;
    /// Of the server's process, kernel included, from the first line to the last.
    double cpu_nanoseconds;
};

/// Opens `members` connections, waits until the server has nothing more to say to them, and has the first one say so
/// many lines of `size` bytes with their ends, each once all others have got the one before. 0 or the error.
int peer_fanout_run(
    uint16_t port, pid_t server, int members, int lines, int size, struct peer_fanout_result *_Nonnull result);

/// A connection to a port of loopback; waits for a server that has not begun to listen. Negative: the error.
int peer_connect(uint16_t port);

/// A port of loopback that nobody has at this moment. 0 or the error.
int peer_free_port(uint16_t *_Nonnull port);
