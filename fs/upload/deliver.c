#include "deliver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "asked.h"
#include "backend.h"
#include "complete.h"
#include "content.h"
#include "dedupe.h"
#include "defaults.h"
#include "deliver_content.h"
#include "deliver_json.h"
#include "drop_events.h"
#include "drop_failed.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_sealed.h"
#include "drop_table.h"
#include "fetch.h"
#include "filetype.h"
#include "folder.h"
#include "heir.h"
#include "id_search.h"
#include "inbox.h"
#include "journal.h"
#include "kept.h"
#include "known.h"
#include "list_filter.h"
#include "meant.h"
#include "moving.h"
#include "name_rules.h"
#include "names.h"
#include "once.h"
#include "posting.h"
#include "proof.h"
#include "queue.h"
#include "refuse.h"
#include "replace.h"
#include "restamp.h"
#include "settings.h"
#include "sidecar.h"
#include "stamping.h"
#include "state.h"
#include "uploads_context.h"

#include "banned.h"

#define MOMENT_MS 100

/* One sending, from its bytes to the answer. */
struct delivery {
    struct uploads *uploads;
    struct call *call;
    struct drop *drop;
    struct folder *folder;
    const char *name;
    struct bytes *bytes;
    struct content_source content;
    uint8_t digest[DIGEST_BYTES];
    char type[FILETYPE_MAX];
    const char *missing;                /* what tells that it was cut off, or NULL */
    char replaced[RESOURCE_ID_MAX + 1]; /* whose place a new one takes, or "" */
    const struct intent_row *queued;    /* what it was queued as, and is sent for; or NULL */
    struct posting posting;             /* its intent, if it has one */
    char key[STAMP_KEY_CHARS + 1];      /* of its stamp, or "" */
    bool unsaid;                        /* it was not known that the server keeps stamps */
    bool taken;                 /* what was said of it was taken: a refusal is one of the bytes */
    int64_t asks;               /* the intent of what an inbox asks about it, held; or 0 */
    struct moving *moving;      /* the rename that it is sent for, or NULL */
    struct sidecar_along along; /* what is said in the same request */
    char *stamped_in;           /* the folder's key when its stamp was made, or NULL */
    char *meant;                /* the path by which what it replaces was meant, or NULL */
    int64_t looked_ms;          /* (monotonic) at that */
    bool doubted;               /* this disk has not taken that it was sent */
};

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

/* --- The request ------------------------------------------------------------------------------ */

static int make_body(struct delivery *s, enum body_use use, struct body **out, struct failure *err)
{
    const struct resource *res = s->folder->res;
    struct body *body;
    int rc = body_new(res, use, &body);

    if (rc < 0)
        return rc;
    if (use == BODY_POST && res->type_field)
        rc = body_set_string(body, res->type_field, s->type, err);
    if (rc == 0 && use == BODY_POST && res->name_field) {
        rc = names_check(s->name) < 0
                 ? fail(err, -EILSEQ, 0, "its name is not UTF-8, as a name of the API must be")
                 : body_set_string(body, res->name_field, s->name, err);
    }
    if (rc < 0)
        body_free(body);
    else
        *out = body;
    return rc;
}

/* What is put into a dataset's folder is in that dataset, unless it takes the place of what others
 * have moved to another one. */
static int set_filter(struct delivery *s, struct body *body, struct failure *err)
{
    const struct folder *f = s->folder;

    if (!f->filter || body_has(body, f->filter))
        return 0;
    return body_set_string(body, f->filter, f->filter_value, err);
}

/* Is it sent because it gets a name in another list? Then it is in that one. */
static bool is_moving(struct delivery *s)
{
    return !folder_same_list(drop_folder(s->uploads->drops, s->drop), s->folder);
}

/* The same POST, of whose body something was taken out. */
static int send_again(struct delivery *s, const struct target *t, const struct body *body,
                      struct record **out, struct failure *err)
{
    struct failure why = { 0 };
    int rc = posting_again(&s->posting, body, &why);

