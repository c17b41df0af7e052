/*
 * What the rows of the API's table are made of; resources.h has the table.
 */
#ifndef LASFS_TABLE_H
#define LASFS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum resource_kind {
    RES_NONE,
    RES_APP_CLIENTS,
    RES_ASSETS,
    RES_DATASETS,
    RES_DOCUMENTS,
    RES_LOGS,
    RES_MODELS,
    RES_DATA_BUNDLES,
    RES_ORGANIZATIONS,
    RES_PREDICTIONS,
    RES_SECRETS,
    RES_TRANSITIONS,
    RES_TRANSITION_EXECUTIONS,
    RES_HEARTBEATS,
    RES_USERS,
    RES_WORKFLOWS,
    RES_WORKFLOW_EXECUTIONS,
    /* today's; states on disks have these numbers */
    RES_TRAININGS,
    RES_TRANSFORMATIONS,
    RES_PROFILES,
    RES_ROLES,
    RES_PLANS,
    RES_PAYMENT_METHODS,
    RES_DEPLOYMENT_ENVIRONMENTS,
    RES_COUNT
};

/* --- What a value may be --------------------------------------------------------------------- */

enum value_type { V_STRING, V_INTEGER, V_NUMBER, V_BOOLEAN, V_OBJECT, V_ARRAY };

#define LIMIT_MIN 1u
#define LIMIT_MAX 2u
#define INTS_END (-1)

struct schema {
    enum value_type type;
    bool nullable;                /* in a request; an answer may have null anywhere but the id */
    bool different;               /* array: no item stands in it twice */
    bool closed;                  /* object: refuses members that are not in members */
    unsigned limits;              /* which of min and max hold */
    int64_t min, max;             /* of a number; characters of a string; items of an array;
                                     members of an object */
    int64_t most_bytes;           /* object: of its JSON; 0: any */
    const char *names;            /* object: what the names of its members match */
    const char *pattern;          /* POSIX extended regular expression */
    const char *const *enums;     /* strings, NULL at the end */
    const int *ints;              /* integers, INTS_END at the end */
    const struct member *members; /* object: name NULL at the end */
    const struct schema *items;   /* array */
    const struct schema *values;  /* object: of members that are not in members */
    const struct schema *const *any_of; /* one of these instead; NULL at the end */
    enum resource_kind refers;          /* the id of one of these */
    bool base64;                        /* bytes as base64; white space in it is ignored */
    bool time;                          /* a point in time */
};

struct member {
    const char *name;
    const struct schema *schema;
    bool required;
};

/* --- Where a field occurs -------------------------------------------------------------------- */

#define F_ANSWER (1u << 0)      /* in every answer */
#define F_MAYBE (1u << 1)       /* in answers, but may be absent */
#define F_NULL (1u << 2)        /* null in answers, by the description or in practice */
#define F_BY_ID (1u << 3)       /* in answers to GET by id alone, never in a list */
#define F_ONCE (1u << 4)        /* in the answer to POST alone */
#define F_POST (1u << 5)        /* may be in a POST */
#define F_POST_NEEDS (1u << 6)  /* must be in a POST */
#define F_PATCH (1u << 7)       /* may be in a PATCH */
#define F_PATCH_NEEDS (1u << 8) /* must be in a PATCH */
#define F_AT_ONCE (1u << 9)     /* an id, an enum, a command: sent inside write(2) */
#define F_NO_FILE (1u << 10)    /* has no file by its name: content and the like */
#define F_LABELS (1u << 11)     /* a list of {label, value}: other forms are understood */
#define F_SECRET (1u << 12)     /* its value never reaches a log or a disk of ours */
#define F_KEPT (1u << 13)       /* goes to the resource that takes this one's place */
#define F_LINES (1u << 14)      /* a list of {timestamp, message}: also there as lines of text */

#define F_ALL (~0u)
#define F_IN_POST (F_POST | F_POST_NEEDS)
#define F_IN_PATCH (F_PATCH | F_PATCH_NEEDS)
#define F_READABLE (F_ANSWER | F_MAYBE)

struct field {
    const char *name; /* as the API spells it; NULL ends a list */
    unsigned flags;
    const struct schema *schema; /* as it is sent; as it is answered where it is never sent */
    unsigned since, until;       /* of flags: what one generation alone has; F_ALL: the field */
    const struct schema *was;    /* schema in 2021; NULL: the same */
    const struct schema *patch;  /* as a PATCH of 2024 has it, where that differs */
    const char *read_at;         /* where an answer has it, "parameters.assets"; NULL: by name */
    const struct schema *answer; /* as it is answered, where that differs; NULL: schema */
    const struct schema *answer_was; /* answer in 2021; NULL: the same */
    const char *ending;              /* base64 of bytes: its file has the bytes, and this ending */
    /* a PATCH that has it says this too, unless it says something else of that field */
    struct {
        const char *field, *value;
    } implies;
};

/* --- Lists ----------------------------------------------------------------------------------- */

enum echo { ECHO_NONE, ECHO_ARRAY, ECHO_STRING };

