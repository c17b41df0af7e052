/*
 * The table of the API: what collections and endpoints there are, which verbs they have, what
 * their resources look like and what requests may say. Everything else in the project asks this
 * table; an exception of the API is a column here. Source: the API's OpenAPI description of
 * 2021-09-23, mended where the service is known to differ.
 * All of it is constant: any thread, nothing to free.
 */
#ifndef LASFS_RESOURCES_H
#define LASFS_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"

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
    RES_COUNT
};

/* --- What a value may be --------------------------------------------------------------------- */

enum value_type { V_STRING, V_INTEGER, V_NUMBER, V_BOOLEAN, V_OBJECT, V_ARRAY };

#define LIMIT_MIN 1u
#define LIMIT_MAX 2u

struct schema {
    enum value_type type;
    bool nullable;                /* in a request; an answer may have null anywhere but the id */
    bool closed;                  /* object: refuses members that are not in members */
    unsigned limits;              /* which of min and max hold */
    int64_t min, max;             /* of a number; characters of a string; items of an array */
    const char *pattern;          /* POSIX extended regular expression */
    const char *const *enums;     /* strings, NULL at the end */
    const int *ints;              /* integers, 0 at the end */
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

#define F_IN_POST (F_POST | F_POST_NEEDS)
#define F_IN_PATCH (F_PATCH | F_PATCH_NEEDS)
#define F_READABLE (F_ANSWER | F_MAYBE)

struct field {
    const char *name; /* as the API spells it; NULL ends a list */
    unsigned flags;
    const struct schema *schema; /* as it is sent; as it is answered where it is never sent */
    const char *read_at;         /* where an answer has it, "parameters.assets"; NULL: by name */
    const struct schema *answer; /* as it is answered, where that differs; NULL: schema */
    const char *ending;          /* base64 of bytes: its file has the bytes, and this ending */
    /* a PATCH that has it says this too, unless it says something else of that field */
    struct {
        const char *field, *value;
    } implies;
};

/* --- Lists ----------------------------------------------------------------------------------- */

enum echo { ECHO_NONE, ECHO_ARRAY, ECHO_STRING };

struct filter {
    const char *name; /* of the query parameter and of the field it is compared with */
    bool repeats;     /* several values: any of them */
    enum echo echo;   /* how the answer gives it back */
    const struct schema *schema;
};

#define SORTS_BY (1u << 0)      /* takes sortBy */
#define SORTS_ORDER (1u << 1)   /* takes order */
#define ECHOES_SORT (1u << 2)   /* gives them back */
#define ECHOES_PARENT (1u << 3) /* the answer carries the parent's id */

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
    unsigned flags;
    enum make_from make_from;
    const char *made_field, *changed_field; /* the times: ctime and mtime */
    const char *name_field;                 /* what its name in the mount is in the API, or NULL */
    const char *type_field;                 /* MAKE_DOCUMENT: the field for the type of its bytes */
    const char *url_field; /* a later API's: the address of its bytes, for GET and PUT; or NULL */
    int64_t url_max;       /* so many of them can be put there */
    const char *own_id;    /* an id that is always there and means one's own */
    const struct filter *filters; /* name NULL at the end; NULL: none */
    unsigned sorts;
    const char *bare;        /* what a POST's body that lacks it is: "specification.definition" */
    const char *state_field; /* an enum of which ... */
    const char *const *passing; /* ... these values change by themselves, soon; NULL at the end */
    const struct field *fields; /* name NULL at the end */
};

/* kind's row; NULL for RES_NONE. */
const struct resource *resource_get(enum resource_kind kind);

/* The collection called name under parent (RES_NONE: at the top), or NULL. */
const struct resource *resource_by_name(enum resource_kind parent, const char *name);

/* The row whose ids look like this one ("las:model:..."), or NULL. */
const struct resource *resource_by_id(const char *id);

const struct field *resource_field(const struct resource *res, const char *name);
const struct filter *resource_filter(const struct resource *res, const char *name);

/* Is one made by a file NAME.json, whatever else makes one? */
bool resource_takes_json(const struct resource *res);

/* Does a request for one carry what must never reach a disk of ours? */
bool resource_takes_secrets(const struct resource *res);

/* The field that holds the id of one of these, or NULL. */
const struct field *resource_field_of(const struct resource *res, enum resource_kind refers);

/* The largest content in bytes before base64; 0 when the resource has none. A url_field's is
 * another way, which a server may have or not. */
int64_t resource_content_max(const struct resource *res);

/*
 * May this id be used for this resource? The word must be the resource's; what follows is
 * looser than the description, as later ids are: id_ok(). The resource's own_id is one. res NULL:
 * any id.
 */
bool resource_id_ok(const struct resource *res, const char *id);

/* Is it one as the description has them, "las:WORD:" and 32 hex digits in most cases, so that it
 * cannot be meant for a name? The resource's own_id is one. */
bool resource_id_is_whole(const struct resource *res, const char *id);

/* Can this be the id of one, by what an answer says? Any well-formed one, and own_id. */
bool resource_id_answered(const struct resource *res, const char *id, size_t len);

/* las:consent:<32 hex>: callers make these up, there is no collection of them. */
bool consent_id_ok(const char *id);

/* Does text match a POSIX extended regular expression of this table? Any thread. */
bool schema_pattern_ok(const char *pattern, const char *text);

/* Is the value one line of text (string, number, boolean), and not a structure? */
bool schema_is_scalar(const struct schema *s);

/* The largest list page that is asked for; the API's own default. */
#define RESOURCE_PAGE_SIZE 100

/* Quotas are counted and told by these names in an organization: "Documents" in
 * monthlyNumberOfDocumentsAllowed. */
struct quota {
    enum resource_kind kind; /* RES_NONE: of something that is gone from the API */
    const char *allowed, *created;
    bool monthly;
};
extern const struct quota resource_quotas[]; /* allowed NULL at the end */

#endif
