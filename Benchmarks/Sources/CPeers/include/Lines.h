// SPDX-License-Identifier: Apache-2.0
//
// Lines over TCP on loopback: what a C programmer would write as a server that reads them, and a load.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Counts each client's lines and their bytes, and says both behind its end: one thread, epoll, `memchr`. Returns the
/// error when waiting fails, and else never.
int peer_lines_serve(int listener);

/// Sends `lines` lines of 64 bytes with their ends over each of `connections` connections, in blocks in turns, and
/// waits until the server has said that it has read them. 0 or the error; EBADMSG for another number.
int peer_lines_run(uint16_t port, pid_t server, int connections, int lines, double *_Nonnull cpu_nanoseconds);
