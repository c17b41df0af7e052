#include "control.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "array.h"
#include "binding.h"
#include "deliver.h"
#include "drop_store.h"
#include "failed_text.h"
#include "file.h"
#include "known.h"
#include "number.h"
#include "purge.h"
#include "resolve.h"

#include "banned.h"

#define LINE_MAX_BYTES 8192
#define LOOK_AGAIN_MS 20

/* --- Paths ------------------------------------------------------------------------------------ */

static int step(struct fs *fs, struct call *call, struct node **at, const char *name,
                struct failure *err)
{
    cleanup_found struct found f = { .drop = NULL };
    struct node *next = NULL;
    int rc = resolve(fs, call, *at, name, &f, err);

    if (rc == 0)
        rc = resolve_node(fs, *at, name, &f, 0, &next);
    if (rc < 0)
        return rc;
    node_unref(fs->nodes, *at);
    *at = next;
    return 0;
}

/* The node at a path within the mount, with a reference. */
static int find_path(struct fs *fs, struct call *call, char *path, struct node **out,
                     struct failure *err)
{
    struct node *at = node_get(fs->nodes, NODE_ROOT_INO);
    char *rest = path, *name;
    int rc = 0;

    while (rc == 0 && (name = strsep(&rest, "/")))
        if (*name && strcmp(name, ".") != 0)
            rc = step(fs, call, &at, name, err);
    if (rc < 0) {
        node_unref(fs->nodes, at);
        return rc == -ENOENT ? fail(err, rc, 0, "there is nothing at the path given") : rc;
    }
    *out = at;
    return 0;
}

/* --- Commands --------------------------------------------------------------------------------- */

static void forget(struct fs *fs, struct call *call, struct node *n)
{
    struct fs_kernel kernel = core_kernel(fs);
    struct folder *f;
    struct bound b;

    if (bind_resource(fs, n, &b) == 0)
        known_forget_record(fs, &b.target, true);
    else if (bind_folder(fs, call, n, true, &f) == 0 && f->res)
        known_forget_listing(fs, f);
    if (kernel.attr_changed)
        kernel.attr_changed(kernel.arg, n->ino);
}

static int run_refresh(struct fs *fs, struct call *call, char *path, struct failure *err)
{
    struct node *n;
    int rc = find_path(fs, call, path, &n, err);

    if (rc < 0)
        return rc;
    forget(fs, call, n);
    node_unref(fs->nodes, n);
    drops_trust_lists(fs->drops);
    return 0;
}

static bool is_releasing(struct fs *fs)
{
    bool releasing;

    pthread_mutex_lock(&fs->lock);
    releasing = fs->releasing > 0;
    pthread_mutex_unlock(&fs->lock);
    return releasing;
}

static int run_flush(struct fs *fs, struct call *call, char *nothing, struct failure *err)
{
    (void)nothing;
    while (is_releasing(fs)) {
        int rc = call_wait(call, fs->clock, clock_now_ms(fs->clock) + LOOK_AGAIN_MS);

        if (rc == -EINTR)
            return rc;
    }
    return state_flush(fs->state, err);
}

/* It counts as just written; false: it is not one that failed any more. */
static bool take_back(struct fs *fs, struct drop *d)
{
    bool failed;

    drops_lock(fs->drops);
    failed = d->failed && d->linked && d->local;
    if (failed) {
        d->failed = false;
        d->dirty = true;
        d->broken = 0;
        d->mtime_ns = clock_realtime_ns(fs->clock);
    }
    drops_unlock(fs->drops);
    return failed;
}

static int retry(struct fs *fs, struct call *call, struct drop *d, struct failure *err)
{
    int rc = drop_lock_exclusive(fs->drops, d, call);

    if (rc < 0)
        return rc;
    if (!take_back(fs, d))
        rc = fail(err, -ENOENT, 0, "nothing in .lasfs/failed is called so any more");
    if (rc == 0)
        rc = deliver_commit(fs, call, d, err);
    if (rc == 0)
        deliver_settle(fs, d);
    drop_unlock_exclusive(fs->drops, d);
    return rc;
}

