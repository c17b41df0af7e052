#include "deliver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "complete.h"
#include "content.h"
#include "defaults.h"
#include "deliver_answer.h"
#include "delivery.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "fetch.h"
#include "filetype.h"
#include "folder.h"
#include "inbox.h"
#include "known.h"
#include "meant.h"
#include "moving.h"
#include "name_rules.h"
#include "posting.h"
#include "proof.h"
#include "queue.h"
#include "refuse.h"
#include "replace.h"
#include "settings.h"
#include "sidecar.h"
#include "uploads_context.h"

#include "banned.h"

/* --- What the bytes are ----------------------------------------------------------------------- */

static bool type_is_taken(const struct resource *res, const char *type)
{
    const struct field *f = resource_field(res, res->type_field);

    for (const char *const *e = f->schema->enums; e && *e; e++)
        if (strcmp(*e, type) == 0)
            return true;
    return false;
}

/* A temporary name takes more than the API does. */
static int check_size(struct delivery *s, struct failure *err)
{
    const struct resource *res = s->folder->res;

    return resource_content_max(res) > 0
               ? known_content_fits(s->uploads->remote, s->call, res, s->content.size, err)
               : 0;
}

/* 1: it stays here. */
static int check_type(struct delivery *s, struct failure *err)
{
    const struct resource *res = s->folder->res;
    int rc;

    if (!res->type_field)
        return 0;
    rc = filetype_of(s->uploads->filetype, s->bytes->fd, s->type);
    if (rc < 0 || type_is_taken(res, s->type))
        return rc;
    if (s->uploads->other == OTHER_LOCAL)
        return 1;
    return fail(err, -EINVAL, 0, "its bytes are %s, which the API does not take as %s", s->type,
                res->name);
}

static int check_complete(struct delivery *s, struct failure *err)
{
    int mode = s->uploads->complete;

    if (s->folder->res->type_field && mode != COMPLETE_OFF)
        s->missing = complete_missing(s->bytes->fd, s->type);
    if (s->missing && mode == COMPLETE_REFUSE)
        return fail(err, -EINVAL, 0, "it looks cut off: %s", s->missing);
    return 0;
}

/* It was sent all the same. */
static void warn_incomplete(struct delivery *s)
{
    char text[FAILURE_TEXT_MAX];

    snprintf(text, sizeof(text), "sent, but it looks cut off: %s", s->missing);
    replace_warn(s->uploads, s->folder, s->name, text);
}

static bool is_unchanged(struct delivery *s)
{
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, s->drop);

    if (!now.id[0] || now.acked.size != s->content.size)
        return false;
    if (!now.acked.has_digest) /* another machine's that had no room for it: the server's tells */
        return !s->folder->document && proof_is_learnt(s->uploads->remote);
    return memcmp(now.acked.digest, s->digest, sizeof(s->digest)) == 0;
}

/* --- All of it -------------------------------------------------------------------------------- */

/* On disk before what it says goes out, so that a death in between leaves no labels without their file: the next
 * mount says it again. */
static int send_sidecar(struct delivery *s, struct failure *err)
{
    cleanup_free char *owner = s->moving ? NULL : sidecar_owner(s->uploads, s->drop);
    int rc = s->moving ? 0 : bytes_sync(s->bytes);

    if (rc == 0 && !s->moving) {
        sidecar_left(s->uploads, s->drop);
        drop_stayed(s->uploads->drops, s->drop);
        rc = drop_row_save(s->uploads->drops, s->drop, true);
    }
    if (rc == 0)
        rc = sidecar_commit(s->uploads, s->call, s->folder, s->name, s->drop, s->bytes, s->moving,
                            err);
    if (rc < 0 && !s->moving)
        sidecar_stays(s->uploads, s->drop, owner);
    return rc;
}

