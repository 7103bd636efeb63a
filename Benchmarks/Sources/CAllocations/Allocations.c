// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "Allocations.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

// glibc's own names, behind those that a program may replace.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic long taken;

static void count(void) {
    long known = atomic_load_explicit(&taken, memory_order_relaxed);
    atomic_store_explicit(&taken, known + 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *found = memalign(alignment, size);
    if (found == NULL) return ENOMEM;
    *block = found;
    return 0;
}

long allocation_count(void) { return atomic_load_explicit(&taken, memory_order_relaxed); }

long heap_bytes(void) { return (long)mallinfo2().uordblks; }

/// Only what is allowed in a handler.
static void tell(int number) {
    (void)number;
    int error = errno;
    char text[24];
    size_t begin = sizeof text;
    text[--begin] = '\n';
    long left = allocation_count();
    do text[--begin] = (char)('0' + left % 10); while ((left /= 10) > 0);
    ssize_t written = write(STDOUT_FILENO, text + begin, sizeof text - begin);
    (void)written;
    errno = error;
}

void tell_allocations_on_signal(void) {
    struct sigaction action = {.sa_handler = tell};
    sigaction(SIGUSR1, &action, NULL);
}
