/*
 * uthash that survives out of memory: the only place that includes it. After HASH_ADD*, an
 * element whose hh.tbl is NULL was not added: treat that as -ENOMEM (HASH_ADDED says so).
 */
#ifndef LASFS_HASH_H
#define LASFS_HASH_H

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>

#define HASH_ADDED(element) ((element)->hh.tbl != NULL)

#endif