/* What stays here may still say something of what goes. */
static int stay_local(struct delivery *s, struct failure *err)
{
    bool says = s->content.size && !s->folder->staging;
    bool defaults = says && rule_defaults(s->name);
    bool sidecar = says && rule_sidecar(s->folder, s->name);
    int rc = 0;

    if (defaults)
        rc = defaults_check(s->folder, s->bytes, err);
    else if (sidecar)
        rc = send_sidecar(s, err);
    else if (!rule_sidecar(s->folder, s->name))
        sidecar_left(s->uploads, s->drop);
    if (rc < 0)
        return rc;
    if (defaults || sidecar)
        drop_said(s->uploads->drops, s->drop); /* once */
    else
        drop_stayed(s->uploads->drops, s->drop);
    if (s->content.size == 0 || (sidecar && !s->moving))
        return drop_row_save(s->uploads->drops, s->drop, false);
    /* closed and not acknowledged: on disk */
    rc = bytes_sync(s->bytes);
    return rc < 0 || s->moving ? rc : drop_row_save(s->uploads->drops, s->drop, true);
}

/* The digest of what another machine has put there is what its metadata say, which anybody can write. */
static bool is_only_told(const struct delivery *s)
{
    return s->folder->res->notes_field && backend_speaks_today(s->uploads->backend);
}

/* Has the content been changed elsewhere? 1: it is not these bytes any more. */
static int check_content(struct delivery *s, const struct target *t, const struct record *r,
                         bool told, struct failure *err)
{
    uint8_t digest[DIGEST_BYTES];
    cleanup_fd int fd = -1;
    int64_t size;
    int rc;

    if (told &&
        (resource_takes_json(t->res) || (!fetch_content_changes(t->res) && !is_only_told(s))))
        return 0;
    if (proof_holds(s->uploads->remote, r, s->bytes->fd))
        return 0;
    if (!told)
        return 1; /* a download is no cheaper than to send it */
    rc = known_content(s->uploads->remote, s->call, t, &fd, &size, err);
    if (rc == 0)
        rc = content_digest(fd, digest);
    if (rc == 0)
        proof_learn(s->uploads->remote, r, fd);
    return rc < 0 ? rc : memcmp(digest, s->digest, sizeof(digest)) != 0;
}

/* What is remembered may be old: is the resource with these bytes really still there? 1: it has
 * others by now. */
static int check_still_there(struct delivery *s, struct failure *err)
{
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, s->drop);
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = now.id };
    cleanup_record struct record *r = NULL;
    int rc = known_sent_record_now(s->uploads->remote, s->call, s->folder, &t, now.fresh, &r, err);

    if (rc == 0 && meant_is_other(s->uploads, s->call, s->drop, s->folder, s->name, r, NULL))
        rc = -ENOENT; /* under another name: here it is not */
    if (rc == -ENOENT) {
        rc = drop_lost(s->uploads->drops, s->drop);
        return rc < 0 ? rc : -ENOENT;
    }
    return rc < 0 ? rc : check_content(s, &t, r, now.acked.has_digest, err);
}

static int stay_as_it_is(struct delivery *s)
{
    struct drop_snapshot now = drop_snapshot(s->uploads->drops, s->drop);
    int rc;

    drop_unchanged(s->uploads->drops, s->drop);
    rc = drop_row_save(s->uploads->drops, s->drop, true);
    if (rc == 0 && s->folder->model && now.id[0] &&
        !inbox_has_answer(s->uploads, s->folder, s->name))
        inbox_owe(s->uploads, s->folder, s->name, now.id);
    return rc;
}

/* What has a content is sent later, with writeback, and what waits already stays so. */
static bool is_for_queue(struct delivery *s)
{
    bool waits = drop_snapshot(s->uploads->drops, s->drop).state == DROP_WAITING;

    return !s->queued && (s->uploads->writeback || waits) && !resource_takes_json(s->folder->res) &&
           s->bytes->number;
}

/* Sealed bytes do not change: what they were queued with goes for them. */
static int find_digest(struct delivery *s)
{
    const struct intent_row *row = s->queued;

    if (!row || !row->has_sha256 || row->upload != s->bytes->number || row->size != s->content.size)
        return content_digest(s->bytes->fd, s->digest);
    memcpy(s->digest, row->sha256, sizeof(s->digest));
    return 0;
}

