#include "entry_index.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "intent.h"
#include "intent_row.h"

#include "banned.h"

static uint64_t hash_word(enum entry_word word, const void *text, const char *more)
{
    const char tag[] = { (char)('a' + word), '\0' };
    uint64_t h = hash_text(HASH_TEXT_START, tag), bytes;

    if (word == WORD_BYTES) {
        memcpy(&bytes, text, sizeof(bytes));
        return (h ^ bytes) * UINT64_C(0x9e3779b97f4a7c15);
    }
    h = hash_text(h, text);
    return more ? hash_text(hash_text(h, "/"), more) : h;
}

/* What it is found by; NULL: not by this. */
static const void *word_of(const struct intent_row *row, const char *claim, enum entry_word word,
                           const char **more)
{
    *more = NULL;
    switch (word) {
    case WORD_ID:
        return row->id;
    case WORD_OLD:
        return row->old;
    case WORD_CLAIM:
        return claim;
    case WORD_LOOK:
        return row->kind == INTENT_MOVE ? row->look : NULL;
    case WORD_BYTES:
        return row->kind == INTENT_CREATE && row->has_sha256 ? row->sha256 : NULL;
    case WORD_NAME:
        *more = row->name;
        return row->name ? row->folder : NULL;
    }
    return NULL;
}

static struct entry_link **chain_of(struct entry_index *ix, uint64_t hash)
{
    return ix->chains ? &ix->chains[(hash >> 20 ^ hash) & ix->mask]
                      : &ix->first[(hash >> 20 ^ hash) & (INDEX_FIRST - 1)];
}

static void link_in(struct entry_link **chain, struct entry_link *l)
{
    l->next = *chain;
    l->from = chain;
    if (l->next)
        l->next->from = &l->next;
    *chain = l;
}

static void unlink_it(struct entry_index *ix, struct entry_link *l)
{
    if (!l->from)
        return;
    *l->from = l->next;
    if (l->next)
        l->next->from = l->from;
    l->from = NULL;
    ix->n--;
}

/* Twice as many chains, unless there is no memory for them. */
static void grow(struct entry_index *ix)
{
    size_t before = ix->chains ? ix->mask + 1 : INDEX_FIRST;
    struct entry_link **old = ix->chains ? ix->chains : ix->first;
    struct entry_link **chains = calloc(2 * before, sizeof(*chains));

    if (!chains)
        return;
    ix->chains = chains;
    ix->mask = 2 * before - 1;
    for (size_t i = 0; i < before; i++) {
        struct entry_link *next;

        for (struct entry_link *l = old[i]; l; l = next) {
            next = l->next;
            link_in(chain_of(ix, l->hash), l);
        }
    }
    if (old != ix->first)
        free(old);
}

void index_release(struct entry_index *ix)
{
    free(ix->chains);
    ix->chains = NULL;
}

void index_put(struct entry_index *ix, struct entry_links *links, struct entry *e,
               const struct intent_row *row, const char *claim)
{
    for (int word = 0; word < ENTRY_WORDS; word++) {
        struct entry_link *l = &links->of[word];
        const char *more;
        const void *text = word_of(row, claim, (enum entry_word)word, &more);

        unlink_it(ix, l);
        if (!text)
            continue;
        if (ix->n >= 2 * (ix->chains ? ix->mask + 1 : INDEX_FIRST))
            grow(ix);
        l->entry = e;
        l->hash = hash_word((enum entry_word)word, text, more);
        link_in(chain_of(ix, l->hash), l);
        ix->n++;
    }
}

void index_remove(struct entry_index *ix, struct entry_links *links)
{
    for (int word = 0; word < ENTRY_WORDS; word++)
        unlink_it(ix, &links->of[word]);
}

static struct entry_link *same_hash(struct entry_index *ix, struct entry_link *l, uint64_t hash)
{
    while (l) {
        ix->looked++;
        if (l->hash == hash)
            return l;
        l = l->next;
    }
    return NULL;
}

struct entry_link *index_find(struct entry_index *ix, enum entry_word word, const void *text,
                              const char *more)
{
    uint64_t hash = hash_word(word, text, more);

    return same_hash(ix, *chain_of(ix, hash), hash);
}

struct entry_link *index_next(struct entry_index *ix, struct entry_link *l)
{
    return same_hash(ix, l->next, l->hash);
}
