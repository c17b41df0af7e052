/*
 * What a kind of resources does besides being rows; kinds.h has all of them. Each function runs in
 * the writer's transaction and returns as item.h's do.
 */
#ifndef SANDBOX_KIND_H
#define SANDBOX_KIND_H

#include <jansson.h>
#include <stdbool.h>

#include "resources.h"

struct item;
struct work;

struct kind {
    /* A new one has its fields and defaults, and is not stored yet: fill in what depends. */
    int (*make)(struct work *w, struct item *it, json_t *fields);
    int (*made)(struct work *w, struct item *it); /* it is stored: count it elsewhere */
    /* A PATCH's fields are in it->body, the old ones in it->before; it is stored after this. */
    int (*change)(struct work *w, struct item *it, json_t *fields);
    int (*unmake)(struct work *w,
                  struct item *it);              /* about to be deleted: refuse, or count it out */
    int (*post)(struct work *w);                 /* in place of making one from a POST's body */
    int (*due)(struct work *w, struct item *it); /* its time has come; it is stored after this */
    /*
     * A transition execution of one of these has ended. Called inside the change that ends it, with
     * everything about it set. Here is where a workflow goes on.
     */
    int (*task_ended)(struct work *w, struct item *task, bool timed_out);
    /* Adds to what an answer shows what is worked out each time. */
    int (*show)(struct work *w, struct item *it);
    const char *lookup; /* the field by which view_find() finds it, where it has no filters */
};

struct default_value {
    enum resource_kind kind;
    const char *field;
    const char *json;
};

struct kinds {
    const struct kind *of[RES_COUNT];     /* NULL: it does nothing */
    const struct default_value *defaults; /* of fields that a POST leaves out; RES_NONE ends them */
};

/* Never NULL. */
const struct kind *kind_of(const struct kinds *kinds, enum resource_kind kind);

#endif
