/*
 * Which keys changed since when, as long as somebody who began earlier may ask. Bounded: when
 * there are too many to remember, or no memory, everything counts as changed. Under the
 * caller's lock.
 */
#ifndef LASFS_CHANGES_H
#define LASFS_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct change;

struct changes {
    struct change *keys; /* by key */
    size_t n;
    uint64_t now;   /* goes up with each change and each moment */
    uint64_t floor; /* everything changed at that moment */
};

/* The caller's memory; all zero is empty. */
void changes_release(struct changes *c);

/* A moment to ask about later, later than all before it. */
uint64_t changes_moment(struct changes *c);

/* key, or every key, changes now. Never fails. */
void changes_add(struct changes *c, const char *key);
void changes_add_all(struct changes *c);

/* Nobody will ask about a moment that is past. */
void changes_forget(struct changes *c);

/* Did key change after that moment? True when that is no longer known. */
bool changes_since(const struct changes *c, const char *key, uint64_t moment);

#endif
