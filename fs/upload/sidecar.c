#include "sidecar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "beside.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_put.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drop_target.h"
#include "errlog.h"
#include "known.h"
#include "meant.h"
#include "moving.h"
#include "name_rules.h"
#include "names.h"
#include "node_kinds.h"
#include "pair.h"
#include "passes.h"
#include "types.h"
#include "upload_patch.h"
#include "uploads_context.h"
#include "waiting.h"

#include "banned.h"

#define ENDING NAMES_JSON_ENDING
#define UNDO_MAX_BYTES (8 * 1024 * 1024)

/* --- Whose it is ------------------------------------------------------------------------------ */

/* The id in taken, or NULL. */
static const char *taken_id(const char *taken)
{
    return taken && taken[0] == DROP_TAKEN_MOVED ? taken + 1 : taken;
}

static bool is_of(const char *taken, const char *id)
{
    return taken && strcmp(taken_id(taken), id) == 0;
}

/* taken becomes d's, and may be NULL. */
static void put_taken(struct uploads *uploads, struct drop *d, char *taken)
{
    drops_lock(uploads->drops);
    free(d->taken);
    d->taken = taken;
    drops_unlock(uploads->drops);
}

/* The document of this id has what d says. */
static int set_taken(struct uploads *uploads, struct drop *d, const char *id)
{
    char *copy = strdup(id);

    if (!copy)
        return -ENOMEM;
    put_taken(uploads, d, copy);
    waiting_end(uploads->waiting, d);
    return 0;
}

/* d is at a place without its document. taken: whose it was where it came from, or NULL. */
static int set_waiting(struct uploads *uploads, struct drop *d, const char *taken)
{
    char *moved = NULL;

    if (taken && asprintf(&moved, "%c%s", DROP_TAKEN_MOVED, taken_id(taken)) < 0)
        return -ENOMEM;
    put_taken(uploads, d, moved);
    return waiting_begin(uploads->waiting, d);
}

char *sidecar_owner(struct uploads *uploads, struct drop *d)
{
    char *owner;

    drops_lock(uploads->drops);
    owner = d->taken ? strdup(d->taken) : NULL;
    drops_unlock(uploads->drops);
    return owner;
}

void sidecar_stays(struct uploads *uploads, struct drop *d, const char *owner)
{
    cleanup_free char *now = sidecar_owner(uploads, d);
    bool same = owner && now ? strcmp(owner, now) == 0 : !owner && !now;

    if (same)
        return;
    drop_unsaid(uploads->drops, d);
    if (owner)
        put_taken(uploads, d, strdup(owner));
    if (owner && owner[0] != DROP_TAKEN_MOVED)
        drop_said(uploads->drops, d);
    else
        waiting_begin(uploads->waiting, d);
}

void sidecar_left(struct uploads *uploads, struct drop *d)
{
    drop_unsaid(uploads->drops, d);
}

/* --- Sending it ------------------------------------------------------------------------------- */

/* What is wrong with it shows now, and not only when its document comes. */
static int check(const struct folder *f, const struct buf *text, struct failure *err)
{
    cleanup_body struct body *body = NULL;
    int rc = body_new(f->res, BODY_PATCH, &body);

    return rc < 0 ? rc
                  : body_set_text(body, rule_sidecar_field(f->res), buf_str(text), text->len, err);
}

/* moving: what it says is sent before the name by which it says that is on disk. */
static int patch(struct uploads *uploads, struct call *call, const struct folder *f,
                 const struct target *t, const struct buf *text, struct moving *moving,
                 struct failure *err)
{
    cleanup_buf struct buf undo = BUF_INIT(UNDO_MAX_BYTES);
    cleanup_record struct record *before = NULL;
    cleanup_body struct body *body = NULL;
    int rc = upload_field_body(uploads, call, t, rule_sidecar_field(f->res), buf_str(text),
                               text->len, &body, err);

    if (rc == 0 && moving)
        rc = known_new_record(uploads->remote, call, t, KNOWN_JUST_NOW_MS, &before, err);
    if (rc == 0 && moving)
        rc = body_undo_text(body, before, &undo);
    if (rc == 0 && moving)
        rc = moving_say(moving, t, buf_str(&undo), err);
    if (rc < 0)
        return rc;
    rc = upload_written(uploads, call, t, NULL, body, err);
    if (rc < 0 && moving && !failure_passes(rc, err))
        moving_unsay(moving);
    return rc;
}

