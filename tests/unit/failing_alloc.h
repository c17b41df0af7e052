/*
 * Makes the nth allocation fail. For one test program, linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup
 */
#ifndef LASFS_FAILING_ALLOC_H
#define LASFS_FAILING_ALLOC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_long allocations_left = -1; /* until one fails; negative: none does */
static atomic_bool allocations_of_one;    /* of one thread alone, in which allocations_here is */
static _Thread_local bool allocations_here;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *text);

/* The next n allocations succeed, the one after them fails, and all later ones succeed. */
static inline void fail_allocation(long n)
{
    atomic_store(&allocations_left, n);
}

/* The same of this thread: what the others take, a server beside it, succeeds. For good. */
static inline void fail_allocation_here(long n)
{
    allocations_here = true;
    atomic_store(&allocations_of_one, true);
    fail_allocation(n);
}

/* True when the one that should fail was never reached. No allocation fails from now on. */
static inline int fail_allocation_unreached(void)
{
    return atomic_exchange(&allocations_left, -1) >= 0;
}

static int allocation_fails(void)
{
    if (atomic_load(&allocations_of_one) && !allocations_here)
        return false;
    return atomic_load(&allocations_left) >= 0 && atomic_fetch_sub(&allocations_left, 1) == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = allocation_fails() ? NULL : __real_malloc(bytes);

    return copy ? memcpy(copy, text, bytes) : NULL;
}

#endif
