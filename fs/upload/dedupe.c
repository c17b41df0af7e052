#include "dedupe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "doomed.h"
#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drop_target.h"
#include "flight.h"
#include "folder.h"
#include "hex.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "newest.h"
#include "proof.h"
#include "stamp.h"
#include "stamping.h"
#include "uploads_context.h"

#include "banned.h"

#define KEY_MAX 8192
#define TITLE_MAX 4096
#define OVERLAP_NS (INT64_C(2) * 1000000000) /* what was made so late may come into a list later */

struct look {
    struct uploads *uploads;
    struct call *call;
    const struct dedupe *what;
    struct folder *root; /* the folder that has all of the list */
    char *root_key;
    char hex[2 * DIGEST_BYTES + 1];
    struct proof proof;
    int64_t newest_ns;
    struct record *found; /* what may get the name */
    struct failure *err;
};

/* --- One that may be it ----------------------------------------------------------------------- */

/* Has it these bytes? 1: yes. What metadata say anybody can have written: not by them alone. */
static int is_it(struct look *k, const struct target *t, const struct record *r)
{
    uint8_t digest[DIGEST_BYTES];
    cleanup_fd int fd = -1;
    int64_t size;
    int rc;

    if (proof_fits(&k->proof, r))
        return 1;
    rc = known_content(k->uploads->remote, k->call, t, &fd, &size, k->err);
    if (rc == -ENOENT || (rc == 0 && size != k->what->size))
        return 0;
    if (rc == 0)
        rc = content_digest(fd, digest);
    if (rc < 0)
        return rc;
    proof_learn(k->uploads->remote, r, fd);
    return memcmp(digest, k->what->sha256, sizeof(digest)) == 0;
}

static int say_name(struct look *k, const char *below, const char *name)
{
    return fail(k->err, -EEXIST, 0,
                "the folder has these bytes already, as %s%s%s (dedupe=content)", below,
                below[0] ? "/" : "", name);
}

static int say_drop(struct look *k, struct drop *d)
{
    struct folder *f = drop_folder(k->uploads->drops, d);
    cleanup_free char *key = drops_key(k->uploads->drops, f);
    cleanup_free char *name = drop_name(k->uploads->drops, d);

    return key && name ? say_name(k, folder_below(f, key), name) : -ENOMEM;
}

/* Is it what is sent, or what that takes the place of? */
static bool is_oneself(struct look *k, const char *id)
{
    cleanup_drop struct drop *there = drops_find(k->uploads->drops, k->what->folder, k->what->name);
    struct drop_snapshot own = drop_snapshot(k->uploads->drops, k->what->drop);
    struct drop_snapshot named = { .id = "" };

    if (there)
        named = drop_snapshot(k->uploads->drops, there);
    return strcmp(own.id, id) == 0 || strcmp(named.id, id) == 0;
}

/* Of what nothing here is called after: has another machine, or client, given it another name? */
static int take_unnamed(struct look *k, struct record *r, const char *id)
{
    cleanup_buf struct buf title = BUF_INIT(TITLE_MAX);
    struct stamp s = STAMP_NONE;
    int rc = stamp_read(r, &s);

    if (rc == 0 && s.path[0])
        return say_name(k, "", s.path);
    rc = stamp_title(r, &title);
    if (rc == 0 && strcmp(buf_str(&title), k->what->name) != 0)
        return say_name(k, "", buf_str(&title));
    if (drop_snapshot(k->uploads->drops, k->what->drop).id[0])
        return say_name(k, "", id); /* what it stands for now would be nobody's */
    k->found = record_ref(r);
    return 1;
}

static int take(struct look *k, const char *id)
{
    struct drops *drops = k->uploads->drops;
    struct target t = { .res = k->root->res, .parent = k->root->parent, .id = id };
    cleanup_record struct record *r = NULL;
    cleanup_drop struct drop *d = NULL;
    int rc;

    if (drops_is_doomed(drops, id) || known_gone(k->uploads->remote, &t) || is_oneself(k, id))
        return 0;
    rc = known_sent_record_now(k->uploads->remote, k->call, k->root, &t, false, &r, k->err);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    rc = record_is_handle(r) ? 0 : is_it(k, &t, r);
    if (rc <= 0)
        return rc;
    d = drops_find_id_below(drops, k->root, id);
    return d ? say_drop(k, d) : take_unnamed(k, r, id);
}

/* --- Where it may be -------------------------------------------------------------------------- */