/* Have the bytes of the document that was id others by now, or in a moment, or has the name another one? Which
 * labels they got, nobody knows. */
static bool is_replaced(struct uploads *uploads, struct drop *document, const char *id)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, document);

    return !s.linked || strcmp(s.id, id) != 0 || (s.exclusive && s.dirty);
}

/* With writeback what will pass is no failure: it waits, and is sent again. */
static int send_later(struct uploads *uploads, struct drop *d)
{
    put_taken(uploads, d, NULL);
    return waiting_again(uploads->waiting, d);
}

/* b, which is document, takes d, whose text this is; or d waits for what takes its place. */
static int give(struct uploads *uploads, struct call *call, const struct folder *f,
                const struct target_ids *b, struct drop *document, struct drop *d,
                const struct buf *text, struct moving *moving, struct failure *err)
{
    bool early = is_replaced(uploads, document, b->id);
    int other = early ? 0 : meant_look(uploads, call, document, NULL, NULL, err), rc = other;

    if (other > 0) {
        early = true; /* the name is free, for another one */
        if (uploads->renamed)
            uploads->renamed(uploads->arg, call, document);
    }
    if (rc >= 0)
        rc = early ? check(f, text, err) : patch(uploads, call, f, &b->target, text, moving, err);

    if (rc < 0 && uploads->writeback && failure_passes(rc, err))
        return send_later(uploads, d);
    if (early || ((rc == 0 || rc == -ENOENT) && is_replaced(uploads, document, b->id)))
        return rc < 0 && rc != -ENOENT ? rc : set_waiting(uploads, d, NULL);
    if (rc == -ENOENT && !err->text[0])
        fail(err, rc, 0, "its document has gone from the server");
    return rc < 0 ? rc : set_taken(uploads, d, b->id);
}

/* What was only moved says nothing new, unless it takes the place of another sidecar. The id that
 * it belongs to, the caller's, or NULL. */
static char *moved_from(struct uploads *uploads, struct folder *f, const char *name, struct drop *d)
{
    cleanup_drop struct drop *there = drops_find(uploads->drops, f, name);
    char *taken;

    drops_lock(uploads->drops);
    taken = d->taken && !drop_state_is_dirty(d->state) && (!there || there == d) ? strdup(d->taken)
                                                                                 : NULL;
    drops_unlock(uploads->drops);
    return taken;
}

int sidecar_commit(struct uploads *uploads, struct call *call, struct folder *f, const char *name,
                   struct drop *d, struct bytes *bytes, struct moving *moving, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    cleanup_free char *taken = moved_from(uploads, f, name, d);
    cleanup_drop struct drop *document = NULL;
    struct failure why;
    struct target_ids b;
    int rc = bytes_read(bytes, &text);

    if (rc < 0)
        return rc;
    if (uploads->ro || f->staging)
        return check(f, &text, err);
    document = pair_document(uploads, f, name, d, &why);
    if (document && drop_target(uploads->drops, document, &b) == 0)
        return is_of(taken, b.id) ? set_taken(uploads, d, b.id)
                                  : give(uploads, call, f, &b, document, d, &text, moving, err);
    rc = taken ? 0 : check(f, &text, err);
    return rc < 0 ? rc : set_waiting(uploads, d, taken);
}

/* Is it what somebody wrote, all of it? Not what was refused, nor an inbox's answer. */
static bool is_ready(struct uploads *uploads, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);

    return s.linked && s.has_bytes && !s.id[0] && !s.broken && !s.writers &&
           !drop_is_answer(uploads->drops, d);
}

/* Empty, or half of it, is nothing that could be owed. */
static bool says_something(struct uploads *uploads, struct drop *d)
{
    struct bytes *bytes = drop_bytes(uploads->drops, d);
    struct stat st;
    bool says = is_ready(uploads, d) && bytes && fstat(bytes->fd, &st) == 0 && st.st_size;

    bytes_unref(bytes);
    return says;
}

/* Is it still for a document to take? */
static bool is_untaken(struct uploads *uploads, struct drop *d)
{
    struct drop_snapshot s = drop_snapshot(uploads->drops, d);

    return s.linked && s.untaken;
}