/* What a field or resource.json did not take: at the path of its folder. */
static int retry_text(struct fs *fs, struct call *call, struct drop *d, struct failure *err)
{
    cleanup_free char *path = NULL;
    struct node *n;
    int rc;

    drops_lock(fs->drops);
    path = path_join(d->folder->key, d->name);
    drops_unlock(fs->drops);
    rc = path ? find_path(fs, call, path, &n, err) : -ENOMEM;
    if (rc < 0)
        return rc;
    rc = drop_lock_exclusive(fs->drops, d, call);
    if (rc == 0) {
        rc = failed_text_retry(fs, call, n, d, err);
        drop_unlock_exclusive(fs->drops, d);
    }
    node_unref(fs->nodes, n);
    return rc;
}

static int run_retry(struct fs *fs, struct call *call, char *name, struct failure *err)
{
    cleanup_found struct found f = { .drop = NULL };
    bool of_folder;
    int rc = resolve_spool_file(fs, NODE_FAILED_FILE, name, &f);

    if (rc < 0)
        return fail(err, rc, 0, "nothing in .lasfs/failed is called so");
    drops_lock(fs->drops);
    of_folder = f.drop->folder->res != NULL;
    drops_unlock(fs->drops);
    return of_folder ? retry(fs, call, f.drop, err) : retry_text(fs, call, f.drop, err);
}

/* Takes the number at the end of a text with more before it away. */
static int64_t take_number(char *text)
{
    char *blank = strrchr(text, ' ');
    int64_t n;

    if (!blank || number_parse(blank + 1, 1, INT64_MAX, &n) < 0)
        return INT64_MAX;
    *blank = '\0';
    return n;
}

static int run_purge(struct fs *fs, struct call *call, char *path, struct failure *err)
{
    int64_t max = take_number(path);
    struct folder *f = NULL;
    struct node *n;
    int rc = find_path(fs, call, path, &n, err);

    if (rc < 0)
        return rc;
    rc = n->place.kind == NODE_COLLECTION ? bind_folder(fs, call, n, true, &f) : -EINVAL;
    node_unref(fs->nodes, n);
    if (rc < 0 || !f->filter || !(f->res->can & CAN_DELETE_MANY))
        return fail(err, -EINVAL, 0, "only the documents of a dataset or a consent can be purged");
    rc = purge_list(fs, call, f->res, f->filter, f->filter_value, max, err);
    known_forget_listing(fs, f);
    return rc;
}

/* --- All of them ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool takes_text;
    int (*run)(struct fs *fs, struct call *call, char *text, struct failure *err);
} commands[] = {
    { "refresh", true, run_refresh },
    { "flush", false, run_flush },
    { "retry", true, run_retry },
    { "purge", true, run_purge },
};

static int run_line(struct fs *fs, struct call *call, char *line, struct failure *err)
{
    char *word = line + strspn(line, " \t");
    char *text = word + strcspn(word, " \t");

    if (*text)
        *text++ = '\0';
    text += strspn(text, " \t");
    if (!*word)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(word, commands[i].name) != 0)
            continue;
        if (commands[i].takes_text != (*text != '\0'))
            break;
        return commands[i].run(fs, call, text, err);
    }
    return fail(err, -EINVAL, 0, "commands are: refresh PATH, flush, retry NAME, purge PATH [N]");
}

int control_run(struct fs *fs, struct call *call, const char *text, size_t len, struct failure *err)
{
    cleanup_buf struct buf copy = BUF_INIT(LINE_MAX_BYTES);
    char *rest, *line;
    int rc = buf_add(&copy, text, len);

    rest = rc == 0 ? copy.data : NULL;
    while (rc == 0 && rest && (line = strsep(&rest, "\n")))
        rc = run_line(fs, call, line, err);
    return rc;
}
