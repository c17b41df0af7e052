/* What is known of the intents of a journal: which resources, names and bytes they are about. Any thread, never blocks. */
#ifndef LASFS_JOURNAL_ASK_H
#define LASFS_JOURNAL_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "intent.h"

struct intent_row;
struct journal;

/* Was this made by one of which this disk has not taken that it is done? Its name's row is that of before. */
bool journal_doubts(struct journal *j, const char *id);

/* Is it another intent's than but's (0: any's), as what was made, is taken for that, or has to go? */
bool journal_has_id(struct journal *j, const char *id, int64_t but);

/* This is taken to be what the intent has made: from now on, until the intent is done, no other one's. One
 * intent claims one id. 0; -EEXIST it is another's, -ENOENT there is no such intent, -ENOMEM. */
int journal_claim(struct journal *j, int64_t number, const char *id);

/* Is none of its kind before it that is for the same resource, and not done? */
bool journal_is_first(struct journal *j, const struct intent_row *row);

/* One after it of its kind for the same resource that nobody holds, nor has done; 0: there is none. */
int64_t journal_next_like(struct journal *j, const struct intent_row *row);

/* Does a rename of this resource go on, or is it not known what came of it? */
bool journal_moves(struct journal *j, const char *id);

/* The same, or is the server still to hear what this resource is called? */
bool journal_renames(struct journal *j, const char *id);

/* Is something to take the place of what has this look (struct intent_row), as far as nobody knows whether it did? */
bool journal_moves_over(struct journal *j, const char *look);

/* How many of those that make something of these bytes are in this state. */
size_t journal_count_alike(struct journal *j, const uint8_t *sha256, enum intent_state state);

/* Does somebody wait in journal_drain()? Then nothing is put off that could be done now. */
bool journal_is_hurried(struct journal *j);

/* Each in turn, by number, while this returns 0; each() must not call the journal. */
int journal_each(struct journal *j, int (*each)(void *arg, const struct intent_row *row),
                 void *arg);

struct journal_stats {
    size_t in_state[INTENT_STATES];
    size_t queued; /* of them, those whose bytes wait to be sent, whatever is known of them */
    int64_t queued_bytes;
    size_t names;                    /* those that tell what something is called */
    int64_t oldest_ns;               /* realtime, of the oldest one; 0: there is none */
    uint64_t retries;                /* how often one was tried again */
    uint64_t ended[INTENT_EVENTS];   /* how often each event was told */
    char last_why[FAILURE_TEXT_MAX]; /* why one is put off; "" */
};
void journal_get_stats(struct journal *j, struct journal_stats *out);

#endif
