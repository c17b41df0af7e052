/* The life of struct fs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "deliver.h"
#include "deliver_content.h"
#include "file.h"
#include "filetype.h"
#include "hide.h"
#include "known.h"
#include "lease.h"
#include "once.h"

#include "banned.h"

/* Each waits for the server in a thread of its own, started by need: so many may hang before what
 * needs no server waits too. */
#define POOL_THREADS 512
#define STATE_WAIT_MS 10000

static int open_state(struct fs *fs, const struct fs_config *config, struct failure *err)
{
    cleanup_free char *spool = path_join(config->state_dir, "spool");
    cleanup_free char *contents = path_join(config->cache_dir, "contents");
    int rc;

    if (!spool || !contents)
        return -ENOMEM;
    rc = state_open(config->state_dir, STATE_WAIT_MS, fs->clock, fs->log, &fs->state, err);
    if (rc == 0)
        rc = spool_new(spool, &fs->spool, err);
    if (rc == 0)
        rc = drops_new(fs->state, fs->spool, fs->clock, &fs->drops, err);
    if (rc == 0)
        rc = content_new(contents, fs->options->content_bytes, &fs->content, err);
    return rc;
}

static int open_memory(struct fs *fs, struct failure *err)
{
    int rc = errlog_new(fs->clock, fs->log, &fs->errlog);

    if (rc == 0)
        rc = nodes_new(&fs->nodes);
    if (rc == 0)
        rc = meta_new(fs->clock, (size_t)fs->options->cache_bytes, &fs->meta);
    if (rc == 0)
        rc = flights_new(&fs->flights);
    if (rc == 0)
        rc = pool_new(POOL_THREADS, &fs->pool);
    if (rc == 0)
        rc = leases_new(fs, &fs->leases);
    if (rc < 0)
        return fail(err, rc, 0, "cannot start: %s", strerror(-rc));
    rc = filetype_new(&fs->filetype);
    return rc < 0 ? fail(err, rc, 0, "the database of file types cannot be read") : 0;
}

int fs_new(const struct fs_config *config, struct fs **out, struct failure *err)
{
    struct fs *fs = calloc(1, sizeof(*fs));
    int rc;

    if (!fs)
        return -ENOMEM;
    pthread_mutex_init(&fs->lock, NULL);
    fs->options = config->options;
    fs->backend = config->backend;
    fs->clock = config->clock;
    fs->log = config->log;
    fs->started_ns = clock_realtime_ns(fs->clock);
    fs->endpoint = strdup(config->endpoint);
    rc = fs->endpoint ? open_memory(fs, err) : -ENOMEM;
    if (rc == 0)
        rc = open_state(fs, config, err);
    if (rc == 0)
        rc = deliver_content_resume(fs, err);
    if (rc < 0) {
        fs_free(fs);
        return rc;
    }
    *out = fs;
    return 0;
}

void fs_stop(struct fs *fs, int64_t timeout_ms)
{
    if (!fs || !fs->pool)
        return;
    leases_stop(fs->leases);
    pool_drain(fs->pool, timeout_ms);
    pool_free(fs->pool);
    fs->pool = NULL;
}

void fs_free(struct fs *fs)
{
    if (!fs)
        return;
    fs_stop(fs, 0);
    handles_free(fs);
    dirhandles_free(fs);
    if (fs->meta)
        deliver_settle_all(fs);
    nodes_free(fs->nodes);
    leases_free(fs->leases);
    hide_release(fs);
    once_release(fs);
    known_release(fs);
    flights_free(fs->flights);
    meta_free(fs->meta);
    drops_free(fs->drops);
    spool_free(fs->spool);
    content_free(fs->content);
    state_close(fs->state);
    filetype_free(fs->filetype);
    errlog_free(fs->errlog);
    pthread_mutex_destroy(&fs->lock);
    free(fs->endpoint);
    free(fs);
}

struct pool *fs_pool(struct fs *fs)
{
    return fs->pool;
}

struct nodes *fs_nodes(struct fs *fs)
{
    return fs->nodes;
}

struct fs_kernel core_kernel(struct fs *fs)
{
    struct fs_kernel kernel;

    pthread_mutex_lock(&fs->lock);
    kernel = fs->kernel;
    pthread_mutex_unlock(&fs->lock);
    return kernel;
}

void fs_set_kernel(struct fs *fs, const struct fs_kernel *kernel)
{
    pthread_mutex_lock(&fs->lock);
    fs->kernel = kernel ? *kernel : (struct fs_kernel){ .arg = NULL };
    pthread_mutex_unlock(&fs->lock);
}

void fs_report(struct fs *fs, const char *operation, uint64_t ino, const char *name, int rc,
               const struct failure *err)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct node *n = node_get(fs->nodes, ino);

    if (n && name)
        node_child_path(fs->nodes, n, name, &path);
    else if (n)
        node_path(fs->nodes, n, &path);
    node_unref(fs->nodes, n);
    errlog_add(fs->errlog, operation, buf_str(&path), rc, err);
}
