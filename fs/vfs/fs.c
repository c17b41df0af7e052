/* The life of struct fs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "about.h"
#include "content.h"
#include "deliver_content.h"
#include "dirs.h"
#include "drop.h"
#include "drop_target.h"
#include "drops_reconcile.h"
#include "drops_start.h"
#include "entries.h"
#include "errlog.h"
#include "file.h"
#include "file_kinds.h"
#include "filetype.h"
#include "flight.h"
#include "fs.h"
#include "fs_context.h"
#include "heir.h"
#include "hide.h"
#include "inodes.h"
#include "kernel.h"
#include "known.h"
#include "lease.h"
#include "meta.h"
#include "once.h"
#include "open_files.h"
#include "pool.h"
#include "pseudo.h"
#include "read_ahead.h"
#include "remote.h"
#include "report.h"
#include "resolve.h"
#include "settle.h"
#include "sidecar.h"
#include "space.h"
#include "spool.h"
#include "state.h"
#include "uploads.h"
#include "waiting.h"

#include "banned.h"

/* Each waits for the server in a thread of its own, started by need: so many may hang before what
 * needs no server waits too. */
#define POOL_THREADS 512
#define STATE_WAIT_MS 10000

/* What the state could not make sense of, and has set aside. */
static void tell_notices(struct fs *fs)
{
    cleanup_free char *lines = strdup(state_notices(fs->state));
    char *rest = lines, *line;

    while (rest && (line = strsep(&rest, "\n"))) {
        struct failure why = { .text = "" };

        failure_set(&why, 0, "%s", line);
        if (*line)
            errlog_add(fs->errlog, "start", "/", 0, &why);
    }
}

static int open_state(struct fs *fs, const struct fs_config *config, struct failure *err)
{
    cleanup_free char *spool = path_join(config->state_dir, "spool");
    cleanup_free char *contents = path_join(config->cache_dir, "contents");
    int rc;

    if (!spool || !contents)
        return -ENOMEM;
    rc = state_open(config->state_dir, STATE_WAIT_MS, fs->clock, fs->log, &fs->state, err);
    if (rc == 0) {
        errlog_keep(fs->errlog, config->state_dir); /* it is this mount's alone by now */
        tell_notices(fs);
        rc = spool_new(spool, &fs->spool, err);
    }
    if (rc == 0)
        rc = drops_reconcile(fs->state, fs->spool, fs->clock, fs->errlog, err);
    if (rc == 0)
        rc = drops_new(fs->state, fs->spool, fs->clock, fs->options->scratch, &fs->drops, err);
    if (rc == 0)
        rc = content_new(contents, fs->options->content_bytes, &fs->content, err);
    return rc;
}

static int open_memory(struct fs *fs, struct failure *err)
{
    int rc = errlog_new(fs->clock, fs->log, &fs->errlog);

    if (rc == 0)
        rc = kernel_new(&fs->kernel);
    if (rc == 0)
        rc = nodes_new(&fs->nodes);
    if (rc == 0)
        rc = pool_new(POOL_THREADS, &fs->pool);
    return rc < 0 ? fail(err, rc, 0, "cannot start: %s", strerror(-rc)) : 0;
}

/* --- The rooms below, from the lowest up ------------------------------------------------------ */

static int open_remote(struct fs *fs)
{
    return remote_new(
        &(struct remote_config){
            .backend = fs->backend,
            .clock = fs->clock,
            .pool = fs->pool,
            .state = fs->state,
            .content = fs->content,
            .errlog = fs->errlog,
            .meta_ttl_ms = fs->options->meta_ttl_ms,
            .list_ttl_ms = fs->options->list_ttl_ms,
            .cache_bytes = (size_t)fs->options->cache_bytes,
            .ahead_max = (unsigned)fs->options->readahead,
            .ro = fs->options->ro,
            .nodelete = fs->options->nodelete,
        },
        &fs->remote);
}

static bool is_sending(void *arg, const char *key)
{
    struct fs *fs = arg;

    return uploads_are_sending(fs->uploads, key);
}

static bool owes_name(void *arg, const char *id)
{
    struct fs *fs = arg;

    return uploads_owe_name(fs->uploads, id);
}

static int open_inodes(struct fs *fs)
{
    return inodes_new(
        &(struct inodes_config){
            .nodes = fs->nodes,
            .drops = fs->drops,
            .remote = fs->remote,
            .clock = fs->clock,
            .errlog = fs->errlog,
            .kernel = fs->kernel,
            .log = fs->log,
            .scratch = fs->options->scratch,
            .is_sending = is_sending,
            .owes_name = owes_name,
            .arg = fs,
        },
        &fs->inodes);
}

static void renamed(void *arg, struct call *call, struct drop *d)
{
    cleanup_record struct record *r = NULL;
    struct call now = { .nowait = true };
    struct failure ignored;
    struct target_ids b;
    struct fs *fs = arg;

    if (drop_target(fs->drops, d, &b) == 0 &&
        known_record(fs->remote, &now, &b.target, &r, &ignored) == 0)
        resolve_renamed(fs->inodes, call, d, r);
}

static int open_uploads(struct fs *fs, struct failure *err)
{
    return uploads_new(
        &(struct uploads_config){
            .remote = fs->remote,
            .drops = fs->drops,
            .backend = fs->backend,
            .clock = fs->clock,
            .errlog = fs->errlog,
            .pool = fs->pool,
            .state = fs->state,
            .spool = fs->spool,
            .scratch = fs->options->scratch,
            .other = fs->options->other,
            .complete = fs->options->complete,
            .dedupe = fs->options->dedupe == DEDUPE_CONTENT,
            .ro = fs->options->ro,
            .nodelete = fs->options->nodelete,
            .writeback = fs->options->writeback,
            .settle_ms = fs->options->settle_ms,
            .timeout_ms = fs->options->timeout_ms,
            .unsure_ms = fs->options->unsure_ms,
            .workers = (unsigned)fs->options->workers,
            .renamed = renamed,
            .arg = fs,
        },
        &fs->uploads, err);
}

