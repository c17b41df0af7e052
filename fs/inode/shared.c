#include "shared.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doomed.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "follow.h"
#include "inodes_context.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "name_rules.h"
#include "names.h"
#include "newest.h"
#include "shared_place.h"
#include "stamp.h"

#include "banned.h"

#define OVERLAP_NS (INT64_C(60) * 1000000000) /* what was made so late may come into a list later */

/* A folder that has all of a list, and how far one has looked. */
struct shared {
    struct shared *next;
    struct folder *root;
    int64_t listing_ms; /* of the list that was looked through last: when it was fetched, */
    size_t rows;        /* and how long it was */
    int64_t looked_ms;  /* (monotonic) at anything of it */
    int64_t newest_ns;  /* what was made last, by the server's clock; 0: nothing was seen */
    int64_t
        changed_ns; /* what was changed last, likewise; 0: all has still to be looked at for that */
    bool whole;     /* all of it was seen once */
};

/* One row is looked at. */
struct look {
    struct inodes *inodes;
    struct shared_look by;
    struct shared_walk *walk;
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

static int put_beside(struct look *k, struct folder *f, const char *name,
                      const struct sent_file *sent, struct drop **out)
{
    char called[NAMES_MAX + 1];
    int rc = shared_beside(k->inodes, f, name, sent->id, called);

    if (rc == 0)
        rc = drops_add_sent(k->inodes->drops, f, called, sent, out);
    if (rc == 0)
        shared_tell_beside(k->inodes, f, name, called);
    k->walk->again = true; /* it gets its name once that is free */
    return rc;
}

/* Only the whole list says whether what has a name is gone. */
static bool is_partial(const struct look *k)
{
    return k->by.listing && !listing_is_complete(k->by.listing);
}

static int put_file(struct look *k, struct folder *f, const char *name,
                    const struct sent_file *sent)
{
    cleanup_drop struct drop *d = NULL;
    int rc = drops_add_sent(k->inodes->drops, f, name, sent, &d);

    if (rc == -EEXIST && is_partial(k))
        return 1;
    if (rc == -EEXIST && shared_free_name(k->inodes, &k->by, f, name))
        rc = drops_add_sent(k->inodes->drops, f, name, sent, &d);
    if (rc == -EEXIST)
        rc = put_beside(k, f, name, sent, &d);
    if (rc == 0)
        rc = drop_row_save(k->inodes->drops, d,
                           false); /* the server has it, whatever becomes of that */
    if (d)
        drops_outdate_failed(k->inodes->drops, f, name, sent->id);
    return rc == -EEXIST ? 0 : rc;
}

/* What has a name here may have got another one. Without memory it is looked at again. */
static int follow(struct look *k, struct record *r, const char *id)
{
    int64_t changed_ns = record_changed_ns(r);
    int rc =
        changed_ns >= k->walk->since_ns ? follow_row(k->inodes, &k->by, k->walk->root, id, r) : 0;

    if (rc == -EBUSY && is_partial(k))
        return 1;
    k->walk->again = k->walk->again || rc < 0;
    if (changed_ns > k->walk->changed_ns)
        k->walk->changed_ns = changed_ns;
    return 0;
}

/* Has it a place in this root, and nothing here stands for it yet? */
static bool is_news(struct look *k, struct record *r, const char *id, struct stamp *s)
{
    struct inodes *inodes = k->inodes;
    struct target t = { .res = k->walk->root->res, .id = id };
    const char *of = k->walk->root->filter ? k->walk->root->filter : "";

    /* a name goes after its resource was noted as gone: asked in this order, one of them says so */
    return resource_id_ok(k->walk->root->res, id) &&
           !drops_owns_id(inodes->drops, k->walk->root, id) &&
           !drops_is_doomed(inodes->drops, id) && !record_is_handle(r) && stamp_read(r, s) == 0 &&
           s->path[0] && s->size >= 0 && strcmp(s->of, of) == 0 &&
           !drops_has_id(inodes->drops, id) &&
           !(s->key[0] && inodes->is_sending && inodes->is_sending(inodes->arg, s->key)) &&
           !known_gone(inodes->remote, &t);
}

/* 1: only the whole list tells. */
static int take_row(void *arg, struct record *r)
{
    struct look *k = arg;
    char id[RESOURCE_ID_MAX + 1];
    struct sent_file sent = { .id = id };
    struct folder *f;
    const char *name;
    struct stamp s;
    int rc;

    if (record_made_ns(r) > k->walk->newest_ns)
        k->walk->newest_ns = record_made_ns(r);
    if (record_id(r, id) < 0)
        return 0;
    if (follow(k, r, id) == 1)
        return 1;
    if (!is_news(k, r, id, &s) || !shared_path_ok(k->inodes, k->walk->root, s.path))
        return 0;
    rc = shared_folder(k->inodes, k->walk->root, s.path, k->walk->first, &f, &name);
    if (rc < 0)
        return rc == -ENOTDIR || rc == -EINVAL ? 0 : rc;
    sent.found = k->walk->first;
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

void shared_look_again(struct inodes *inodes)
{
    lock_take(&inodes->shared_lock);
    for (struct shared *s = inodes->shared; s; s = s->next)
        s->looked_ms = 0;
    lock_give(&inodes->shared_lock);
}

/* Could anything in it be another machine's? As long as nothing has answered, it could. */
static bool is_shared(struct inodes *inodes, const struct folder *f)
{
    return f->res && f->res->notes_field && !f->parent && !folder_is_closed(f) && !f->staging &&
           !known_older(inodes->remote);
}

static bool is_looked_through(const struct shared *was, struct listing *l)
{
    return listing_is_complete(l) && was->whole && was->listing_ms == listing_fresh_ms(l) &&
           was->rows == listing_rows(l);
}

int shared_walk_begin(struct inodes *inodes, struct call *call, struct folder *f, struct listing *l,
                      struct shared_walk *out)
{
    struct folder *root;
    struct shared was;
    int rc;

    *out = (struct shared_walk){ .root = NULL };
    if (!is_shared(inodes, f))
        return 0;
    rc = shared_root(inodes, call, f, &root);
    if (rc < 0)
        return rc;
    was = recall(inodes, root);
    if (is_looked_through(&was, l))
        return 0;
    rc = call->nowait ? -EWOULDBLOCK : drops_load_below(inodes->drops, root);
    if (rc == 0)
        *out = (struct shared_walk){ .root = root,
                                     .first = !was.whole,
                                     .was_ns = was.changed_ns,
                                     .changed_ns = was.changed_ns,
                                     .since_ns = was.changed_ns ? was.changed_ns - OVERLAP_NS : 0 };
    return rc;
}

int shared_walk_row(struct inodes *inodes, struct call *call, struct listing *l,
                    struct shared_walk *walk, struct record *r)
{
    struct look k = { .inodes = inodes, .by = { .call = call, .listing = l }, .walk = walk };

    return walk->root && known_today(inodes->remote) ? take_row(&k, r) : 0;
}

void shared_walk_end(struct inodes *inodes, struct listing *l, struct shared_walk *walk,
                     size_t rows)
{
    struct shared now = { .listing_ms = listing_fresh_ms(l),
                          .rows = rows,
                          .looked_ms = clock_now_ms(inodes->clock),
                          .newest_ns = walk->newest_ns,
                          .changed_ns = walk->again ? walk->was_ns : walk->changed_ns,
                          .whole = true };

    if (walk->root)
        note(inodes, walk->root, &now);
}

/* All of it at once, where it is anybody else's, as the first row shows. */
static int walk_through(struct inodes *inodes, struct call *call, struct listing *l,
                        struct shared_walk *walk, struct failure *err)
{
    struct record *r = NULL;
    int rc = walk->root ? listing_row(l, call, 0, &r, err) : 0;
    size_t rows;

    record_unref(r);
    if (rc == 0 && walk->root && known_today(inodes->remote))
        rc = listing_complete(l, call, err);
    rows = listing_rows(l);
    for (size_t i = 0; rc == 0 && walk->root && known_today(inodes->remote); i++) {
        r = NULL;
        rc = listing_row(l, call, i, &r, err);
        if (rc == 0 && r)
            rc = shared_walk_row(inodes, call, l, walk, r);
        record_unref(r);
    }
    if (rc < 0)
        return rc;
    shared_walk_end(inodes, l, walk, rows);
    return 0;
}

static int look_through(struct inodes *inodes, struct call *call, struct folder *root,
                        struct failure *err)
{
    cleanup_listing struct listing *l = NULL;
    struct shared_walk walk;
    int rc = known_folder_listing(inodes->remote, root, &l);

    if (rc == 0)
        rc = shared_walk_begin(inodes, call, root, l, &walk);
    return rc < 0 ? rc : walk_through(inodes, call, l, &walk, err);
}

int shared_look(struct inodes *inodes, struct call *call, struct folder *f, struct failure *err)
{
    struct folder *root;
    int rc = is_shared(inodes, f) ? shared_root(inodes, call, f, &root) : 1;

    return rc != 0 ? rc < 0 ? rc : 0 : look_through(inodes, call, root, err);
}

/* Only what is new; the rest is as it was. */
static int look_at_newest(struct inodes *inodes, struct call *call, struct folder *root,
                          struct shared *was)
{
    struct shared_walk walk = { .root = root };
    struct look k = { .inodes = inodes, .by = { .call = call }, .walk = &walk };
    struct failure ignored;
    int64_t since_ns = was->newest_ns ? was->newest_ns - OVERLAP_NS : 0;
    int rc = drops_load_below(inodes->drops, root);

    if (rc == 0)
        rc = known_newest(inodes->remote, call, root, since_ns, take_row, &k, &ignored);
    was->looked_ms = clock_now_ms(inodes->clock);
    if (rc == 0) /* else what was not seen would count as seen */
        was->newest_ns = walk.newest_ns;
    if (walk.again)
        was->changed_ns = 0;
    return rc;
}

/* What cannot be another machine's file, nor a folder of such files, needs no look. */
static bool may_be_looked_for(struct inodes *inodes, struct folder *f, const char *name)
{
    return is_shared(inodes, f) && shared_folder_ok(inodes, f, name) &&
           !rule_scratch(inodes->scratch, name) &&
           (!names_stem(name) || shared_path_ok(inodes, f, name));
}

int shared_look_for(struct inodes *inodes, struct call *call, struct folder *f, const char *name)
{
    struct failure ignored;
    struct folder *root;
    struct shared was;
    int rc = may_be_looked_for(inodes, f, name) ? shared_root(inodes, call, f, &root) : 1;

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