    if (rc == 0)
        rc = deliver_content(s->uploads, s->call, t, body, s->content, s->type, &s->taken, out,
                             &why);
    if (rc < 0)
        *err = why;
    return rc;
}

/* The stamp was refused, or something else: nothing was made, and it may be that without it all is well. */
static int post_without(struct delivery *s, const struct target *t, const struct body *body,
                        struct record **out, struct failure *err)
{
    int rc;

    s->key[0] = '\0';
    rc = send_again(s, t, body, out, err);
    if (rc == 0)
        backend_stamp_refused(s->uploads->backend);
    return rc;
}

/* Labels that are refused hold up no document: they are on their own then. */
static int post_unlabelled(struct delivery *s, const struct target *t, struct body *body,
                           struct record **out, struct failure *err)
{
    body_drop(body, s->along.field->name);
    sidecar_along_release(&s->along);
    return send_again(s, t, body, out, err);
}

/* Was it refused for what was said of it, perhaps, and not for its bytes? Then nothing was made. */
static bool is_of_words(const struct delivery *s, int rc, const struct failure *err)
{
    return rc == -EINVAL && err->status == 400 && !s->taken;
}

/* The POST, with an intent before it and after it. */
static int post_once(struct delivery *s, struct body *body, const char *owed, struct record **out,
                     struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent };
    int rc;

    s->posting.size = s->content.size;
    s->posting.old = owed;
    rc = posting_begin(&s->posting, body, out, err);
    if (rc > 0)
        sidecar_along_release(&s->along); /* an earlier one has made it, without them */
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = deliver_content(s->uploads, s->call, &t, body, s->content, s->type, &s->taken, out, err);
    if (is_of_words(s, rc, err) && s->along.sidecar)
        rc = post_unlabelled(s, &t, body, out, err);
    if (is_of_words(s, rc, err) && body_unstamp(body))
        rc = post_without(s, &t, body, out, err);
    else if (rc == 0)
        stamping_check(s->uploads, s->key, *out);
    if (rc == 0)
        return 0;
    rc = posting_failed(&s->posting, rc, out, err);
    if (rc == 0)
        sidecar_along_release(
            &s->along); /* it was found, by what need not say what it was sent with */
    return rc;
}

/* Once more, when the first one got lost. */
static int post(struct delivery *s, struct body *body, const char *owed, struct record **out,
                struct failure *err)
{
    int rc = post_once(s, body, owed, out, err);

    if (rc == POSTING_AGAIN)
        rc = post_once(s, body, owed, out, err);
    return rc == POSTING_AGAIN ? -EIO : rc;
}

static int stamp(struct delivery *s, struct body *body, struct failure *err)
{
    free(s->stamped_in);
    s->stamped_in = drops_key(s->uploads->drops, s->folder);
    s->unsaid = !backend_keeps_stamps(s->uploads->backend) && !s->queued;
    return stamping_put(s->uploads, s->queued ? s->call : NULL,
                        &(struct stamping){ .drop = s->drop,
                                            .folder = s->folder,
                                            .name = s->name,
                                            .size = s->content.size,
                                            .sha256 = s->digest },
                        body, s->key, err);
}

/* old: whose place it takes, or NULL; owed: what has to go then, or NULL. */
static int create(struct delivery *s, const struct record *old, const char *owed,
                  struct record **out, struct failure *err)
{
    const struct target t = { .res = s->folder->res, .parent = s->folder->parent };
    cleanup_body struct body *body = NULL;
    struct id_search names;
    int rc = make_body(s, BODY_POST, &body, err);

