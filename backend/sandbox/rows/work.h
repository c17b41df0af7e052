/* A request while it is worked on inside a transaction, and how it is refused. */
#ifndef SANDBOX_WORK_H
#define SANDBOX_WORK_H

#include <errno.h>

#include "sandbox.h"

struct work {
    const struct sandbox *sb;
    const struct request *rq;
    struct answer *an;
    struct view *v;
    bool writer;    /* changes may be made */
    bool due;       /* a time was set at which something happens */
    int64_t now_us; /* when it began */
};

/* Beside 0, -EIO and -ENOMEM: an answer that refuses the request stands in w->an. */
#define REFUSED (-ECANCELED)

/* Fills w->an with {"message": ...}; REFUSED, or -ENOMEM. */
int refuse(struct work *w, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same without a request at hand. 0, -ENOMEM. */
int answer_message(struct answer *an, int status, const char *key, const char *text);

/* 200 and {}. 0, -ENOMEM. */
int answer_empty(struct answer *an);

/* Makes v in one line the answer. 0, -ENOMEM. */
int answer_json(struct answer *an, int status, json_t *v);

/* The row of the API that is spoken; NULL: it has no such thing. */
static inline const struct resource *row_of(const struct work *w, enum resource_kind kind)
{
    return generation_resource(w->sb->api, kind);
}

static inline bool speaks_2024(const struct work *w)
{
    return generation_of(w->sb->api) == API_2024;
}

static inline bool is_lenient(const struct work *w)
{
    return w->sb->options->lenient;
}

#endif
