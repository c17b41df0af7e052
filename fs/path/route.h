/*
 * From the components of a path to what stands there: pure, no I/O, nothing to free. Where the
 * tree alone cannot tell (an entry of a collection may be an id, a name or a dropped file) the
 * place is a NODE_ENTRY, and its form says what the name looks like.
 */
#ifndef LASFS_ROUTE_H
#define LASFS_ROUTE_H

#include "tree.h"

enum name_form {
    FORM_NONE,
    FORM_ID,       /* las:document:<32 hex>: an id of this collection, and never a name */
    FORM_LATER_ID, /* las:model:some-words: an id if the API has it, else a name */
    FORM_SHORT_ID, /* 8 to 31 hex digits: the start of an id's digits, or a name */
    FORM_NAME,     /* anything else */
    FORM_HIDDEN,   /* starts with a dot: a scratch file perhaps, never a resource's name */
};

struct place {
    enum node_kind kind;
    const struct resource *res;  /* of a collection, resource, entry, field, content */
    const struct tree_row *row;  /* of what the tree's table names */
    const struct field *field;   /* of a NODE_FIELD */
    enum name_form form;         /* of a NODE_ENTRY */
    const char *ending;          /* of a NODE_CONTENT_LINK */
    const struct filter *filter; /* of a NODE_BY_FIELD or NODE_BY_VALUE */
};

#define ROUTE_NAME_MAX 255
#define ROUTE_SHORT_ID_MIN 8

extern const struct place route_root;

/*
 * What is called name in at. 0; -ENOENT nothing can be; -ENOTDIR at is a file; -ENAMETOOLONG.
 * "." and ".." are the kernel's business: -ENOENT.
 */
int route_step(const struct place *at, const char *name, struct place *out);

/* What an entry is once it is known to be a resource of its collection. */
struct place route_resource(const struct place *entry);

/*
 * A whole path, '/' first; entries on the way are taken for resources. For tests and messages.
 */
int route_parse(const char *path, struct place *out);

/* The file name of a field: "name", "fieldConfig.json". 0 or -ENAMETOOLONG. */
int route_field_name(const struct field *f, char out[ROUTE_NAME_MAX + 1]);

/* The file name of a F_LINES field's events as text. 0 or -ENAMETOOLONG. */
int route_lines_name(const struct field *f, char out[ROUTE_NAME_MAX + 1]);

/* May this field be seen as a file? */
bool route_field_shown(const struct field *f);

/* Is its file there only while the resource has a value for it? What can be written is there to be
 * written. */
bool route_field_may_lack(const struct field *f);

/* Do the digits that an id begins with look so? Pure. */
bool route_is_short_id(const char *name);

/* An id as the name of its directory: names_encode(), as one may have a '/'. 0, -EINVAL,
 * -ENAMETOOLONG. */
int route_id_name(const char *id, char out[ROUTE_NAME_MAX + 1]);

/* The reverse. 0, -EINVAL: no id is called so. */
int route_name_id(const char *name, char out[RESOURCE_ID_MAX + 1]);

/* What a name in this collection looks like. */
enum name_form route_form(const struct resource *res, const char *name);

#endif