static int open_pseudo(struct fs *fs, const char *endpoint)
{
    return pseudo_new(
        &(struct pseudo_config){
            .inodes = fs->inodes,
            .nodes = fs->nodes,
            .uploads = fs->uploads,
            .remote = fs->remote,
            .drops = fs->drops,
            .backend = fs->backend,
            .content = fs->content,
            .state = fs->state,
            .clock = fs->clock,
            .errlog = fs->errlog,
            .kernel = fs->kernel,
            .operations = &fs->operations,
            .endpoint = endpoint,
            .started_ns = fs->started_ns,
            .ro = fs->options->ro,
        },
        &fs->pseudo);
}

static int open_dirs(struct fs *fs)
{
    return dirs_new(
        &(struct dirs_config){
            .pseudo = fs->pseudo,
            .inodes = fs->inodes,
            .nodes = fs->nodes,
            .remote = fs->remote,
            .drops = fs->drops,
            .errlog = fs->errlog,
            .started_ns = fs->started_ns,
            .list = fs->options->list,
            .uid = fs->options->uid,
            .gid = fs->options->gid,
            .umask = fs->options->umask,
            .allow_other = fs->options->allow_other,
        },
        &fs->dirs);
}

static int open_files(struct fs *fs)
{
    return files_new(
        &(struct files_config){
            .pseudo = fs->pseudo,
            .inodes = fs->inodes,
            .nodes = fs->nodes,
            .uploads = fs->uploads,
            .remote = fs->remote,
            .drops = fs->drops,
            .spool = fs->spool,
            .clock = fs->clock,
            .errlog = fs->errlog,
            .kernel = fs->kernel,
            .scratch = fs->options->scratch,
            .ro = fs->options->ro,
        },
        &fs->files);
}

static int open_rooms(struct fs *fs, const char *endpoint, struct failure *err)
{
    int rc = open_remote(fs);

    if (rc == 0)
        rc = open_inodes(fs);
    if (rc == 0)
        rc = open_uploads(fs, err);
    if (rc == 0)
        rc = open_pseudo(fs, endpoint);
    if (rc == 0)
        rc = open_dirs(fs);
    return rc < 0 ? rc : open_files(fs);
}

int fs_new(const struct fs_config *config, struct fs **out, struct failure *err)
{
    struct fs *fs = calloc(1, sizeof(*fs));
    int rc;

    if (!fs)
        return -ENOMEM;
    fs->options = config->options;
    fs->backend = config->backend;
    fs->clock = config->clock;
    fs->log = config->log;
    fs->started_ns = clock_realtime_ns(fs->clock);
    rc = open_memory(fs, err);
    if (rc == 0)
        rc = open_state(fs, config, err);
    if (rc == 0)
        rc = open_rooms(fs, config->endpoint, err);
    if (rc < 0) {
        fs_free(fs);
        return rc;
    }
    *out = fs;
    return 0;
}

void fs_end_reading(struct fs *fs)
{
    read_ahead_stop(fs->remote);
}

void fs_stop(struct fs *fs, struct call *call, int64_t timeout_ms)
{
    if (!fs || !fs->pool)
        return;
    if (fs->uploads && !(call && call_cancelled(call)))
        uploads_drain(fs->uploads, call, timeout_ms);
    remote_stop(fs->remote);
    uploads_stop(fs->uploads);
    if (!pool_drain(fs->pool, timeout_ms))
        backend_stop(fs->backend);
    pool_free(fs->pool);
    fs->pool = NULL;
}

void fs_free(struct fs *fs)
{
    if (!fs)
        return;
    fs_stop(fs, NULL, 0);
    files_free(fs->files);
    dirs_free(fs->dirs);
    if (fs->uploads)
        settle_all(fs->uploads);
    pseudo_free(fs->pseudo);
    uploads_free(fs->uploads);
    inodes_free(fs->inodes);
    nodes_free(fs->nodes);
    remote_free(fs->remote);
    drops_free(fs->drops);
    spool_free(fs->spool);
    content_free(fs->content);
    kernel_free(fs->kernel);
    errlog_free(fs->errlog); /* its file too is only this mount's until the state is closed */
    state_close(fs->state);
    free(fs);
}

void fs_set_kernel(struct fs *fs, const struct fs_kernel *kernel)
{
    kernel_set(fs->kernel, kernel);
}

void fs_report(struct fs *fs, const char *operation, uint64_t ino, const char *name, int rc,
               const struct failure *err)
{
    report_failure(fs->inodes, operation, ino, name, rc, err);
}

void fs_report_rename(struct fs *fs, uint64_t ino, const char *name, uint64_t to_ino,
                      const char *to_name, int rc, const struct failure *err)
{
    report_rename(fs->inodes, ino, name, to_ino, to_name, rc, err);
}

struct pool *fs_pool(struct fs *fs)
{
    return fs->pool;
}

struct operations *fs_operations(struct fs *fs)
{
    return &fs->operations;
}

struct nodes *fs_nodes(struct fs *fs)
{
    return fs->nodes;
}

int fs_files(struct fs *fs, size_t *pending, size_t *failed)
{
    return about_files(fs->pseudo, pending, failed);
}
