/*
 * What the API's kinds of resources do besides being rows: defaults, refusals, side effects.
 * Each function runs in the writer's transaction and returns as item.h's do.
 */
#ifndef SANDBOX_KINDS_H
#define SANDBOX_KINDS_H

#include "item.h"

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
    /* Adds to what an answer shows what is worked out each time. */
    int (*show)(struct work *w, struct item *it);
    const char *lookup; /* the field by which view_find() finds it, where it has no filters */
};

/* Never NULL. */
const struct kind *kind_of(enum resource_kind kind);

struct default_value {
    enum resource_kind kind;
    const char *field;
    const char *json;
};

/* What a field is that a POST leaves out; kind RES_NONE ends the list. */
extern const struct default_value kind_defaults[];

extern const struct kind kind_app_clients, kind_organizations;
extern const struct kind kind_datasets, kind_documents;
extern const struct kind kind_models, kind_data_bundles, kind_predictions;
extern const struct kind kind_transitions, kind_transition_executions, kind_heartbeats;
extern const struct kind kind_workflows, kind_workflow_executions;

#endif
