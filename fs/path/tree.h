/*
 * The second table: what stands where in the mount and what it is. A collection that shall stand
 * in a new place is a row in tree.c. Constant: any thread.
 */
#ifndef LASFS_TREE_H
#define LASFS_TREE_H

#include "resources.h"

enum node_kind {
    NODE_NONE,
    NODE_ROOT,
    NODE_COLLECTION,   /* a list of the API, perhaps filtered by what it stands under */
    NODE_CONSENTS,     /* the consents that documents carry */
    NODE_CONSENT,      /* one of them: no resource, but a folder */
    NODE_RESOURCE,     /* a resource's directory */
    NODE_SUBFOLDER,    /* a folder within a documents folder, known to the state alone */
    NODE_ENTRY,        /* in a collection: a resource or a dropped file, by id or name */
    NODE_WHOLE,        /* resource.json */
    NODE_LINES,        /* events.txt: a field's events as lines of text */
    NODE_HEARTBEAT,    /* heartbeat: a write sends one */
    NODE_FIELD,        /* name, fieldConfig.json, ... */
    NODE_CONTENT,      /* content */
    NODE_CONTENT_LINK, /* content.pdf -> content */
    NODE_PICTURE,      /* .page-0.jpg, .thumbnail.jpg: of a content's page, never listed */
    NODE_RECENT,       /* .statistics-7.json: a field over the last days, never listed */
    NODE_DROP,         /* a dropped file */
    NODE_ERROR_NOTE,   /* NAME.error.txt beside a file that could not be delivered */
    NODE_BY_NAME,      /* .by-name: links to a collection's resources, never listed itself */
    NODE_BY_ID,        /* .by-id */
    NODE_BY_FIELD,     /* .by-status, for each filter of the list: its values */
    NODE_BY_VALUE,     /* .by-status/running: links */
    NODE_LINK,         /* a link to a resource of the collection */
    NODE_LIST,         /* .list.jsonl: the whole list, a resource a line */
    NODE_SHA256SUMS,   /* .sha256sums: of the files dropped here that the server has */
    NODE_FILES_TSV,    /* .files.tsv: the same with their ids, for scripts */
    NODE_README,
    NODE_LASFS, /* .lasfs */
    NODE_STATUS,
    NODE_ERRORS,
    NODE_REFRESH,
    NODE_CONTROL, /* .lasfs/control: a command a write */
    NODE_METRICS, /* .lasfs/metrics */
    NODE_FAILED,  /* .lasfs/failed */
    NODE_FAILED_FILE,
    NODE_PENDING, /* .lasfs/pending */
    NODE_PENDING_FILE,
    NODE_KINDS
};

struct tree_row {
    enum node_kind under;
    enum resource_kind under_res; /* under a NODE_RESOURCE: of which resource */
    const char *name;
    enum node_kind kind;
    enum resource_kind res; /* of a NODE_COLLECTION */
    const char *filter;     /* the list's filter that takes the id of what it stands under */
    enum row_use {
        ROW_LIST,
        ROW_INBOX, /* what is put here is predicted by the model that it stands under */
        ROW_ASK,   /* MODEL.json asks that model about the document that it stands under */
    } use;         /* of a NODE_COLLECTION; those but ROW_LIST show only what was put there */
};

/* The i-th row under such a node, or NULL after the last. res is of a NODE_RESOURCE. */
const struct tree_row *tree_child(enum node_kind under, enum resource_kind res, unsigned i);

/* The row of that name, or NULL. */
const struct tree_row *tree_find(enum node_kind under, enum resource_kind res, const char *name);

bool tree_is_dir(enum node_kind kind);

/* What says which files of a folder of documents the server has. */
bool tree_is_delivered(enum node_kind kind);

/* Bytes that are shown in .lasfs too, to be read there. */
bool tree_is_spool_file(enum node_kind kind);

/* The file endings by which a content is also there: "pdf" for application/pdf; NULL: none. */
const char *tree_content_ending(const char *content_type);

#endif
