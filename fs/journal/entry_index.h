/*
 * Entries by what one asks for them by: ids, looks, bytes, names. A chained hash whose links stand in the entries,
 * so that nothing but its growing takes memory; without that, chains are longer. The journal's lock is held over all
 * of it, and what is in it is put again when its row or its claim has changed.
 */
#ifndef LASFS_ENTRY_INDEX_H
#define LASFS_ENTRY_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct entry;
struct intent_row;

enum entry_word {
    WORD_ID,
    WORD_OLD,
    WORD_CLAIM,
    WORD_LOOK,
    WORD_BYTES, /* their SHA-256 */
    WORD_NAME,  /* with its folder */
};
#define ENTRY_WORDS (WORD_NAME + 1)

struct entry_link {
    struct entry *entry;
    uint64_t hash;
    struct entry_link *next, **from; /* from NULL: it is in no chain */
};

/* All of an entry's; {0} to begin with. */
struct entry_links {
    struct entry_link of[ENTRY_WORDS];
};

#define INDEX_FIRST 64 /* chains to begin with */
struct entry_index {
    struct entry_link **chains; /* NULL: first */
    size_t mask, n;
    struct entry_link *first[INDEX_FIRST];
    uint64_t looked; /* how many links were looked at */
};

void index_release(struct entry_index *ix);

/* e, whose links these are, is found by this row and this claim (or NULL), and by no other any more. */
void index_put(struct entry_index *ix, struct entry_links *links, struct entry *e,
               const struct intent_row *row, const char *claim);
void index_remove(struct entry_index *ix, struct entry_links *links);

/* Those that may have this word, one after the other, in no order: others can have the same hash, so the caller
 * compares. more: of WORD_NAME the name in the folder, else NULL. */
struct entry_link *index_find(struct entry_index *ix, enum entry_word word, const void *text,
                              const char *more);
struct entry_link *index_next(struct entry_index *ix, struct entry_link *l);

#endif
