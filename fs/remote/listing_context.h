/* What the files of a listing share. */
#ifndef LASFS_LISTING_CONTEXT_H
#define LASFS_LISTING_CONTEXT_H

#include "listing.h"

#include "lock.h"
#include "paging.h"

struct id_order;
struct title_order;

#define LISTING_KEY_MAX 64

struct listing {
    atomic_uint refs;
    struct listing_config config; /* set once */
    const struct resource *res;   /* set once, as the next three */
    char *parent, *value;
    const char *filter;
    int64_t began_ms;          /* set once */
    char key[LISTING_KEY_MAX]; /* set once: of its flights */
    struct lock lock;
    struct record **rows; /* guarded by lock, as all below */
    size_t n, cap;
    uint32_t *index;   /* open addressing: row number + 1, 0 free */
    size_t index_size; /* a power of two, more than 1.5 n */
    char *next_token;
    struct paging paging;
    size_t bytes; /* of the records that pages have brought */
    size_t added; /* rows that none has */
    unsigned pages;
    bool complete;
    bool reading_ahead;
    int64_t fresh_ms;
    char **removed; /* while pages may still bring them back */
    size_t n_removed;
    struct name_index *names[2];  /* of the rows as they are, without titles and with, or NULL */
    struct id_order *by_id;       /* of the rows as they were when somebody asked first, or NULL */
    struct title_order *by_title; /* likewise */
};

/* The row of this id, in *slot of the index; NULL: *slot is where it would be. There is an index. The lock is
 * held, as for the next. */
size_t *listing_slot_locked(struct listing *l, const char *id, size_t *slot);

/* Behind the others, or in the place of the one of this id. 0, -ENOMEM. */
int listing_append_locked(struct listing *l, struct record *r, const char *id);

/* As list_filter_check(), of this row. -ESTALE: only the server can tell. No lock is held. */
int listing_holds(struct listing *l, const struct record *r);

#endif