    id_search_init(&names, s->uploads, s->call, &t);
    if (rc == 0)
        body_find_ids(body, &names.finder);
    if (rc == 0 && is_moving(s))
        rc = set_filter(s, body, err);
    if (rc == 0)
        rc = sidecar_go_along(s->uploads, s->folder, s->name, s->drop, body, &s->along);
    if (rc == 0 && old)
        rc = replace_keep(s->uploads, s->folder, s->name, old, body);
    if (rc == 0)
        rc = set_filter(s, body, err);
    if (rc == 0)
        rc = defaults_apply(s->uploads, s->folder, body, err);
    if (rc == 0)
        rc = stamp(s, body, err);
    return rc < 0 ? rc : post(s, body, owed, out, err);
}

static int update(struct delivery *s, const char *id, struct record **out, struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = id };
    cleanup_body struct body *body = NULL;
    int rc = make_body(s, BODY_PATCH, &body, err);

    known_content_changes(s->uploads->remote, &t);
    return rc < 0 ? rc
                  : backend_update(s->uploads->backend, s->call, &t, body, s->content, out, err);
}

/* --- The answer ------------------------------------------------------------------------------- */

static int64_t answer_size(struct delivery *s, const char *id)
{
    cleanup_free char *text = NULL;

    return kept_get(s->uploads->remote, KEPT_BODY, id, &text) == 0 ? (int64_t)strlen(text) : 0;
}

static bool in_folder(const struct delivery *s, const struct record *now)
{
    return !list_filter_denies(s->folder->filter, s->folder->filter_value, now);
}

static int accept(struct delivery *s, const char *id, struct record *now)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = id };
    struct acked acked = {
        .size = s->folder->document ? answer_size(s, id) : s->content.size,
        .has_digest = !s->folder->document, /* the same question again is another one */
    };
    char content[CONTENT_ID_MAX + 1];
    int rc;

    memcpy(acked.digest, s->digest, sizeof(acked.digest));
    rc = drop_acknowledged(s->uploads->drops, s->drop, id, acked, in_folder(s, now));
    proof_learn(s->uploads->remote, now, s->bytes->fd);
    known_changed(s->uploads->remote, &t, now);
    if (t.res->url_field && deliver_content_beside(s->uploads, t.res, s->content.size))
        known_changed_again(s->uploads->remote, &t); /* its bytes came after the answer */
    if (resource_content_max(t.res) > 0 && fetch_content_id(&t, now, content) == 0)
        state_put_size(s->uploads->state, content, s->content.size, NULL);
    known_content_changed(s->uploads->remote, &t);
    return rc;
}

/* A new one in the place of that of *old_id, which is NULL after it when that is no more, or stays
 * as another one. */
static int create_instead(struct delivery *s, const char **old_id, struct record **now,
                          struct failure *err)
{
    struct target t = { .res = s->folder->res, .parent = s->folder->parent, .id = *old_id };
    cleanup_record struct record *old = NULL, *heir = NULL;
    int rc = 0;

    if (*old_id && !s->uploads->nodelete)
        rc = replace_look(s->uploads, s->call, &t, &old, err);
    if (rc < 0)
        return rc;
    s->looked_ms = clock_now_ms(s->uploads->clock);
    if (old && meant_is_other(s->uploads, s->call, s->drop, s->folder, s->name, old, &s->meant))
        record_unref(steal_pointer(&old));
    rc = heir_take(s->uploads, s->drop, s->folder, &heir); /* once, whether it is of use or not */
    if (rc < 0)
        return fail(err, rc, 0, "what it takes the place of is being deleted");
    if (!old) {
        *old_id = NULL;
        old = steal_pointer(&heir);
    }
    if (old)
        record_id(old, s->replaced);
    return create(s, old, *old_id, now, err);
}

/* One POST or PATCH of the bytes as content. */
static int transmit_content(struct delivery *s, const char **old_id, struct record **now,
                            struct failure *err)
{
    bool update_it = *old_id && fetch_content_changes(s->folder->res);
    int rc = update_it ? update(s, *old_id, now, err) : create_instead(s, old_id, now, err);

    if (update_it && rc == -ENOENT) {
        *old_id = NULL; /* deleted elsewhere meanwhile: a new one then */
        rc = create(s, NULL, NULL, now, err);
    }
    return rc;
}

