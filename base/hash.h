/*
 * uthash (and utlist) that survives out of memory: the only place that includes it. After
 * HASH_ADD*, an element whose hh.tbl is NULL was not added: treat that as -ENOMEM (HASH_ADDED says
 * so).
 */
#ifndef LASFS_HASH_H
#define LASFS_HASH_H

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>
#include <utlist.h>

#define HASH_ADDED(element) ((element)->hh.tbl != NULL)

#include <stdint.h>

#define HASH_TEXT_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a, going on from h: the same on every machine, for numbers that are shown or kept. */
static inline uint64_t hash_text(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

#endif