/* And was it written for the one that is yet to come? */
static bool is_new(struct uploads *uploads, struct drop *d)
{
    bool new;

    drops_lock(uploads->drops);
    new = d->linked && !d->taken;
    drops_unlock(uploads->drops);
    return new;
}

/* b, which is document, takes d, which is held exclusively, is untaken, and stands in f. */
static int take(struct uploads *uploads, struct call *call, const struct target_ids *b,
                struct drop *document, struct folder *f, struct drop *d, struct failure *err)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bytes *bytes = drop_bytes(uploads->drops, d);
    bool same;
    int rc = bytes ? bytes_read(bytes, &text) : -ENOENT;

    bytes_unref(bytes);
    if (rc == 0 && text.len == 0)
        return 0; /* until it has bytes it says nothing */
    drops_lock(uploads->drops);
    same = is_of(d->taken, b->id); /* it was moved here, and its document has followed */
    drops_unlock(uploads->drops);
    if (rc == 0)
        rc = same ? set_taken(uploads, d, b->id)
                  : give(uploads, call, f, b, document, d, &text, NULL, err);
    if (rc < 0) {
        err->at_ns = clock_realtime_ns(uploads->clock);
        drop_set_failed(uploads->drops, d, err->text[0] ? err->text : strerrordesc_np(-rc),
                        err->at_ns);
        return rc;
    }
    drop_said(uploads->drops, d);
    return drop_row_save(uploads->drops, d, true);
}

static void log_failure(struct uploads *uploads, struct drop *d, int rc, const struct failure *err)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);

    drops_lock(uploads->drops);
    buf_addf(&path, "/%s/%s", d->folder->key, d->name);
    drops_unlock(uploads->drops);
    errlog_add(uploads->errlog, "send", buf_str(&path), rc, err);
}

/* The same, unless somebody else is at it (false): who is, sends it, or leaves it to the next look. */
static bool try_take(struct uploads *uploads, struct call *call, struct drop *document,
                     struct folder *f, struct drop *d)
{
    struct call now = { .nowait = true };
    struct failure err = { 0 };
    struct target_ids b;
    int rc = 0;

    if (drop_lock_exclusive(uploads->drops, d, &now) < 0) {
        waiting_look(uploads->waiting);
        return false;
    }
    if (is_ready(uploads, d) && is_untaken(uploads, d) &&
        drop_target(uploads->drops, document, &b) == 0)
        rc = take(uploads, call, &b, document, f, d, &err);
    drop_unlock_exclusive(uploads->drops, d);
    if (rc < 0)
        log_failure(uploads, d, rc, &err);
    return true;
}

/* --- With its document ------------------------------------------------------------------------ */

void sidecar_along_release(struct sidecar_along *along)
{
    drop_unref(along->sidecar);
    along->sidecar = NULL;
}

static int say(struct uploads *uploads, struct drop *d, struct body *body,
               struct sidecar_along *out)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_MAX_BYTES);
    struct bytes *bytes = drop_bytes(uploads->drops, d);
    struct failure refused;
    int rc = bytes ? bytes_read(bytes, &text) : 0;

    bytes_unref(bytes);
    if (rc == 0 && text.len)
        rc = body_set_text(body, out->field, buf_str(&text), text.len, &refused);
    if (rc == 0 && text.len) {
        out->sidecar = drop_ref(d);
        out->version = drop_version(d);
    }
    return rc == -ENOMEM ? rc : 0; /* who is refused hears it on his own */
}

int sidecar_go_along(struct uploads *uploads, struct folder *f, const char *name,
                     const struct drop *document, struct body *body, struct sidecar_along *out)
{
    cleanup_drop struct drop *d = NULL;
    struct call now = { .nowait = true };
    int rc = 0;

    *out = (struct sidecar_along){ .sidecar = NULL };
    if (!rule_takes_sidecars(f) || f->staging || rule_scratch(uploads->scratch, name))
        return 0;
    out->field = rule_sidecar_field(f->res);
    if (!(out->field->flags & F_IN_POST) || body_has(body, out->field->name))
        return 0;
    d = pair_sidecar(uploads, f, name, document);
    if (!d || d == document || drop_lock_exclusive(uploads->drops, d, &now) < 0)
        return 0;
    if (is_ready(uploads, d) && is_new(uploads, d))
        rc = say(uploads, d, body, out);
    drop_unlock_exclusive(uploads->drops, d);
    return rc;
}

