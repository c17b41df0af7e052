/* A name that is going to move with its resource, in a world of uploads_fixture.h. */
#ifndef LASFS_MOVING_FIXTURE_H
#define LASFS_MOVING_FIXTURE_H

#include "intents_fixture.h"

#include "moving.h"

#define IN_8 "datasets/dataset#8/documents"

/* document#1, a.pdf in that folder, is going to move; it is held. */
static inline struct drop *put_one_in(struct world *w, const char *key)
{
    struct drop *d;

    start(w);
    assert_int_equal(put(w, key, "a.pdf", pdf("mine")), 0);
    pass(w, 1);
    d = find_file(w, key, "a.pdf");
    assert_int_equal(drop_lock_exclusive(w->drops, d, &w->call), 0);
    w->api.said[0] = '\0';
    w->err = (struct failure){ .text = "" };
    return d;
}

/* In dataset 7. */
static inline struct drop *put_one(struct world *w)
{
    return put_one_in(w, IN_7);
}

/* Into dataset 8. */
static inline struct moving moving_of(struct world *w, struct drop *d)
{
    return (struct moving){ .uploads = w->uploads,
                            .call = &w->call,
                            .drop = d,
                            .name = "a.pdf",
                            .to = folder_at(w, IN_8),
                            .to_name = "a.pdf" };
}

#endif