/* What depends on the document that is there now. Its failures are not those of the document. */
static void follow(struct delivery *s, const char *id)
{
    sidecar_went_along(s->uploads, &s->along, id);
    sidecar_follow(s->uploads, s->call, s->drop, s->folder, s->name);
    if (s->folder->document)
        asked_follow(s->uploads, s->call, s->drop, s->folder->res, id);
    if (s->folder->model && s->asks)
        inbox_begun(s->uploads, s->asks);
    else if (s->folder->model)
        inbox_owe(s->uploads, s->folder, s->name, id);
}

/* What was sent is in its row, its intent has got so far, and it is known which name it gets. */
static int save_posted(struct delivery *s, const char *id)
{
    cleanup_intent_change struct intent_change posted = { .row = NULL }, moved = { .row = NULL };
    cleanup_intent_change struct intent_change asked = { .row = NULL };
    struct state_step with[DROP_WITH_MAX];
    int rc = posting_answered(&s->posting, id, &posted);
    bool moving = false;
    size_t n = 0;

    if (rc == 0)
        with[n++] = posted.step;
    if (rc == 0 && s->moving) {
        moving = moving_sent(s->moving, id, &moved) == 0;
        if (moving)
            with[n++] = moved.step;
    }
    if (rc == 0 && s->folder->model) {
        rc = inbox_add(s->uploads, s->folder, s->name, id, &s->asks, &asked);
        if (rc == 0)
            with[n++] = asked.step;
    }
    if (rc == 0)
        rc = drop_row_save_with(s->uploads->drops, s->drop, with, n,
                                s->queued ? STATE_SOON : STATE_NOW);
    if (rc < 0 && moving)
        moving_unsent(s->moving);
    if (rc < 0 && s->asks)
        journal_forget(s->uploads->journal, s->asks);
    s->asks = rc < 0 ? 0 : s->asks;
    return rc;
}

/* What this disk does not take is found at the server, by this mount or the next one. */
static int save(struct delivery *s, const char *id)
{
    struct failure why = { 0 };
    int rc;

    if (!s->posting.number)
        return drop_row_save(s->uploads->drops, s->drop, true);
    rc = save_posted(s, id);
    if (rc == 0)
        return 0;
    failure_set(&why, 0, "it was sent, and cannot be recorded yet: %s", strerror(-rc));
    replace_warn(s->uploads, s->folder, s->name, why.text);
    journal_doubt(s->uploads->journal, s->posting.number);
    s->doubted = true;
    return 0;
}

/* It was renamed, or its folder was, while it was on its way. */
static bool is_called_otherwise(struct delivery *s)
{
    cleanup_free char *key = drops_key(s->uploads->drops, drop_folder(s->uploads->drops, s->drop));
    cleanup_free char *name = drop_name(s->uploads->drops, s->drop);

    return s->stamped_in && !s->moving &&
           (!key || !name || strcmp(key, s->stamped_in) != 0 || strcmp(name, s->name) != 0);
}

/* Others may have renamed it while this was on its way: then it is not what this replaces. */
static void pay(struct delivery *s, const struct target *old)
{
    struct failure ignored = { 0 };

    bool at_once = !s->queued && clock_now_ms(s->uploads->clock) - s->looked_ms < MOMENT_MS;

    if (old->id && s->meant && !at_once &&
        meant_look_again(s->uploads, s->call, s->folder, old, s->meant, &ignored) > 0)
        posting_spare(&s->posting);
    else
        posting_pay(&s->posting, old);
}

/* What others call otherwise by now is not what is changed by that name. Of what is replaced a fresh look
 * says so (create_instead()). */
static int look_what_it_is(struct delivery *s, const char **old_id, struct failure *err)
{
    int rc = 0;

    if (resource_takes_json(s->folder->res) || fetch_content_changes(s->folder->res))
        rc = meant_look(s->uploads, s->call, s->drop, s->folder, s->name, err);
    if (rc > 0)
        *old_id = NULL;
    return rc < 0 ? rc : 0;
}