static int send_bytes(struct delivery *s, struct failure *err)
{
    struct stat st;
    int rc;

    if (fstat(s->bytes->fd, &st) < 0)
        return -errno;
    s->content = (struct content_source){ .fd = s->bytes->fd, .size = st.st_size };
    if (st.st_size == 0 || rule_stays_here(s->uploads->scratch, s->folder, s->name))
        return stay_local(s, err);
    if (s->uploads->ro)
        return refuse_read_only(err);
    rc = check_size(s, err);
    if (rc == 0)
        rc = find_digest(s);
    if (rc < 0)
        return rc;
    if (is_unchanged(s)) {
        rc = check_still_there(s, err);
        if (rc != -ENOENT && rc != 1)
            return rc < 0 ? rc : stay_as_it_is(s);
    }
    rc = check_type(s, err);
    if (rc != 0)
        return rc < 0 ? rc : stay_local(s, err);
    rc = check_complete(s, err);
    if (rc < 0)
        return rc;
    if (is_for_queue(s))
        return queue_submit(s->uploads, s->drop, s->folder, s->name,
                            s->moving && s->moving->at_once ? s->moving : NULL, s->bytes, s->digest,
                            err);
    rc = answer_send(s, err);
    if (rc == 0 && s->missing)
        warn_incomplete(s);
    return rc;
}

static int deliver(struct delivery *s, struct failure *err)
{
    struct drop_snapshot was = drop_snapshot(s->uploads->drops, s->drop);
    int rc;

    s->posting = (struct posting){ .uploads = s->uploads,
                                   .call = s->call,
                                   .folder = s->folder,
                                   .name = s->name,
                                   .sha256 = s->digest,
                                   .number = s->queued ? s->queued->number : 0,
                                   .queued = s->queued != NULL };
    s->bytes = drop_bytes(s->uploads->drops, s->drop);
    if (!s->bytes)
        return 0;
    rc = send_bytes(s, err);
    bytes_unref(s->bytes);
    sidecar_along_release(&s->along);
    free(s->stamped_in);
    free(s->meant);
    if (rc == 0 && s->content.size)
        drop_forget_sealed(s->uploads->drops, s->drop);
    if (rc == 0 && s->content.size && !was.resealed)
        drops_supersede(s->uploads->drops, s->folder, s->name);
    return rc;
}

int deliver_drop(struct uploads *uploads, struct call *call, struct drop *d, struct folder *folder,
                 const char *name, struct failure *err)
{
    struct delivery s = {
        .uploads = uploads, .call = call, .drop = d, .folder = folder, .name = name
    };

    return deliver(&s, err);
}

int deliver_queued(struct uploads *uploads, struct call *call, struct drop *d,
                   const struct intent_row *row, struct failure *err)
{
    cleanup_free char *name = drop_name(uploads->drops, d);
    struct delivery s = { .uploads = uploads,
                          .call = call,
                          .drop = d,
                          .folder = drop_folder(uploads->drops, d),
                          .name = name,
                          .queued = row };

    return name ? deliver(&s, err) : -ENOMEM;
}

int deliver_moving(struct moving *m, struct failure *err)
{
    struct delivery s = { .uploads = m->uploads,
                          .call = m->call,
                          .drop = m->drop,
                          .folder = m->to,
                          .name = m->to_name,
                          .moving = m };

    return deliver(&s, err);
}

int deliver_as(struct moving *m, struct failure *err)
{
    int rc = deliver_moving(m, err);

    if (rc < 0) {
        err->at_ns = clock_realtime_ns(m->uploads->clock);
        drops_copy_failed(m->uploads->drops, m->drop, m->to, m->to_name,
                          err->text[0] ? err->text : strerror(-rc), err->at_ns);
    }
    return rc;
}

int deliver_commit(struct uploads *uploads, struct call *call, struct drop *d, struct failure *err)
{
    struct drop_snapshot now = drop_snapshot(uploads->drops, d);
    cleanup_free char *name = NULL;
    int rc;

    if (!now.linked || !now.dirty || !now.has_bytes || now.state == DROP_WAITING)
        return 0;
    name = drop_name(uploads->drops, d);
    rc = name ? deliver_drop(uploads, call, d, now.folder, name, err) : -ENOMEM;
    if (rc < 0) {
        err->at_ns = clock_realtime_ns(uploads->clock);
        drop_set_failed(uploads->drops, d, err->text[0] ? err->text : strerror(-rc), err->at_ns);
    }
    return rc;
}
