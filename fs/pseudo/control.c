#include "control.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "binding.h"
#include "deliver.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "failed_text.h"
#include "file.h"
#include "kernel.h"
#include "known.h"
#include "known_lists.h"
#include "node.h"
#include "number.h"
#include "pseudo_context.h"
#include "purge.h"
#include "resolve.h"
#include "settle.h"
#include "state.h"
#include "uploads.h"

#include "banned.h"

#define LINE_MAX_BYTES 8192
#define FLUSH_MAX_MS (INT64_C(3600) * 1000)
#define LOOK_AGAIN_MS 20

/* --- Paths ------------------------------------------------------------------------------------ */

static int step(struct pseudo *pseudo, struct call *call, struct node **at, const char *name,
                struct failure *err)
{
    cleanup_lookup_result struct lookup_result f = { .drop = NULL };
    struct node *next = NULL;
    int rc = resolve(pseudo->inodes, call, *at, name, &f, err);

    if (rc == 0)
        rc = resolve_node(pseudo->inodes, *at, name, &f, 0, &next);
    if (rc < 0)
        return rc;
    node_unref(pseudo->nodes, *at);
    *at = next;
    return 0;
}

/* The node at a path within the mount, with a reference. */
static int find_path(struct pseudo *pseudo, struct call *call, char *path, struct node **out,
                     struct failure *err)
{
    struct node *at = node_get(pseudo->nodes, NODE_ROOT_INO);
    char *rest = path, *name;
    int rc = 0;

    while (rc == 0 && (name = strsep(&rest, "/")))
        if (*name && strcmp(name, ".") != 0)
            rc = step(pseudo, call, &at, name, err);
    if (rc < 0) {
        node_unref(pseudo->nodes, at);
        return rc == -ENOENT ? fail(err, rc, 0, "there is nothing at the path given") : rc;
    }
    *out = at;
    return 0;
}

/* --- Commands --------------------------------------------------------------------------------- */

static void forget(struct pseudo *pseudo, struct call *call, struct node *n)
{
    struct folder *f;
    struct target_ids b;

    if (bind_resource(pseudo->inodes, n, &b) == 0)
        known_forget_record(pseudo->remote, &b.target, true);
    else if (bind_folder(pseudo->inodes, call, n, true, &f) == 0 && f->res)
        known_forget_listing(pseudo->remote, f);
    kernel_attr_changed(pseudo->kernel, n->ino);
}

static int run_refresh(struct pseudo *pseudo, struct call *call, char *path, struct failure *err)
{
    struct node *n;
    int rc = find_path(pseudo, call, path, &n, err);

    if (rc < 0)
        return rc;
    forget(pseudo, call, n);
    node_unref(pseudo->nodes, n);
    drops_trust_lists(pseudo->drops);
    return 0;
}

static int run_flush(struct pseudo *pseudo, struct call *call, char *nothing, struct failure *err)
{
    (void)nothing;
    while (uploads_are_releasing(pseudo->uploads)) {
        int rc = call_wait(call, pseudo->clock, clock_now_ms(pseudo->clock) + LOOK_AGAIN_MS);

        if (rc == -EINTR)
            return rc;
    }
    if (!uploads_drain(pseudo->uploads, call, FLUSH_MAX_MS))
        return call_cancelled(call) ? -EINTR
                                    : fail(err, -EIO, 0,
                                           "not all could be sent, and it will be tried again: see "
                                           ".lasfs/pending and .lasfs/status");
    return state_flush(pseudo->state, err);
}

/* A name that was made for nothing, unless somebody uses it by now. */
static void forget_made(struct pseudo *pseudo, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(pseudo->drops, d);

    if (s.linked && !s.id[0] && !s.has_bytes && !s.opened)
        drops_remove(pseudo->drops, d, false);
}

/* The name that x failed under, with a reference; made if the server has nothing there. */
static int name_of_failed(struct pseudo *pseudo, struct drop *x, bool *made, struct drop **out)
{
    struct folder *f = drop_folder(pseudo->drops, x);

    *out = drops_find(pseudo->drops, f, x->name);
    *made = !*out;
    return *out ? 0 : drops_add_late(pseudo->drops, f, x->name, out);
}

