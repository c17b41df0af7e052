/* A world of intents_fixture.h with writeback: what is closed waits, and is sent when a test lets it. */
#ifndef LASFS_QUEUE_FIXTURE_H
#define LASFS_QUEUE_FIXTURE_H

#include "intents_fixture.h"
#include "journal_ask.h"

/* Nothing is sent before a test lets an hour pass. */
static inline void start_waiting(struct world *w)
{
    w->writeback = true;
    w->settle_ms = HOUR_MS;
    start(w);
}

static inline int count_one(void *arg, const struct intent_row *row)
{
    size_t *n = arg;

    *n += row->kind == INTENT_CREATE;
    return 0;
}

static inline size_t intents(struct world *w)
{
    size_t n = 0;

    assert_int_equal(journal_each(w->uploads->journal, count_one, &n), 0);
    return n;
}

static inline enum drop_state drop_state_of(struct world *w, const char *name)
{
    cleanup_drop struct drop *d = find_file(w, IN_7, name);

    assert_non_null(d);
    return drop_snapshot(w->drops, d).state;
}

static inline void let_it_be_sent(struct world *w)
{
    pass(w, HOUR_MS + 1);
    for (int n = 0; n < 5000 && intents(w); n++) {
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        pass(w, 100); /* what was put off is tried again */
    }
    assert_int_equal(intents(w), 0);
}

#endif
