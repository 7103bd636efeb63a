// SPDX-License-Identifier: Apache-2.0
//
// Echo over TCP on loopback: what a C programmer would write as the server, and a load that checks every byte.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Echoes whatever arrives at a listening, non-blocking descriptor: one thread, epoll, level-triggered, one buffer of
/// 64 KiB. A client that does not read is not read from either. Returns the error when waiting fails, and else never.
int peer_echo_serve(int listener);

/// A socket that listens on loopback, non-blocking, without Nagle's algorithm; minus the error.
int peer_echo_listen(uint16_t port);

/// What to do to a server.
struct peer_echo_load {
    /// Where it listens, and its process, whose CPU time counts.
    uint16_t port;
    pid_t server;
    /// How many connections at a time, of how many bytes a message, how many messages under way on each.
    int connections, size, in_flight;
    /// Whether each connection carries one message and is closed.
    int closes;
    /// How many requests; 0 for as many as go into the time.
    uint64_t requests;
    double seconds, warm_up;
};

/// What came of it.
struct peer_echo_result {
    uint64_t requests, errors;
    /// Of the server's process, kernel included.
    double cpu_nanoseconds;
};

/// Loads a server until the time is over or the requests are done: each answer is compared and brings the next request.
/// 0, or the error that kept it from beginning.
int peer_echo_run(const struct peer_echo_load *_Nonnull load, struct peer_echo_result *_Nonnull result);

/// Opens connections, with one round trip on each, and keeps them: `descriptors` has room for `count`. 0 or the error.
int peer_echo_open(uint16_t port, int count, int *_Nonnull descriptors);

/// Nanoseconds of CPU that a process has used, its dead threads too.
double peer_cpu_nanoseconds(pid_t process);

/// Keeps this thread and its children on one core. 0 or the error.
int peer_stay_on_core(int core);

/// Lets this process and its children have as many descriptors as they may.
void peer_raise_descriptor_limit(void);