struct filter {
    const char *name; /* of the query parameter */
    bool repeats;     /* several values: any of them */
    enum echo echo;   /* how the answer gives it back */
    const struct schema *schema;
    bool since;               /* 2024 alone has it */
    bool list_only;           /* never of a DELETE */
    const struct schema *was; /* schema in 2021; NULL: the same */
    const char *field;        /* what it is compared with; NULL: the field of its name */
    enum filter_way {
        FILTER_IS,
        FILTER_FROM, /* a time: no earlier */
        FILTER_TO,   /* a time: no later */
    } way;
    bool owns; /* an organization: what is found may have it before its id (id_own()) */
};

#define SORTS_BY (1u << 0)         /* takes sortBy */
#define SORTS_ORDER (1u << 1)      /* takes order */
#define ECHOES_SORT (1u << 2)      /* gives them back */
#define ECHOES_PARENT (1u << 3)    /* the answer carries the parent's id */
#define SORTS_BY_CHANGED (1u << 4) /* sortBy may be changed_field, not only made_field */

/* --- Resources ------------------------------------------------------------------------------- */

#define CAN_LIST (1u << 0)
#define CAN_POST (1u << 1)
#define CAN_GET (1u << 2)
#define CAN_PATCH (1u << 3)
#define CAN_DELETE (1u << 4)
#define CAN_DELETE_MANY (1u << 5) /* DELETE on the list, with filters */

#define R_POST_OPEN (1u << 0)     /* a POST's body takes unknown fields */
#define R_PATCH_EMPTY (1u << 1)   /* PATCH {} is legal and means something */
#define R_COMMAND (1u << 2)       /* not a collection: a POST to it does something, answers 204 */
#define R_NEWEST_FIRST (1u << 3)  /* lists come by startTime, newest first */
#define R_MUST_BE_EMPTY (1u << 4) /* DELETE is refused while something stands in it */
#define R_SLOW_POST (1u << 5)     /* a POST is answered when its work is done, after seconds */

/* What a program must do in the mount to create one. */
enum make_from {
    MAKE_NOT,
    MAKE_NAME,     /* mkdir NAME: the body is {"name": NAME} */
    MAKE_EMAIL,    /* mkdir EMAIL */
    MAKE_BYTES,    /* a file of any kind: its bytes are the content */
    MAKE_DOCUMENT, /* a file of one of the four types */
    MAKE_JSON,     /* a file NAME.json: its text is the body */
    MAKE_CLAIM,    /* mkdir NAME: POST {} gives one that was waiting, if there is one */
};

/* What an address of bytes takes behind a '?', to give a picture of a page in their place. */
struct picturing {
    const char *page;        /* which one: a number from 0 on, or from the end below it */
    const char *small;       /* a small one of the first: the whole query */
    const char *const *more; /* what else may be said, as WORD=VALUE; NULL at the end */
};

/* A field that a GET of one tells more of when it is asked for the last days: from 1 to most. */
struct recency {
    const char *field, *query; /* the parameter that has how many */
    int64_t most;
};

struct resource {
    enum resource_kind kind;
    const char *path; /* "models/{modelId}/dataBundles/{dataBundleId}" */
    enum resource_kind parent;
    const char *name;     /* the collection's: "dataBundles" */
    const char *list_key; /* of the array in a list's answer */
    const char *id_field; /* "dataBundleId" */
    const char *id_type;  /* las:ID_TYPE:... */
    const struct schema *id;
    unsigned can;
    unsigned since; /* of can: what 2024 alone has; all: the resource */
    unsigned flags;
    unsigned flags_until; /* of flags: what 2021 alone has */
    enum make_from make_from;
    const char *made_field, *changed_field; /* the times: ctime and mtime */
    const char *name_field;                 /* what its name in the mount is in the API, or NULL */
    const char *type_field;                 /* MAKE_DOCUMENT: the field for the type of its bytes */
    const char *title_field;  /* today's: what a file put there was called; not unique; or NULL */
    const char *notes_field;  /* today's: an object that is anyone's to write into; or NULL */
    const char *digest_field; /* today's: MD5 of its bytes, as servers seem to have it; or NULL */
    const char *path_note;    /* under this key of it other clients note a file's path; or NULL */
    const char *url_field; /* a later API's: the address of its bytes, for GET and PUT; or NULL */
    int64_t url_max;       /* so many of them can be put there */
    const struct picturing *pictures; /* that it can give, or NULL */
    const struct recency *recent;     /* today's, or NULL */
    const char *own_id;               /* an id that is always there and means one's own */
    const struct filter *filters;     /* name NULL at the end; NULL: none */
    unsigned sorts;
    unsigned sorts_since;    /* of sorts: what 2024 alone has */
    const char *bare;        /* what a POST's body that lacks it is: "specification.definition" */
    const char *state_field; /* an enum of which ... */
    const char *const *passing; /* ... these values change by themselves, soon; NULL at the end */
    const char *failed;         /* ... and this one says that nothing came of it, or NULL */
    const char *const
        *ended; /* the words that say that nothing more comes: with any other one labels that
                                 * are null are still to come; NULL: only passing says so */
    const char *why_field;  /* for this reason */
    const char *next_field; /* its answer is a part: the page where the next one begins; or NULL */
    const char *const
        *paged_by; /* members of a POST's body that say which part it is about, with dots;
                                    the first is where next_field goes; NULL at the end */
    const char *
        most_pages; /* the member of a POST's body that says how many pages at most, in all parts */
    const struct field *fields; /* name NULL at the end */
};

#endif
