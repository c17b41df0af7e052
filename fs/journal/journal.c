/* Intents come, change and go: in memory and in the state database. */
#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "journal_context.h"
#include "state_row.h"

#include "banned.h"

static unsigned traits_of(const struct intent_row *row)
{
    bool again = row->upload || row->kind == INTENT_ANSWER;

    return (row->old ? INTENT_OWES : 0u) | (again ? INTENT_AGAIN : 0u);
}

/* The row is copied. */
static struct entry *add_locked(struct journal *j, const struct intent_row *row)
{
    struct entry *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    e->number = e->due.number = row->number;
    e->row = intent_row_copy(row);
    if (e->row && due_reserve(&j->due, HASH_COUNT(j->entries) + 1) == 0)
        HASH_ADD(hh, j->entries, number, sizeof(e->number), e);
    if (!e->row || !HASH_ADDED(e)) {
        entry_free(e);
        return NULL;
    }
    entry_changed_locked(j, e);
    return e;
}

/* Another row in the place of e's. 0, -ENOMEM. */
static int set_row_locked(struct journal *j, struct entry *e, const struct intent_row *row)
{
    struct intent_row *copy = intent_row_copy(row), *before = e->row;

    if (!copy)
        return -ENOMEM;
    e->row = copy;
    entry_changed_locked(j, e);
    free(before);
    return 0;
}

/* --- As steps --------------------------------------------------------------------------------- */

void intent_change_release(struct intent_change *c)
{
    free(c->row);
    c->row = NULL;
}

/* The step that makes the row what e is by now. */
static int make_step_locked(struct entry *e, struct intent_change *out)
{
    out->row = NULL;
    if (e->row->state == INTENT_DONE) {
        out->step = (struct state_step){ .change = STATE_DELETE_INTENT, .number = e->row->number };
        return 0;
    }
    out->row = intent_row_copy(e->row);
    out->step = (struct state_step){ .change = STATE_PUT_INTENT, .intent = out->row };
    return out->row ? 0 : -ENOMEM;
}

/* --- Beginning -------------------------------------------------------------------------------- */

int journal_add(struct journal *j, const struct intent_row *row, int64_t *number,
                struct intent_change *out)
{
    struct intent_row now = *row;
    struct entry *e;
    int rc = -ENOMEM;

    lock_take(&j->lock);
    now.number = ++j->last_number;
    now.tries = 0;
    now.since_ms = clock_now_ms(j->clock);
    e = add_locked(j, &now);
    if (e) {
        entry_hold_locked(j, e);
        rc = make_step_locked(e, out);
    }
    lock_give(&j->lock);
    if (e && rc < 0)
        journal_forget(j, now.number);
    if (rc == 0)
        *number = now.number;
    return rc;
}

void journal_forget(struct journal *j, int64_t number)
{
    struct entry *e;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    if (e) {
        e->row->state = INTENT_DONE;
        e->held = false;
        entry_drop_done_locked(j, e);
    }
    lock_give(&j->lock);
}

int journal_begin(struct journal *j, const struct intent_row *row, const struct state_step *with,
                  size_t n, int64_t *number, struct failure *err)
{
    cleanup_intent_change struct intent_change change = { .row = NULL };
    struct state_step steps[JOURNAL_WITH_MAX + 1];
    int64_t own;
    int rc = journal_add(j, row, &own, &change);

    if (rc < 0)
        return fail(err, rc, 0, "out of memory");
    for (size_t i = 0; i < n; i++)
        steps[i] = with[i];
    steps[n] = change.step;
    rc = state_apply(j->state, steps, n + 1, STATE_NOW, err);
    if (rc < 0)
        journal_forget(j, own);
    else
        *number = own;
    return rc;
}

/* --- Changing --------------------------------------------------------------------------------- */

static void apply_news(const struct journal *j, struct intent_row *row,
                       const struct intent_news *news)
{
    row->id = news->id ? news->id : row->id;
    row->old = news->owes_nothing ? NULL : news->old ? news->old : row->old;
    row->look = news->look ? news->look : row->look;
    row->folder = news->folder ? news->folder : row->folder;
    row->name = news->name ? news->name : row->name;
    if (news->since_ns) {
        row->since_ns = news->since_ns;
        row->server_ns = news->server_ns;
        row->since_ms = clock_now_ms(j->clock);
    }
    if (news->upload) {
        row->upload = news->upload;
        row->size = news->size;
        row->has_sha256 = false; /* that was of others */
    }
    if (news->sha256) {
        row->has_sha256 = true;
        row->size = news->size;
        memcpy(row->sha256, news->sha256, sizeof(row->sha256));
    }
}

