/*
 * Which names in a folder of documents may belong together: those that are the same in Unicode's
 * normal form, and those of one stem. A folder has this index from the first question on, and
 * drop_links.c keeps it up: one that nobody asks about costs nothing. The drops' lock is held in
 * all of these.
 */
#ifndef LASFS_BESIDE_H
#define LASFS_BESIDE_H

#include "drop.h"

enum beside_as {
    BESIDE_NAME,    /* scan.pdf by "scan.pdf" */
    BESIDE_STEM,    /* scan.pdf by "scan" */
    BESIDE_SIDECAR, /* scan.pdf.json by "scan.pdf"; it is in neither of the others */
};
#define BESIDE_WAYS (BESIDE_SIDECAR + 1)

/* d is in its folder under its name now; d is about to leave it. */
void beside_link(struct drop *d);
void beside_unlink(struct drop *d);

/* Has f files that are called NAME.json? */
static inline bool beside_has_sidecars(const struct folder *f)
{
    return f->sidecars > 0;
}

/* Calls each with all files of f that these len bytes find in that way, until it says false. It
 * must not link or unlink. 0, -ENOMEM. */
int beside_find(struct folder *f, enum beside_as as, const char *name, size_t len,
                bool (*each)(void *arg, struct drop *d), void *arg);

void beside_free(struct beside *b); /* NULL is fine */

#endif
