#include "shared.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doomed.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "folder.h"
#include "inodes_context.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "name_rules.h"
#include "names.h"
#include "newest.h"
#include "scratch.h"
#include "stamp.h"
#include "types.h"

#include "banned.h"

#define OVERLAP_NS (INT64_C(60) * 1000000000) /* what was made so late may come into a list later */
#define DIGITS 8

/* A folder that has all of a list, and how far one has looked. */
struct shared {
    struct shared *next;
    struct folder *root;
    int64_t listing_ms; /* of the list that was looked through last: when it was fetched, */
    size_t rows;        /* and how long it was */
    int64_t looked_ms;  /* (monotonic) at anything of it */
    int64_t newest_ns;  /* by the server's clock; 0: nothing was seen */
    bool whole;         /* all of it was seen once */
};

struct look {
    struct inodes *inodes;
    struct folder *root;
    int64_t newest_ns; /* of what was seen */
    size_t rows;       /* that are looked through */
};

void shared_release(struct inodes *inodes)
{
    while (inodes->shared) {
        struct shared *next = inodes->shared->next;

        free(inodes->shared);
        inodes->shared = next;
    }
}

/* --- One file --------------------------------------------------------------------------------- */

static void tell(struct look *k, const struct folder *f, const char *name, const char *called)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct failure why = { 0 };

    drops_lock(k->inodes->drops);
    buf_addf(&path, "/%s/%s", f->key, called);
    drops_unlock(k->inodes->drops);
    failure_set(&why, 0,
                "another machine put a file there that is called %s too: it is here by "
                "this name, and nothing was deleted",
                name);
    errlog_add(k->inodes->errlog, "list", buf_str(&path), 0, &why);
}

/* The file of that name is ours, and on its way: the other one waits until it is known what that is. */
static bool is_settled(struct look *k, const struct folder *f, const char *name)
{
    cleanup_drop struct drop *there = drops_find(k->inodes->drops, f, name);
    struct drop_snapshot s;

    if (!there)
        return false;
    s = drop_snapshot(k->inodes->drops, there);
    return (s.what != DROP_FILE || (s.id[0] && !s.dirty && !s.exclusive && !s.writers));
}

static int put_beside(struct look *k, struct folder *f, const char *name,
                      const struct sent_file *sent, struct drop **out)
{
    const char *digits = strrchr(sent->id, ':');
    char called[NAMES_MAX + 1];
    int rc;

    if (!digits || !is_settled(k, f, name) ||
        snprintf(called, sizeof(called), "%s~%.*s", name, DIGITS, digits + 1) > NAMES_MAX)
        return -EEXIST;
    rc = drops_add_sent(k->inodes->drops, f, called, sent, out);
    if (rc == 0)
        tell(k, f, name, called);
    return rc;
}

static int put_file(struct look *k, struct folder *f, const char *name,
                    const struct sent_file *sent)
{
    cleanup_drop struct drop *d = NULL;
    int rc = drops_add_sent(k->inodes->drops, f, name, sent, &d);

    if (rc == -EEXIST)
        rc = put_beside(k, f, name, sent, &d);
    if (rc == 0)
        rc = drop_row_save(k->inodes->drops, d,
                           false); /* the server has it, whatever becomes of that */
    return rc == -EEXIST ? 0 : rc;
}

/* --- Where it goes ---------------------------------------------------------------------------- */

static bool is_plain(const struct folder *f, const char *name)
{
    enum name_form form = route_form(f->res, name);

    return form != FORM_ID && form != FORM_LATER_ID && form != FORM_HIDDEN;
}

/* Could a file that is put there under this name have become a document? */
static bool may_be_file(struct look *k, const struct folder *f, const char *name)
{
    return is_plain(f, name) && rule_delivers(f, name) &&
           !rule_stays_here(k->inodes->scratch, f, name) && !rule_error_note(name);
}

/* The folder of that name in f, made where there is none. -ENOTDIR: no folder can be called so. */
static int enter(struct look *k, struct folder *f, const char *name, struct folder **out)
{
    struct drops *drops = k->inodes->drops;
    cleanup_drop struct drop *d = drops_find(drops, f, name);
    cleanup_free char *key = NULL;
    int rc = 0;

    if (!d) {
        rc = drops_add(drops, f, name, DROP_SUBFOLDER, &d);
        if (rc == 0)
            rc = drop_row_save(drops, d, false);
        if (rc == -EEXIST) /* another one has just made it */
            d = drops_find(drops, f, name);
    }
    if (rc < 0 && rc != -EEXIST)
        return rc;
    if (!d || d->what != DROP_SUBFOLDER)
        return -ENOTDIR;
    key = drops_child_key(drops, f, name);
    return key ? drops_folder(drops, key, out) : -ENOMEM;
}