static int transmit(struct delivery *s, const char *old_id, struct failure *err)
{
    struct target old = { .res = s->folder->res, .parent = s->folder->parent };
    cleanup_record struct record *now = NULL;
    char id[RESOURCE_ID_MAX + 1];
    bool json = resource_takes_json(s->folder->res);
    int rc = old_id ? look_what_it_is(s, &old_id, err) : 0;

    if (rc < 0)
        return rc;
    if (json)
        rc = deliver_json(s->uploads, s->call, s->folder, s->name, s->content.fd, s->content.size,
                          old_id, &now, err);
    else
        rc = transmit_content(s, &old_id, &now, err);
    if (rc == 0)
        rc = record_id(now, id);
    if (rc < 0)
        return rc;
    rc = accept(s, id, now);
    if (rc == 0)
        rc = save(s, id);
    if (s->replaced[0] && strcmp(s->replaced, id) != 0)
        sidecar_replaced(s->uploads, s->folder, s->name, s->replaced, id);
    /* what it takes the place of goes once it is recorded */
    old.id = s->posting.number && !s->doubted && old_id && strcmp(old_id, id) != 0 ? old_id : NULL;
    pay(s, &old);
    if (!in_folder(s, now))
        replace_warn(s->uploads, s->folder, s->name, REPLACED_ELSEWHERE);
    if (rc == 0 && (s->unsaid || is_called_otherwise(s)))
        restamp_late(s->uploads, s->drop);
    if (rc == 0)
        follow(s, id);
    return rc;
}

/* --- What is there already -------------------------------------------------------------------- */

/* The name stands for what others have made of these bytes: nothing is sent but what it is called. */
static int take_over(struct delivery *s, struct record *found)
{
    cleanup_intent_change struct intent_change moved = { .row = NULL };
    char id[RESOURCE_ID_MAX + 1];
    bool moving = false;
    int rc = record_id(found, id);

    if (rc == 0)
        rc = accept(s, id, found);
    if (rc < 0)
        return rc;
    moving = s->moving && moving_sent(s->moving, id, &moved) == 0;
    rc = drop_row_save_with(s->uploads->drops, s->drop, &moved.step, moving, STATE_NOW);
    if (rc < 0 && moving)
        moving_unsent(s->moving);
    if (rc < 0)
        return rc;
    restamp_late(s->uploads, s->drop);
    follow(s, id);
    return 0;
}

static int send_unless_there(void *arg, struct record *found, struct failure *err)
{
    struct delivery *s = arg;
    struct drop_snapshot before = drop_snapshot(s->uploads->drops, s->drop);

    return found ? take_over(s, found) : transmit(s, before.id[0] ? before.id : NULL, err);
}

static int send_once(struct delivery *s, struct failure *err)
{
    const struct dedupe what = { .drop = s->drop,
                                 .folder = s->folder,
                                 .name = s->name,
                                 .fd = s->bytes->fd,
                                 .size = s->content.size,
                                 .sha256 = s->digest };

    if (!s->uploads->dedupe || s->folder->res->make_from != MAKE_DOCUMENT ||
        folder_is_closed(s->folder))
        return send_unless_there(s, NULL, err);
    return dedupe_send(s->uploads, s->call, &what, send_unless_there, s, err);
}

/* --- All of it -------------------------------------------------------------------------------- */

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
        rc = sidecar_commit(s->uploads, s->call, s->folder, s->name, s->drop, s->bytes, s->moving,
                            err);
    else if (!rule_sidecar(s->folder, s->name))
        sidecar_left(s->uploads, s->drop);
    if (rc < 0)
        return rc;
    if (defaults || sidecar)
        drop_said(s->uploads->drops, s->drop); /* once */
    else
        drop_stayed(s->uploads->drops, s->drop);
    if (s->content.size == 0)
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
    rc = send_once(s, err);
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
