/* What the sandbox's parts share: the server, a request, an answer. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "generation.h"
#include "ident.h"
#include "rules.h"
#include "sandbox_options.h"
#include "store.h"

/* All of it is set once, before the first request; due is set last and is not its thread's. */
struct sandbox {
    const struct sandbox_options *options;
    struct generation_table *api; /* what it speaks */
    const struct kinds *kinds;
    struct store *store;
    struct rules *rules;
    struct tokens *tokens;
    struct due *due;
    int64_t epoch_us;    /* the wall clock when clock_now_ms() was 0, as it was at the start */
    char client[ID_MAX]; /* the app client of the command line's id and secret */
    char organization[ID_MAX];
    char profile[ID_MAX]; /* of who asks; "": that API has none */
};

enum verb { VERB_GET, VERB_POST, VERB_PATCH, VERB_DELETE, VERB_OPTIONS, VERB_OTHER };

#define ADDRESS_IDS 2

/* What a path names: a list of res (or a command), or with item set one of its resources. */
struct address {
    const struct resource *res;
    bool item;
    unsigned n_ids;
    char ids
        [ADDRESS_IDS]
        [ID_MAX]; /* from the left; "me" is already the organization's, and no id has that before it */
};

struct argument {
    const char *name, *value;
};

#define ORIGIN_MAX 256

struct request {
    enum verb verb;
    struct address target;
    json_t *body;                /* of a POST or PATCH; NULL: none was sent */
    const struct argument *args; /* of the query, in their order */
    size_t n_args;
    const char *mark;        /* a fact that is kept together with what a POST makes, or NULL */
    char caller[ID_MAX];     /* the app client whose token it is */
    char origin[ORIGIN_MAX]; /* "http://HOST" as the client spells the server; "": not known */
};

struct answer {
    int status;
    char *body; /* the receiver frees it; NULL: none */
    size_t len;
    const char *type; /* of the body, in constant memory; NULL: JSON */
};

#endif