/* Can folders be called as the path says, and the file in them? */
static bool may_be_there(struct look *k, const char *path)
{
    char name[STAMP_MOST_BYTES + 1];
    const char *slash;

    for (; (slash = strchr(path, '/')); path = slash + 1) {
        snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
        if (!is_plain(k->root, name) || scratch_folder(name, k->inodes->scratch))
            return false;
    }
    return may_be_file(k, k->root, path);
}

/* path's folder below the root, and its last name. */
static int find_folder(struct look *k, char *path, struct folder **out, const char **name)
{
    int rc = 0;
    char *slash;

    *out = k->root;
    for (; rc == 0 && (slash = strchr(path, '/')); path = slash + 1) {
        *slash = '\0';
        rc = enter(k, *out, path, out);
    }
    *name = path;
    return rc;
}

/* Has it a place in this root, and nothing here stands for it yet? */
static bool is_news(struct look *k, struct record *r, const char *id, struct stamp *s)
{
    struct inodes *inodes = k->inodes;
    struct target t = { .res = k->root->res, .id = id };
    const char *of = k->root->filter ? k->root->filter : "";

    /* a name goes after its resource was noted as gone: asked in this order, one of them says so */
    return resource_id_ok(k->root->res, id) && !drops_owns_id(inodes->drops, k->root, id) &&
           !drops_is_doomed(inodes->drops, id) && !record_is_handle(r) && stamp_read(r, s) == 0 &&
           s->path[0] && s->size >= 0 && strcmp(s->of, of) == 0 &&
           !drops_has_id(inodes->drops, id) &&
           !(s->key[0] && inodes->is_sending && inodes->is_sending(inodes->arg, s->key)) &&
           !known_gone(inodes->remote, &t);
}

static int take_row(void *arg, struct record *r)
{
    struct look *k = arg;
    char id[RESOURCE_ID_MAX + 1];
    struct sent_file sent = { .id = id };
    struct folder *f;
    const char *name;
    struct stamp s;
    int rc;

    if (record_made_ns(r) > k->newest_ns)
        k->newest_ns = record_made_ns(r);
    if (record_id(r, id) < 0 || !is_news(k, r, id, &s) || !may_be_there(k, s.path))
        return 0;
    rc = find_folder(k, s.path, &f, &name);
    if (rc < 0)
        return rc == -ENOTDIR || rc == -EINVAL ? 0 : rc;
    sent.mode = s.mode < 0 ? -1 : s.mode & 0777;
    sent.acked.size = s.size;
    sent.acked.mtime_ns = s.mtime_ns ? s.mtime_ns : record_changed_ns(r);
    sent.acked.has_digest = s.has_sha256;
    memcpy(sent.acked.digest, s.sha256, sizeof(sent.acked.digest));
    return put_file(k, f, name, &sent);
}

/* --- All of them ------------------------------------------------------------------------------ */

/* f's, or one with nothing in it. */
static struct shared recall(struct inodes *inodes, const struct folder *root)
{
    struct shared found = { .root = NULL };

    lock_take(&inodes->shared_lock);
    for (struct shared *s = inodes->shared; s; s = s->next)
        if (s->root == root)
            found = *s;
    lock_give(&inodes->shared_lock);
    return found;
}

static void note(struct inodes *inodes, struct folder *root, const struct shared *now)
{
    struct shared *s;

    lock_take(&inodes->shared_lock);
    for (s = inodes->shared; s && s->root != root; s = s->next)
        ;
    if (!s && (s = calloc(1, sizeof(*s)))) {
        s->next = inodes->shared;
        inodes->shared = s;
    }
    if (s) {
        int64_t newest_ns = s->newest_ns;
        struct shared *next = s->next;

        *s = *now;
        s->next = next;
        s->root = root;
        if (s->newest_ns < newest_ns)
            s->newest_ns = newest_ns;
    }
    lock_give(&inodes->shared_lock);
}

/* Could anything in it be another machine's? As long as nothing has answered, it could. */
static bool is_shared(struct inodes *inodes, const struct folder *f)
{
    return f->res && f->res->notes_field && !f->parent && !folder_is_closed(f) && !f->staging &&
           !known_older(inodes->remote);
}