int journal_change(struct journal *j, int64_t number, enum intent_event event,
                   const struct intent_news *news, struct intent_change *out)
{
    struct intent_row now;
    struct entry *e;
    int to, rc;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    rc = e ? 0 : -ENOENT;
    if (rc == 0) {
        now = *e->row;
        if (news)
            apply_news(j, &now, news);
        to = intent_next((enum intent_state)now.state, event, traits_of(&now));
        now.state = to;
        rc = to < 0 ? -EPROTO : set_row_locked(j, e, &now);
    }
    if (rc == 0) {
        j->ended[event]++;
        rc = make_step_locked(e, out);
    }
    lock_give(&j->lock);
    return rc;
}

void journal_doubt(struct journal *j, int64_t number)
{
    struct entry *e;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    if (e)
        e->row->state = INTENT_UNSURE;
    lock_give(&j->lock);
}

static int note(struct journal *j, int64_t number, bool waiting, const struct intent_news *news,
                struct intent_change *out)
{
    struct intent_row now;
    struct entry *e;
    int rc;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    rc = !e ? -ENOENT : waiting && e->row->state != INTENT_WAITING ? -EBUSY : 0;
    if (rc == 0) {
        now = *e->row;
        apply_news(j, &now, news);
        rc = set_row_locked(j, e, &now);
    }
    if (rc == 0)
        rc = make_step_locked(e, out);
    lock_give(&j->lock);
    return rc;
}

int journal_note(struct journal *j, int64_t number, const struct intent_news *news,
                 struct intent_change *out)
{
    return note(j, number, false, news, out);
}

int journal_replace(struct journal *j, int64_t number, const struct intent_news *news,
                    struct intent_change *out)
{
    return note(j, number, true, news, out);
}

int journal_withdraw(struct journal *j, int64_t number, struct intent_change *out)
{
    struct entry *e;
    int rc = -ENOENT;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    if (e) {
        e->row->upload = 0;
        e->row->name = NULL;
        entry_changed_locked(j, e);
        if (e->row->state == INTENT_WAITING)
            e->row->state = INTENT_DONE;
        rc = make_step_locked(e, out);
        entry_drop_done_locked(j, e);
    }
    lock_give(&j->lock);
    return rc;
}

void journal_rename_folder(struct journal *j, const char *key, const char *to_key)
{
    struct entry *e, *next;

    lock_take(&j->lock);
    HASH_ITER(hh, j->entries, e, next) {
        cleanup_free char *folder = NULL, *to_folder = NULL;
        struct intent_row now = *e->row;

        if (now.folder)
            path_rename(now.folder, key, to_key, &folder);
        if (now.to_folder)
            path_rename(now.to_folder, key, to_key, &to_folder);
        if (folder)
            now.folder = folder;
        if (to_folder)
            now.to_folder = to_folder;
        if (folder || to_folder)
            set_row_locked(j, e, &now);
    }
    lock_give(&j->lock);
}

int journal_tell(struct journal *j, int64_t number, enum intent_event event,
                 const struct intent_news *news, enum state_when when)
{
    cleanup_intent_change struct intent_change c = { .row = NULL };
    int rc = number ? journal_change(j, number, event, news, &c) : -ENOENT;

    return rc < 0 ? rc : state_apply(j->state, &c.step, 1, when, NULL);
}

void journal_leave(struct journal *j, int64_t number, int64_t in_ms)
{
    struct entry *e;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    if (e) {
        entry_release_locked(j, e, clock_now_ms(j->clock) + in_ms);
        entry_drop_done_locked(j, e);
        pthread_cond_broadcast(&j->changed);
    }
    lock_give(&j->lock);
}

void journal_put_off(struct journal *j, int64_t number, int64_t in_ms)
{
    struct entry *e;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    if (e && !e->held) {
        due_put(&j->due, &e->due, clock_now_ms(j->clock) + in_ms);
        pthread_cond_broadcast(&j->changed);
    }
    lock_give(&j->lock);
}

/* --- Looking ---------------------------------------------------------------------------------- */

static int take_locked(struct journal *j, struct entry *e, struct intent_row **out)
{
    if (!e)
        return -ENOENT;
    if (e->held)
        return -EBUSY;
    *out = intent_row_copy(e->row);
    if (*out)
        entry_hold_locked(j, e);
    return *out ? 0 : -ENOMEM;
}