/* What was put here, whatever the server keeps of it. */
static int look_here(struct look *k)
{
    struct drop **list;
    int rc;
    size_t n;

    rc = drops_load_below(k->uploads->drops, k->root);
    if (rc == 0)
        rc = drops_list_within(k->uploads->drops, k->root_key, &list, &n);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct drop_snapshot s = drop_snapshot(k->uploads->drops, list[i]);

        if (rc == 0 && list[i] != k->what->drop && s.linked && s.id[0] && s.acked.has_digest &&
            s.acked.size == k->what->size &&
            memcmp(s.acked.digest, k->what->sha256, DIGEST_BYTES) == 0)
            rc = take(k, s.id);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

/* The list of all has what stands in a dataset's folder, or a consent's, too. */
static bool is_filtered(const struct record *r)
{
    for (const struct filter *f = record_resource(r)->filters; f && f->name; f++) {
        cleanup_buf struct buf value = BUF_INIT(RESOURCE_ID_MAX);

        if (!f->list_only && record_string(r, f->name, &value) == 0 && value.len)
            return true;
    }
    return false;
}

/* It stands in another folder: in this list too, and not as this folder's. */
static bool is_elsewhere(struct look *k, const struct record *r, const char *id)
{
    const char *of = k->root->filter ? k->root->filter : "";
    struct stamp s;

    if (drops_owns_id(k->uploads->drops, k->root, id))
        return false;
    if (stamp_read(r, &s) == 0 && s.path[0])
        return strcmp(s.of, of) != 0;
    return drops_has_id(k->uploads->drops, id) || (!k->root->filter && is_filtered(r));
}

/* Called for each row: what is not it costs little. 0: go on. */
static int look_at_row(void *arg, struct record *r)
{
    struct look *k = arg;
    char id[RESOURCE_ID_MAX + 1];

    if (record_made_ns(r) > k->newest_ns)
        k->newest_ns = record_made_ns(r);
    if (!proof_may_fit(&k->proof, r) && !record_mentions(r, k->root->res->notes_field, k->hex))
        return 0;
    if (record_id(r, id) < 0 || !resource_id_ok(k->root->res, id) || is_elsewhere(k, r, id))
        return 0;
    return take(k, id);
}

static int look_at_list(struct look *k)
{
    struct remote *remote = k->uploads->remote;
    cleanup_listing struct listing *l = NULL;
    int rc = known_folder_listing(remote, k->root, &l);

    if (rc == 0)
        rc = listing_complete(l, k->call, k->err);
    for (size_t i = 0; rc == 0; i++) {
        cleanup_record struct record *r = NULL;

        rc = listing_row(l, k->call, i, &r, k->err);
        if (rc == 0 && r)
            rc = look_at_row(k, r);
        else if (rc == 1)
            break;
    }
    if (rc != 1 || k->found)
        return rc;
    return known_newest(remote, k->call, k->root, k->newest_ns ? k->newest_ns - OVERLAP_NS : 0,
                        look_at_row, k, k->err);
}

static int look(struct look *k)
{
    int rc = look_here(k);

    if (rc != 0 || !k->root->res->notes_field || !known_today(k->uploads->remote))
        return rc;
    return look_at_list(k);
}

/* --- All of it -------------------------------------------------------------------------------- */

static int root_of(struct look *k)
{
    struct drops *drops = k->uploads->drops;
    size_t len;

    k->root_key = drops_key(drops, k->what->folder);
    if (!k->root_key)
        return -ENOMEM;
    len = (size_t)(folder_below(k->what->folder, k->root_key) - k->root_key);
    k->root_key[len && k->root_key[len - 1] == '/' ? len - 1 : len] = '\0';
    return drops_folder(drops, k->root_key, &k->root);
}

struct turn {
    struct look *look;
    int (*send)(void *arg, struct record *found, struct failure *err);
    void *arg;
    bool taken;
};

static int take_turn(void *arg, struct flight_result *result, struct failure *err)
{
    struct turn *t = arg;
    int rc;

    (void)result;
    t->taken = true;
    t->look->err = err;
    rc = look(t->look);
    if (rc >= 0)
        rc = t->send(t->arg, t->look->found, err);
    record_unref(t->look->found);
    return rc;
}

int dedupe_send(struct uploads *uploads, struct call *call, const struct dedupe *what,
                int (*send)(void *arg, struct record *found, struct failure *err), void *arg,
                struct failure *err)
{
    struct look k = { .uploads = uploads, .call = call, .what = what };
    struct turn t = { .look = &k, .send = send, .arg = arg };
    cleanup_buf struct buf key = BUF_INIT(KEY_MAX);
    int rc = root_of(&k);

    if (rc == 0) {
        hex_encode(what->sha256, DIGEST_BYTES, k.hex);
        proof_make(uploads->remote, what->fd, &k.proof);
        rc = buf_addf(&key, "send/%s/%s", k.hex, k.root_key);
    }
    /* whoever else is at it has its own end; then it is one's own turn */
    while (rc == 0 && !t.taken) {
        struct failure theirs = { 0 };

        rc = flight_run(uploads->asking, call, uploads->clock, buf_str(&key), take_turn, &t, NULL,
                        &theirs);
        if (t.taken && err)
            *err = theirs;
        else if (!t.taken && rc != -EINTR && rc != -EWOULDBLOCK && rc != -ENOMEM)
            rc = 0;
    }
    free(k.root_key);
    return rc;
}