/* What the kernel has been told of d is old, under all its paths. */
static void tell_kernel(struct pseudo *pseudo, const struct drop *d)
{
    uint64_t *list;
    size_t n;

    if (nodes_of_drop(pseudo->nodes, d, &list, &n) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        kernel_attr_changed(pseudo->kernel, list[i]);
    free(list);
}

/* Both are held. */
static int send_again(struct pseudo *pseudo, struct call *call, struct drop *x, struct drop *d,
                      struct failure *err)
{
    /* it may have been renamed, or removed, while this waited for it */
    bool called = drop_is_called(pseudo->drops, d, drop_folder(pseudo->drops, x), x->name);
    int rc = !called                                 ? -EBUSY
             : drop_is_outdated(pseudo->drops, x, d) ? -EEXIST
                                                     : drop_take_failed(pseudo->drops, x, d);

    if (rc == -EEXIST)
        return fail(err, rc, 0,
                    "others have put a file there since: copy it from .lasfs/failed under another "
                    "name, or remove theirs first");
    if (rc == -EBUSY)
        return fail(err, rc, 0, "something newer is under its name, or being written there");
    if (rc < 0)
        return fail(err, rc, 0, "nothing in .lasfs/failed is called so any more");
    rc = deliver_commit(pseudo->uploads, call, d, err);
    if (rc == 0)
        settle_drop(pseudo->uploads, d);
    return rc;
}

static int retry_locked(struct pseudo *pseudo, struct call *call, struct drop *x,
                        struct failure *err)
{
    cleanup_drop struct drop *d = NULL;
    bool made;
    int rc = name_of_failed(pseudo, x, &made, &d);

    if (rc == -EWOULDBLOCK)
        return fail(err, -EBUSY, 0, "something is being renamed to its name");
    if (rc < 0)
        return rc;
    rc = drop_lock_exclusive(pseudo->drops, d, call);
    if (rc == 0) {
        rc = send_again(pseudo, call, x, d, err);
        drop_unlock_exclusive(pseudo->drops, d);
        tell_kernel(pseudo, d);
    }
    if (rc < 0 && made)
        forget_made(pseudo, d);
    return rc;
}

/* Where there is no folder any more, nothing could be seen of what is sent. */
static int check_folder(struct pseudo *pseudo, struct call *call, struct drop *x,
                        struct failure *err)
{
    cleanup_free char *key = NULL;
    struct node *n;
    int rc;

    drops_lock(pseudo->drops);
    key = strdup(x->folder->key);
    drops_unlock(pseudo->drops);
    rc = key ? find_path(pseudo, call, key, &n, err) : -ENOMEM;
    if (rc == 0)
        node_unref(pseudo->nodes, n);
    return rc == -ENOENT ? fail(err, rc, 0,
                                "the folder that it was put into is gone: copy it "
                                "from .lasfs/failed to where it belongs")
                         : rc;
}

static int retry(struct pseudo *pseudo, struct call *call, struct drop *x, struct failure *err)
{
    int rc = check_folder(pseudo, call, x, err);

    if (rc == 0)
        rc = drop_lock_exclusive(pseudo->drops, x, call);
    if (rc < 0)
        return rc;
    rc = retry_locked(pseudo, call, x, err);
    drop_unlock_exclusive(pseudo->drops, x);
    return rc;
}

/* The node of a field that the resource at the path of key does not have yet, with a reference. */
static int find_new_field(struct pseudo *pseudo, struct call *call, char *key, const char *name,
                          struct node **out, struct failure *err)
{
    struct lookup_result found;
    struct node *parent;
    int rc = find_path(pseudo, call, key, &parent, err);

    if (rc < 0)
        return rc;
    rc = resolve_new_field(pseudo->inodes, parent, name, &found) < 0
             ? -ENOENT
             : resolve_node(pseudo->inodes, parent, name, &found, 0, out);
    node_unref(pseudo->nodes, parent);
    return rc;
}

/* What a field or resource.json did not take: at the path of its folder. */
static int retry_text(struct pseudo *pseudo, struct call *call, struct drop *d, struct failure *err)
{
    cleanup_free char *path = NULL, *key = NULL;
    struct node *n;
    int rc;

    drops_lock(pseudo->drops);
    path = path_join(d->folder->key, d->name);
    key = strdup(d->folder->key);
    drops_unlock(pseudo->drops);
    rc = path && key ? find_path(pseudo, call, path, &n, err) : -ENOMEM;
    if (rc == -ENOENT) /* a failed drop keeps its name */
        rc = find_new_field(pseudo, call, key, d->name, &n, err);
    if (rc < 0)
        return rc;
    rc = drop_lock_exclusive(pseudo->drops, d, call);
    if (rc == 0) {
        rc = failed_text_retry(pseudo, call, n, d, err);
        drop_unlock_exclusive(pseudo->drops, d);
    }
    node_unref(pseudo->nodes, n);
    return rc;
}

static int retry_one(struct pseudo *pseudo, struct call *call, struct drop *x, struct failure *err)
{
    bool of_folder;

    drops_lock(pseudo->drops);
    of_folder = x->folder->res != NULL;
    drops_unlock(pseudo->drops);
    return of_folder ? retry(pseudo, call, x, err) : retry_text(pseudo, call, x, err);
}

/* --- Retry of several ------------------------------------------------------------------------- */

/* Which of what has failed is retried. */
struct wanted {
    const char *pattern; /* of the name in .lasfs/failed or of the path; NULL: all */
    char *folder;        /* the key of the folder that the pattern begins with, or NULL */
    const char *within;  /* and the pattern of what is below it */
};

/* The path that x was put to, begun with '/'; NULL: it is not in .lasfs/failed any more. */
static char *path_of_failed(struct pseudo *pseudo, struct drop *x)
{
    char *path = NULL;

    drops_lock(pseudo->drops);
    if (x->linked && asprintf(&path, "/%s/%s", x->folder->key, x->name) < 0)
        path = NULL;
    drops_unlock(pseudo->drops);
    return path;
}

/* A folder's key has ids where people write names: the part without wildcards is looked up. */
static void find_wanted_folder(struct pseudo *pseudo, struct call *call, struct wanted *w)
{
    size_t plain = strcspn(w->pattern, "*?[\\");
    cleanup_free char *path = strndup(w->pattern, plain);
    char *slash = path ? strrchr(path, '/') : NULL;
    struct failure why = { 0 };
    struct folder *f;
    struct node *n;

    if (!slash)
        return;
    *slash = '\0';
    w->within = w->pattern + (slash - path) + 1;
    if (find_path(pseudo, call, path, &n, &why) < 0)
        return;
    if (bind_folder(pseudo->inodes, call, n, false, &f) == 0)
        w->folder = drops_key(pseudo->drops, f);
    node_unref(pseudo->nodes, n);
}

static bool is_wanted(const struct wanted *w, const char *name, const char *path)
{
    size_t len = w->folder ? strlen(w->folder) : 0;

    if (!w->pattern || fnmatch(w->pattern, name, 0) == 0)
        return true;
    if (fnmatch(w->pattern, *w->pattern == '/' ? path : path + 1, 0) == 0)
        return true;
    return len && strncmp(path + 1, w->folder, len) == 0 && path[1 + len] == '/' &&
           fnmatch(w->within, path + 1 + len + 1, 0) == 0;
}

static int compare_numbers(const void *a, const void *b)
{
    const struct drop *x = *(struct drop *const *)a, *y = *(struct drop *const *)b;

    return (x->failed_number > y->failed_number) - (x->failed_number < y->failed_number);
}

/* What became of several. */
struct tally {
    size_t tried, failed;
    int first; /* the error of the first that failed */
};

/* Each has its line in the error log: what the write says is about all of them. */
static void retry_wanted(struct pseudo *pseudo, struct call *call, struct drop *x,
                         const struct wanted *w, struct tally *t)
{
    cleanup_free char *path = path_of_failed(pseudo, x);
    char name[ROUTE_NAME_MAX + 1];
    struct failure why = { 0 };
    int rc;

    if (!path || resolve_spool_name(pseudo->inodes, x, NODE_FAILED_FILE, name) < 0 ||
        !is_wanted(w, name, path))
        return;
    t->tried++;
    rc = retry_one(pseudo, call, x, &why);
    if (rc == 0)
        return;
    errlog_add(pseudo->errlog, "retry", path, rc, &why);
    t->failed++;
    if (!t->first || rc == -EINTR)
        t->first = rc;
}

static int retry_several(struct pseudo *pseudo, struct call *call, const struct wanted *w,
                         struct failure *err)
{
    struct tally t = { .first = 0 };
    struct drop **list;
    size_t n;
    int rc = resolve_spool_list(pseudo->inodes, NODE_FAILED_FILE, &list, &n);

    if (rc < 0)
        return rc;
    drops_lock(pseudo->drops); /* of the numbers */
    qsort(list, n, sizeof(struct drop *), compare_numbers);
    drops_unlock(pseudo->drops);
    for (size_t i = 0; i < n; i++) {
        if (t.first != -EINTR)
            retry_wanted(pseudo, call, list[i], w, &t);
        drop_unref(list[i]);
    }
    free(list);
    if (!t.tried && w->pattern)
        return fail(err, -ENOENT, 0, "nothing in .lasfs/failed is called so");
    return t.first ? fail(err, t.first, 0, "%zu of %zu could not be delivered", t.failed, t.tried)
                   : 0;
}

static int run_retry(struct pseudo *pseudo, struct call *call, char *name, struct failure *err)
{
    cleanup_lookup_result struct lookup_result f = { .drop = NULL };
    struct wanted w = { .pattern = strcmp(name, "all") == 0 ? NULL : name };
    int rc = resolve_spool_file(pseudo->inodes, NODE_FAILED_FILE, name, &f);

    if (rc == 0)
        return retry_one(pseudo, call, f.drop, err);
    if (rc != -ENOENT)
        return rc;
    if (w.pattern)
        find_wanted_folder(pseudo, call, &w);
    rc = retry_several(pseudo, call, &w, err);
    free(w.folder);
    return rc;
}

/* --- Purge ------------------------------------------------------------------------------------ */

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

static int run_purge(struct pseudo *pseudo, struct call *call, char *path, struct failure *err)
{
    int64_t max = take_number(path);
    struct folder *f = NULL;
    struct node *n;
    int rc = find_path(pseudo, call, path, &n, err);

    if (rc < 0)
        return rc;
    rc =
        n->place.kind == NODE_COLLECTION ? bind_folder(pseudo->inodes, call, n, true, &f) : -EINVAL;
    node_unref(pseudo->nodes, n);
    if (rc < 0 || !f->filter || !(resource_can(f->res) & CAN_DELETE_MANY))
        return fail(err, -EINVAL, 0, "only the documents of a dataset or a consent can be purged");
    rc = purge_list(pseudo->uploads, call, f->res, f->filter, f->filter_value, max, err);
    known_forget_listing(pseudo->remote, f);
    return rc;
}

/* --- All of them ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool takes_text;
    int (*run)(struct pseudo *pseudo, struct call *call, char *text, struct failure *err);
} commands[] = {
    { "refresh", true, run_refresh },
    { "flush", false, run_flush },
    { "retry", true, run_retry },
    { "purge", true, run_purge },
};

static int run_line(struct pseudo *pseudo, struct call *call, char *line, struct failure *err)
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
        return commands[i].run(pseudo, call, text, err);
    }
    return fail(err, -EINVAL, 0,
                "commands are: refresh PATH, flush, retry NAME|PATTERN|all, "
                "purge PATH [N]");
}

int control_run(struct pseudo *pseudo, struct call *call, const char *text, size_t len,
                struct failure *err)
{
    cleanup_buf struct buf copy = BUF_INIT(LINE_MAX_BYTES);
    char *rest, *line;
    int rc = buf_add(&copy, text, len);

    rest = rc == 0 ? copy.data : NULL;
    while (rc == 0 && rest && (line = strsep(&rest, "\n")))
        rc = run_line(pseudo, call, line, err);
    return rc;
}