/* What is done but for a debt concerns nobody who makes something new. */
static bool is_for(const struct entry *e, enum intent_kind kind, const char *folder,
                   const char *name)
{
    return e->row->kind == (int)kind && e->row->state <= INTENT_UNSURE && e->row->folder &&
           e->row->name && strcmp(e->row->folder, folder) == 0 && strcmp(e->row->name, name) == 0;
}

int journal_forsake(struct journal *j, const char *folder, const char *name,
                    struct intent_change *out)
{
    struct entry *found = NULL;
    int rc = -ENOENT;

    lock_take(&j->lock);
    for (struct entry_link *l = index_find(&j->index, WORD_NAME, folder, name); l;
         l = index_next(&j->index, l))
        if (!l->entry->row->upload && l->entry->row->state == INTENT_UNSURE &&
            is_for(l->entry, INTENT_CREATE, folder, name) &&
            (!found || l->entry->number < found->number))
            found = l->entry;
    if (found) {
        found->row->name = NULL;
        entry_changed_locked(j, found);
        rc = make_step_locked(found, out);
    }
    lock_give(&j->lock);
    return rc;
}

int journal_take(struct journal *j, enum intent_kind kind, const char *folder, const char *name,
                 struct intent_row **out)
{
    struct entry *found = NULL;
    int rc;

    lock_take(&j->lock);
    for (struct entry_link *l = index_find(&j->index, WORD_NAME, folder, name); l;
         l = index_next(&j->index, l))
        if (is_for(l->entry, kind, folder, name) && (!found || l->entry->number > found->number))
            found = l->entry;
    rc = take_locked(j, found, out);
    lock_give(&j->lock);
    return rc;
}

int journal_take_number(struct journal *j, int64_t number, struct intent_row **out)
{
    int rc;

    lock_take(&j->lock);
    rc = take_locked(j, entry_find_locked(j, number), out);
    lock_give(&j->lock);
    return rc;
}

struct intent_row *journal_copy(struct journal *j, int64_t number)
{
    struct intent_row *copy;
    struct entry *e;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    copy = e ? intent_row_copy(e->row) : NULL;
    lock_give(&j->lock);
    return copy;
}

/* --- All of them ------------------------------------------------------------------------------ */

/* What was on its way when the daemon died is unsure now. */
static int load_row(void *arg, const struct intent_row *row)
{
    struct journal *j = arg;
    struct intent_row now = *row;
    struct entry *e;
    int to = -1;

    if (row->number > j->last_number)
        j->last_number = row->number;
    if (row->kind >= 0 && row->kind < INTENT_KINDS && row->state >= 0 && row->state < INTENT_DONE)
        to = intent_next((enum intent_state)row->state, INTENT_KILLED, traits_of(row));
    if (to < 0)
        return 0; /* another version's: left alone */
    now.state = to;
    now.since_ms =
        clock_now_ms(j->clock); /* it may arrive yet: the clock may have been set since */
    lock_take(&j->lock);
    e = add_locked(j, &now);
    if (e)
        entry_release_locked(j, e, 0);
    lock_give(&j->lock);
    return e ? 0 : -ENOMEM;
}

int journal_new(const struct journal_config *config, struct journal **out, struct failure *err)
{
    struct journal *j = calloc(1, sizeof(*j));
    int rc;

    if (!j)
        return -ENOMEM;
    j->state = config->state;
    j->clock = config->clock;
    j->pool = config->pool;
    j->workers = config->workers;
    j->work = config->work;
    j->arg = config->arg;
    lock_init(&j->lock, LOCK_JOURNAL);
    rc = cond_init_monotonic(&j->changed);
    if (rc < 0) {
        lock_destroy(&j->lock);
        free(j);
        return rc;
    }
    rc = state_load_intents(config->state, load_row, j, err);
    if (rc < 0) {
        journal_free(j);
        return rc;
    }
    *out = j;
    return 0;
}

void journal_free(struct journal *j)
{
    struct entry *e, *next;

    if (!j)
        return;
    HASH_ITER(hh, j->entries, e, next) {
        HASH_DEL(j->entries, e);
        entry_free(e);
    }
    index_release(&j->index);
    due_release(&j->due);
    pthread_cond_destroy(&j->changed);
    lock_destroy(&j->lock);
    free(j);
}
