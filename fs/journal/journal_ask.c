#include "journal_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "journal_context.h"

#include "banned.h"

size_t journal_count_alike(struct journal *j, const uint8_t *sha256, enum intent_state state)
{
    size_t n = 0;

    lock_take(&j->lock);
    for (struct entry_link *l = index_find(&j->index, WORD_BYTES, sha256, NULL); l;
         l = index_next(&j->index, l)) {
        const struct intent_row *row = l->entry->row;

        n += row->kind == INTENT_CREATE && row->state == (int)state && row->has_sha256 &&
             memcmp(row->sha256, sha256, sizeof(row->sha256)) == 0;
    }
    lock_give(&j->lock);
    return n;
}

bool journal_is_hurried(struct journal *j)
{
    bool hurried;

    lock_take(&j->lock);
    hurried = j->hurried > 0;
    lock_give(&j->lock);
    return hurried;
}

static bool is_same(const char *a, const char *id)
{
    return a && strcmp(a, id) == 0;
}

static bool has_id_locked(struct journal *j, const char *id, int64_t but)
{
    static const enum entry_word words[] = { WORD_ID, WORD_OLD, WORD_CLAIM };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (struct entry_link *l = index_find(&j->index, words[i], id, NULL); l;
             l = index_next(&j->index, l))
            if (l->entry->number != but &&
                (is_same(l->entry->row->id, id) || is_same(l->entry->row->old, id) ||
                 is_same(l->entry->claim, id)))
                return true;
    return false;
}

/* Is there one that is so? */
static bool has_one(struct journal *j, bool (*is)(const struct intent_row *row, const char *text),
                    enum entry_word word, const char *text)
{
    bool has = false;

    lock_take(&j->lock);
    for (struct entry_link *l = index_find(&j->index, word, text, NULL); l && !has;
         l = index_next(&j->index, l))
        has = is(l->entry->row, text);
    lock_give(&j->lock);
    return has;
}

static bool has_made(const struct intent_row *row, const char *id)
{
    return (row->kind == INTENT_CREATE || row->kind == INTENT_UPDATE) &&
           row->state == INTENT_UNSURE && is_same(row->id, id);
}

bool journal_doubts(struct journal *j, const char *id)
{
    return has_one(j, has_made, WORD_ID, id);
}

static bool moves(const struct intent_row *row, const char *id)
{
    return row->kind == INTENT_MOVE && row->state <= INTENT_UNSURE && is_same(row->id, id);
}

bool journal_moves(struct journal *j, const char *id)
{
    return has_one(j, moves, WORD_ID, id);
}

static bool renames(const struct intent_row *row, const char *id)
{
    return (row->kind == INTENT_STAMP || row->kind == INTENT_MOVE) && row->state <= INTENT_UNSURE &&
           is_same(row->id, id);
}

bool journal_renames(struct journal *j, const char *id)
{
    return has_one(j, renames, WORD_ID, id);
}

static bool moves_over(const struct intent_row *row, const char *look)
{
    return row->kind == INTENT_MOVE && row->state <= INTENT_UNSURE && is_same(row->look, look);
}

bool journal_moves_over(struct journal *j, const char *look)
{
    return has_one(j, moves_over, WORD_LOOK, look);
}

bool journal_has_id(struct journal *j, const char *id, int64_t but)
{
    bool has;

    lock_take(&j->lock);
    has = has_id_locked(j, id, but);
    lock_give(&j->lock);
    return has;
}

int journal_claim(struct journal *j, int64_t number, const char *id)
{
    char *claim = strdup(id);
    struct entry *e;
    int rc;

    lock_take(&j->lock);
    e = entry_find_locked(j, number);
    rc = !claim ? -ENOMEM : !e ? -ENOENT : has_id_locked(j, id, number) ? -EEXIST : 0;
    if (rc == 0) {
        char *before = e->claim;

        e->claim = claim;
        claim = before;
        entry_changed_locked(j, e);
    }
    lock_give(&j->lock);
    free(claim);
    return rc;
}

/* Of the same kind, for the same resource, and not done. */
static bool is_like(const struct entry *e, const struct intent_row *row)
{
    return e->row->state != INTENT_DONE && e->row->kind == row->kind && e->row->id && row->id &&
           strcmp(e->row->id, row->id) == 0;
}

bool journal_is_first(struct journal *j, const struct intent_row *row)
{
    bool first = true;

    lock_take(&j->lock);
    for (struct entry_link *l = row->id ? index_find(&j->index, WORD_ID, row->id, NULL) : NULL; l;
         l = index_next(&j->index, l))
        first = first && (l->entry->number >= row->number || !is_like(l->entry, row));
    lock_give(&j->lock);
    return first;
}

int64_t journal_next_like(struct journal *j, const struct intent_row *row)
{
    int64_t number = 0;

    lock_take(&j->lock);
    for (struct entry_link *l = row->id ? index_find(&j->index, WORD_ID, row->id, NULL) : NULL; l;
         l = index_next(&j->index, l))
        if ((!number || l->entry->number < number) && !l->entry->held &&
            l->entry->number > row->number && is_like(l->entry, row))
            number = l->entry->number;
    lock_give(&j->lock);
    return number;
}

int journal_each(struct journal *j, int (*each)(void *arg, const struct intent_row *row), void *arg)
{
    struct entry *e, *next;
    int rc = 0;

    lock_take(&j->lock);
    HASH_ITER(hh, j->entries, e, next)
        if (rc == 0)
            rc = each(arg, e->row);
    lock_give(&j->lock);
    return rc;
}

void journal_get_stats(struct journal *j, struct journal_stats *out)
{
    struct entry *e, *next;

    *out = (struct journal_stats){ .oldest_ns = 0 };
    lock_take(&j->lock);
    HASH_ITER(hh, j->entries, e, next) {
        out->in_state[e->row->state]++;
        if (e->row->upload && e->row->state != INTENT_OWING) {
            out->queued++;
            out->queued_bytes += e->row->size;
        }
        out->names += e->row->kind == INTENT_STAMP;
        if (e->failing)
            memcpy(out->last_why, e->why, sizeof(out->last_why));
        if (!out->oldest_ns || e->row->since_ns < out->oldest_ns)
            out->oldest_ns = e->row->since_ns;
    }
    out->retries = j->retries;
    memcpy(out->ended, j->ended, sizeof(out->ended));
    lock_give(&j->lock);
}
