#include "deliver_answer.h"

#include <errno.h>
#include <string.h>

#include "asked.h"
#include "dedupe.h"
#include "deliver_content.h"
#include "deliver_json.h"
#include "deliver_request.h"
#include "delivery.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "fetch.h"
#include "folder.h"
#include "heir.h"
#include "inbox.h"
#include "journal.h"
#include "kept.h"
#include "known.h"
#include "list_filter.h"
#include "meant.h"
#include "moving.h"
#include "posting.h"
#include "proof.h"
#include "replace.h"
#include "restamp.h"
#include "sidecar.h"
#include "state.h"
#include "update.h"
#include "uploads_context.h"

#include "banned.h"

#define MOMENT_MS 100

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
    return request_create(s, old, *old_id, now, err);
}

/* One PATCH of the bytes. What was queued has an intent already, by which it is sent again. */
static int update_content(struct delivery *s, const char *id, struct record **now,
                          struct failure *err)
{
    const struct update u = { .uploads = s->uploads,
                              .call = s->call,
                              .folder = s->folder,
                              .name = s->name,
                              .moving = s->moving,
                              .id = id,
                              .sha256 = s->digest,
                              .size = s->content.size };
    int rc = s->queued ? 0 : update_begin(&u, &s->updates, err);

    if (rc < 0)
        return rc;
    rc = request_update(s, id, now, err);
    if (rc < 0 && s->updates)
        rc = update_failed(&u, s->updates, rc, now, err);
    if (rc < 0)
        s->updates = 0;
    return rc;
}

/* One POST or PATCH of the bytes as content. */
static int transmit_content(struct delivery *s, const char **old_id, struct record **now,
                            struct failure *err)
{
    bool update_it = *old_id && fetch_content_changes(s->folder->res);
    int rc = update_it ? update_content(s, *old_id, now, err) : create_instead(s, old_id, now, err);

    if (update_it && rc == -ENOENT) {
        *old_id = NULL; /* deleted elsewhere meanwhile: a new one then */
        rc = request_create(s, NULL, NULL, now, err);
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

/* Its row says so, and the intent is done; where its name is to move, both wait for that. */
static int save_updated(struct delivery *s)
{
    cleanup_intent_change struct intent_change done = { .row = NULL };
    int rc;

    if (s->moving) {
        moving_updated(s->moving, s->updates);
        return 0;
    }
    rc = journal_change(s->uploads->journal, s->updates, INTENT_ANSWERED, NULL, &done);
    if (rc == 0)
        rc = drop_row_save_with(s->uploads->drops, s->drop, &done.step, 1, STATE_NOW);
    return rc;
}

/* What this disk does not take is found at the server, by this mount or the next one. */
static int save(struct delivery *s, const char *id)
{
    int64_t number = s->updates ? s->updates : s->posting.number;
    struct failure why = { 0 };
    int rc;

    if (!number)
        return drop_row_save(s->uploads->drops, s->drop, true);
    rc = s->updates ? save_updated(s) : save_posted(s, id);
    if (rc < 0) {
        failure_set(&why, 0, "it was sent, and cannot be recorded yet: %s", strerror(-rc));
        replace_warn(s->uploads, s->folder, s->name, why.text);
        journal_doubt(s->uploads->journal, number);
        s->doubted = true;
    }
    if (s->updates && !s->moving)
        journal_leave(s->uploads->journal, number, MOMENT_MS);
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
    else if (old->id && s->moving)
        moving_posted(s->moving, s->posting.number, old->id);
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

int answer_send(struct delivery *s, struct failure *err)
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