/* The folder that has all of the list that f is in. -EWOULDBLOCK: it would have to be read. */
static int root_of(struct inodes *inodes, struct call *call, struct folder *f, struct folder **out)
{
    cleanup_free char *key = drops_key(inodes->drops, f);
    bool loaded = true;
    size_t len;

    if (!key)
        return -ENOMEM;
    len = (size_t)(folder_below(f, key) - key);
    key[len && key[len - 1] == '/' ? len - 1 : len] = '\0';
    if (call->nowait)
        drops_has_folder(inodes->drops, key, &loaded);
    return loaded ? drops_folder(inodes->drops, key, out) : -EWOULDBLOCK;
}

/* Names for all that has come; 1 where nothing is shared, as the first row has shown. */
static int take_rows(struct look *k, struct call *call, struct listing *l, struct failure *err)
{
    struct record *r = NULL;
    int rc = listing_row(l, call, 0, &r, err);

    record_unref(r);
    if (rc != 0 || !known_today(k->inodes->remote))
        return rc < 0 ? rc : 1;
    rc = listing_complete(l, call, err);
    k->rows = listing_rows(l);
    for (size_t i = 0; rc == 0; i++) {
        r = NULL;
        rc = listing_row(l, call, i, &r, err);
        if (rc == 0 && r)
            rc = take_row(k, r);
        record_unref(r);
    }
    return rc;
}

static int look_through(struct inodes *inodes, struct call *call, struct folder *root,
                        struct failure *err)
{
    struct look k = { .inodes = inodes, .root = root };
    struct shared was = recall(inodes, root), now = { .whole = true };
    cleanup_listing struct listing *l = NULL;
    int rc = drops_load_below(inodes->drops, root);

    if (rc == 0)
        rc = known_folder_listing(inodes->remote, root, &l);
    if (rc < 0)
        return rc;
    now.listing_ms = listing_fresh_ms(l);
    now.rows = listing_rows(l);
    if (listing_is_complete(l) && was.whole && was.listing_ms == now.listing_ms &&
        was.rows == now.rows)
        return 0;
    rc = take_rows(&k, call, l, err);
    if (rc < 0)
        return rc;
    now.listing_ms = listing_fresh_ms(l);
    now.rows = k.rows;
    now.looked_ms = clock_now_ms(inodes->clock);
    now.newest_ns = k.newest_ns;
    note(inodes, root, &now);
    return 0;
}

int shared_look(struct inodes *inodes, struct call *call, struct folder *f, struct failure *err)
{
    struct folder *root;
    int rc = is_shared(inodes, f) ? root_of(inodes, call, f, &root) : 1;

    return rc != 0 ? rc < 0 ? rc : 0 : look_through(inodes, call, root, err);
}

/* Only what is new; the rest is as it was. */
static int look_at_newest(struct inodes *inodes, struct call *call, struct folder *root,
                          struct shared *was)
{
    struct look k = { .inodes = inodes, .root = root };
    struct failure ignored;
    int64_t since_ns = was->newest_ns ? was->newest_ns - OVERLAP_NS : 0;
    int rc = drops_load_below(inodes->drops, root);

    if (rc == 0)
        rc = known_newest(inodes->remote, call, root, since_ns, take_row, &k, &ignored);
    was->looked_ms = clock_now_ms(inodes->clock);
    if (rc == 0) /* else what was not seen would count as seen */
        was->newest_ns = k.newest_ns;
    return rc;
}

/* What cannot be another machine's file, nor a folder of such files, needs no look. */
static bool may_be_looked_for(struct inodes *inodes, struct folder *f, const char *name)
{
    struct look k = { .inodes = inodes };

    return is_shared(inodes, f) && is_plain(f, name) &&
           (!names_stem(name) || may_be_file(&k, f, name)) &&
           !scratch_folder(name, inodes->scratch) && !rule_scratch(inodes->scratch, name);
}

int shared_look_for(struct inodes *inodes, struct call *call, struct folder *f, const char *name)
{
    struct failure ignored;
    struct folder *root;
    struct shared was;
    int rc = may_be_looked_for(inodes, f, name) ? root_of(inodes, call, f, &root) : 1;

    if (rc != 0)
        return rc == -EWOULDBLOCK ? rc : 0;
    was = recall(inodes, root);
    if (was.looked_ms &&
        clock_now_ms(inodes->clock) - was.looked_ms < known_list_ttl(inodes->remote))
        return 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    rc = was.whole ? look_at_newest(inodes, call, root, &was)
                   : look_through(inodes, call, root, &ignored);
    if (rc == 0 && !was.whole)
        return 0;                                /* it has noted that itself */
    was.looked_ms = clock_now_ms(inodes->clock); /* also when it failed: not again at once */
    note(inodes, root, &was);
    return rc == -EINTR ? rc : 0;
}
