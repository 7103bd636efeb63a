// SPDX-License-Identifier: Apache-2.0
//
// Counts what the program that links it takes from the heap, by standing in the place of malloc and its kin.
#pragma once

/// Blocks taken from the heap so far. Threads may lose a few of each other's, since counting must cost nothing.
long allocation_count(void);

/// Bytes that are taken from the heap now, by the main thread.
long heap_bytes(void);

/// From now on each SIGUSR1 has the count written to the standard output, a line each.
void tell_allocations_on_signal(void);
