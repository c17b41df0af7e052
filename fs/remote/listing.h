/*
 * One list of the API, loaded page by page as somebody asks for rows, shared by all who look at
 * it, and kept up to date with what is changed through this mount. Rows keep their numbers: what
 * was removed is a gap. Any thread.
 */
#ifndef LASFS_LISTING_H
#define LASFS_LISTING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "flight.h"
#include "name_index.h"
#include "pool.h"

struct listing;

struct listing_config {
    struct backend *backend;
    struct flights *flights;
    struct pool *pool; /* for reading ahead; NULL: none */
    struct clock *clock;
    atomic_uint *page_size; /* of page_fetch() */
    /* Called once, by who has loaded the last page, with no lock held. NULL: not. */
    void (*completed)(void *arg, struct listing *l, const struct resource *res);
    /* What is known of this resource and newer than row, as a page has it, with a reference; NULL: nothing. No
     * lock is held. NULL: not. */
    struct record *(*newer)(void *arg, const struct target *list, const struct record *row);
    void *arg;
};

/*
 * parent: the id above, or NULL. filter, value: the list's filter, or NULL. Nothing is loaded
 * yet. Strings are copied. 0, -ENOMEM.
 */
int listing_new(const struct listing_config *config, const struct resource *res, const char *parent,
                const char *filter, const char *value, struct listing **out);
struct listing *listing_ref(struct listing *l);
void listing_unref(struct listing *l); /* NULL is fine */
#define cleanup_listing CLEANUP(listing_unref_p)
static inline void listing_unref_p(struct listing **l)
{
    listing_unref(*l);
}

/* The i-th row with a reference (NULL: a gap); loads pages until it is there. 0, 1 behind the
 * last row, -EWOULDBLOCK, what backend_list() gives. */
int listing_row(struct listing *l, struct call *call, size_t i, struct record **out,
                struct failure *err);

/* Loads all pages. */
int listing_complete(struct listing *l, struct call *call, struct failure *err);

/* The names of all rows (name_index_new()), with a reference; loads all pages. It is made again only
 * after the list has changed. */
int listing_names(struct listing *l, struct call *call, bool titles, struct name_index **out,
                  struct failure *err);

/* By id, among what is loaded. 0 with a reference, -ENOENT it is surely not in the list, -EAGAIN
 * not known. out may be NULL. */
int listing_find(struct listing *l, const char *id, struct record **out);

/* Its rows as the list has them, and in the order of their ids, and of their titles; these when it is
 * complete, and not too long (id_order.h, title_order.h). */
enum listing_order { LISTING_ROWS, LISTING_IDS, LISTING_TITLES };

/* Where it stands in that order, -1: it does not, as far as is known. What stands there, with a reference;
 * NULL: nothing that is known. Neither loads anything. */
int64_t listing_place(struct listing *l, enum listing_order order, const char *id);
struct record *listing_at(struct listing *l, enum listing_order order, int64_t place);

/* This resource is now so: it is put in, replaced, or taken out, as the list's filter says. 0; -EIO
 * it has no id, -ENOMEM, -ESTALE only the server can tell whether it is in it: the list is as it was. */
int listing_apply(struct listing *l, struct record *r);
void listing_remove(struct listing *l, const char *id);

/* Is it a list of these, whatever its filter? parent may be NULL. */
bool listing_is_of(const struct listing *l, const struct resource *res, const char *parent);
bool listing_is_complete(struct listing *l);
/* When the last page came (monotonic), or it was made. */
int64_t listing_fresh_ms(struct listing *l);
/* Before the first page was asked for (monotonic): it may lack what was made after. */
int64_t listing_began_ms(const struct listing *l);
/* How many rows there are, gaps included. */
size_t listing_rows(struct listing *l);

#endif