void sidecar_went_along(struct uploads *uploads, const struct sidecar_along *along, const char *id)
{
    struct call now = { .nowait = true };
    struct drop *d = along->sidecar;

    if (!d || drop_lock_exclusive(uploads->drops, d, &now) < 0)
        return;
    if (drop_version(d) == along->version && is_new(uploads, d) && set_taken(uploads, d, id) == 0) {
        drop_said(uploads->drops, d);
        drop_row_save(uploads->drops, d, false);
    }
    drop_unlock_exclusive(uploads->drops, d);
}

/* --- After it --------------------------------------------------------------------------------- */

void sidecar_follow(struct uploads *uploads, struct call *call, struct drop *document,
                    struct folder *f, const char *name)
{
    cleanup_drop struct drop *d = NULL;

    if (!rule_takes_sidecars(f) || f->staging || rule_scratch(uploads->scratch, name))
        return;
    d = pair_sidecar(uploads, f, name, document);
    if (d && d != document)
        try_take(uploads, call, document, f, d);
}

void sidecar_moved(struct uploads *uploads, struct call *call, struct drop *document,
                   struct folder *f, const char *name)
{
    sidecar_follow(uploads, call, document, f, name);
    waiting_look(uploads->waiting); /* of the stem that it had there may be only one now */
}

/* --- The document gets another id ------------------------------------------------------------- */

struct replacing {
    const char *old_id, *id;
    struct drop *found; /* with a reference: its row is to be saved */
};

/* One at a time, for its row is saved without the lock. */
static bool replace(void *arg, struct drop *d)
{
    struct replacing *r = arg;
    char *copy = d->taken && strcmp(d->taken, r->old_id) == 0 ? strdup(r->id) : NULL;

    if (!copy)
        return true;
    free(d->taken);
    d->taken = copy;
    r->found = drop_ref(d);
    return false;
}

static void replace_all(struct uploads *uploads, struct folder *f, const char *name, size_t len,
                        const char *old_id, const char *id)
{
    struct replacing r = { .old_id = old_id, .id = id };

    do {
        drop_unref(r.found);
        r.found = NULL;
        drops_lock(uploads->drops);
        if (beside_has_sidecars(f))
            beside_find(f, BESIDE_SIDECAR, name, len, replace, &r);
        drops_unlock(uploads->drops);
        if (r.found)
            drop_row_save(uploads->drops, r.found, true);
    } while (r.found);
}

void sidecar_replaced(struct uploads *uploads, struct folder *f, const char *name,
                      const char *old_id, const char *id)
{
    size_t stem = names_stem(name);

    if (uploads->nodelete)
        return; /* the old one is still there, with its labels */
    replace_all(uploads, f, name, strlen(name), old_id, id);
    if (stem)
        replace_all(uploads, f, name, stem, old_id, id);
}

/* --- Those that wait -------------------------------------------------------------------------- */

enum wait_state sidecar_waits(struct uploads *uploads, struct call *call, struct drop *d,
                              struct failure *why)
{
    struct folder *f = drop_folder(uploads->drops, d);
    cleanup_drop struct drop *document = NULL;
    cleanup_free char *name = drop_name(uploads->drops, d);
    struct target_ids b;
    bool busy;

    if (!name)
        return WAIT_BUSY;
    if (!rule_sidecar(f, name) || rule_scratch(uploads->scratch, name) || !is_untaken(uploads, d))
        return WAIT_OVER;
    document = pair_document(uploads, f, name, d, why);
    if (!document)
        return WAIT_LONG;
    if (drop_target(uploads->drops, document, &b) < 0) {
        failure_set(why, 0, "it waits for its document, which was not sent");
        return WAIT_LONG;
    }
    if (!call || uploads->ro)
        return WAIT_OVER;
    busy = !try_take(uploads, call, document, f, d);
    if (!is_untaken(uploads, d))
        return WAIT_OVER;
    failure_set(why, 0, "its document is there, and could not be given it yet: it is tried again");
    return busy ? WAIT_BUSY : says_something(uploads, d) ? WAIT_OWED : WAIT_LONG;
}
