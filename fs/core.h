/* What the files of the core share: struct fs and the parts of it. Not for others. */
#ifndef LASFS_CORE_H
#define LASFS_CORE_H

#include <pthread.h>

#include "content.h"
#include "drop.h"
#include "errlog.h"
#include "flight.h"
#include "fs.h"
#include "listing.h"
#include "meta.h"
#include "pool.h"
#include "spool.h"
#include "state.h"

struct hidden;
struct leases;
struct live_listing;
struct once;

struct fs {
    const struct options *options; /* set once, as all that follow */
    struct backend *backend;
    struct clock *clock;
    struct log *log;
    char *endpoint;
    int64_t started_ns;
    struct errlog *errlog;
    struct nodes *nodes;
    struct meta *meta;
    struct flights *flights;
    struct content_cache *content;
    struct state *state;
    struct spool *spool;
    struct drops *drops;
    struct pool *pool;
    struct filetype *filetype;
    struct leases *leases;
    pthread_mutex_t lock;
    struct live_listing *listings; /* guarded by lock, as all below */
    struct hidden *hidden;
    struct once *once;
    struct fs_kernel kernel;
    struct handle *handles; /* that are open */
    unsigned releasing;     /* of which the last close is still to be dealt with */
    struct dirhandle *dirhandles;
};

/* How long the kernel may believe what can change elsewhere: own changes under another path are
 * seen within a second. */
#define TTL_DYNAMIC_MS 1000
#define TTL_STATIC_MS 60000
#define TTL_NEGATIVE_MS 2000

#define PATH_TEXT_MAX 16384 /* of a path in a line of errors */

/* What fs_set_kernel() has set. */
struct fs_kernel core_kernel(struct fs *fs);

/* At the end of the mount: frees what nobody will release any more, and commits nothing. */
void handles_free(struct fs *fs);
void dirhandles_free(struct fs *fs);

#endif
