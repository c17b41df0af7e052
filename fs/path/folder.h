/*
 * A folder for files. Its key is the one canonical path of it, by ids: "documents",
 * "datasets/las:dataset:.../documents", "documents/2026-11", "documents/las:document:...".
 * All spellings of a folder have the same key. Pure.
 */
#ifndef LASFS_FOLDER_H
#define LASFS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "hash.h"
#include "target.h"

struct beside;
struct drop;

struct folder {
    char *key;                  /* guarded by the locks: "datasets/las:dataset:.../documents" */
    const struct resource *res; /* set once: what a file here becomes; NULL: nothing */
    char *parent;               /* set once: id of the resource above, NULL at the top */
    const char *filter;         /* set once: a list's filter, and what a file here is given */
    char *filter_value;         /* set once */
    char *model;                /* set once: that predicts what is put here; NULL: none */
    char *document;             /* set once: that is asked about here; NULL: none */
    bool memory;                /* set once: what is put here must never be on a disk */
    bool staging;               /* set once: it or one above has a scratch folder's name */
    bool loaded;                /* guarded by the lock, as all below */
    int64_t changed_ns;         /* when something was put in, renamed or removed; 0: not since */
    struct folder *next;        /* of those that are retired */
    struct drop *drops;         /* by name */
    struct drop *failed;        /* what could not be delivered under a name; in no listing */
    unsigned parked;            /* how many were called so here and are parked */
    unsigned sidecars;          /* beside.c: how many are called NAME.json */
    struct beside *beside;      /* beside.c: which belong together; NULL: nobody asked */
    UT_hash_handle hh;          /* by key; folders live as long as struct drops */
};

/* Is only in it what was put there, whatever its list has? */
static inline bool folder_is_closed(const struct folder *f)
{
    return f->model || f->document;
}

/* Adds "above/PARENT/res/ID", the key of a resource's own directory, to key, with the ids as they
 * are called there. 0, -ENOMEM, -EFBIG, -ENAMETOOLONG, -EINVAL. */
int folder_resource_key(const struct target *t, struct buf *key);

/* Fills res, parent, filter, filter_value, staging and memory of f by key. scratch: more patterns
 * (scratch.h), or NULL. 0, -EINVAL, -ENOMEM: nothing filled. */
int folder_describe(const char *key, const char *scratch, struct folder *f);

/* Of the key of a folder of f's list, what is below the one that has all of it; "": it is that. */
const char *folder_below(const struct folder *f, const char *key);

/* Is what stands in them in the same list of the API? */
bool folder_same_list(const struct folder *a, const struct folder *b);

#endif
