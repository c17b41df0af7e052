/*
 * Which files the content cache has, by id and by use. Under the caller's lock; no I/O.
 */
#ifndef LASFS_CONTENT_INDEX_H
#define LASFS_CONTENT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "content_name.h"
#include "hash.h"

/* One file. */
struct held {
    UT_hash_handle hh;
    struct held *newer, *older; /* by use */
    struct held *next_gone;
    struct content_name name; /* set once */
    struct timespec used;     /* set once: when it was used last before the start */
    bool checked;             /* its bytes are those of the name */
    bool opened;              /* somebody has had it since it came here */
    bool ahead;               /* it came before anybody asked, and nobody has since */
};

/* All zero is empty. */
struct content_index {
    struct held *by_id;
    struct held *newest, *oldest;
    size_t entries;
    int64_t bytes; /* of disk */
    uint64_t vain; /* so many were removed while they were ahead */
};

/* What a file of that size takes of the disk. */
int64_t content_cost(int64_t size);

struct held *content_index_find(const struct content_index *x, const char *id);

/* No other one has its id; it is the newest. 0: it is the index's; -ENOMEM. */
int content_index_add(struct content_index *x, struct held *h);

/* Takes it out and puts it onto *gone, the caller's. */
void content_index_remove(struct content_index *x, struct held *h, struct held **gone);

/* Makes it the newest. */
void content_index_use(struct content_index *x, struct held *h);

/* Puts all in the order of their times. */
void content_index_sort(struct content_index *x);

/* Frees all of them; the caller's memory. */
void content_index_release(struct content_index *x);

#endif
