/*
 * Which of a list's resources is called so: by its name in the API, by the digits that its id
 * begins with, and by all that stands behind its id's last colon. Made once of a complete list,
 * immutable, counted; any thread. No I/O.
 */
#ifndef LASFS_NAME_INDEX_H
#define LASFS_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "names.h"
#include "record.h"

struct name_index;

/* rows: n of them, NULL is a gap; each gets a reference. titles: what has no name in the API goes by what its
 * file was called (stamp_title()). 0, -ENOMEM. */
int name_index_new(const struct resource *res, struct record *const *rows, size_t n, bool titles,
                   struct name_index **out);
struct name_index *name_index_ref(struct name_index *x);
void name_index_unref(struct name_index *x); /* NULL is fine */
#define cleanup_name_index CLEANUP(name_index_unref_p)
static inline void name_index_unref_p(struct name_index **x)
{
    name_index_unref(*x);
}

/* What name stands for: how many resources, and two of them (id, other; "" where there are not so
 * many). */
struct name_matches {
    size_t count;
    char id[RESOURCE_ID_MAX + 1], other[RESOURCE_ID_MAX + 1];
};
void name_index_find(const struct name_index *x, const char *name, struct name_matches *out);

/* What tells those of one name apart: NAME~DIGITS, so many of the id's first. 0; -ENOENT: it has no name, or
 * another one of it has the same digits; -ENAMETOOLONG. */
#define NAME_INDEX_DIGITS 8
int name_index_beside(const struct name_index *x, const char *id, char out[NAMES_MAX + 1]);

/* The one of those called name whose id's digits begin so. 0, -ENOENT. */
int name_index_find_digits(const struct name_index *x, const char *name, const char *digits,
                           char id[RESOURCE_ID_MAX + 1]);

/* The resource's own name, encoded as a file name; NULL: it has none that could be one. Valid as
 * long as the index. */
const char *name_index_name(const struct name_index *x, const char *id);

/*
 * What a listing by names calls the resource of this id: its name, unless by_digits is set, or
 * name_index_find() finds something else by it, or a copy of the listing on another file system
 * could not have it (names_portable(), and none that differs in the case of letters alone); else
 * the first digits of its id, as many (8 at least) as no other begins with and nothing is called.
 * 0, -ENOENT it is not in the list.
 */
int name_index_shown(const struct name_index *x, const char *id, bool by_digits,
                     char out[NAMES_MAX + 1]);

#endif
