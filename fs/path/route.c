#include "route.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "names.h"
#include "picture_name.h"
#include "recent_name.h"

#include "banned.h"

#define SHORT_ID_MAX 31
#define INDEX_PREFIX ".by-"

static const char *const link_endings[] = { "pdf", "jpg", "jpeg", "png", "tiff", "tif", "webp" };

const struct place route_root = { .kind = NODE_ROOT };

bool route_is_short_id(const char *name)
{
    size_t len = strlen(name);

    return len >= ROUTE_SHORT_ID_MIN && len <= SHORT_ID_MAX &&
           strspn(name, "0123456789abcdef") == len;
}

int route_id_name(const char *id, char out[ROUTE_NAME_MAX + 1])
{
    return names_encode(id, out);
}

int route_name_id(const char *name, char out[RESOURCE_ID_MAX + 1])
{
    char id[NAMES_MAX + 1];

    if (names_decode(name, id) < 0 || strlen(id) > RESOURCE_ID_MAX)
        return -EINVAL;
    memcpy(out, id, strlen(id) + 1);
    return 0;
}

enum name_form route_form(const struct resource *res, const char *name)
{
    char id[RESOURCE_ID_MAX + 1];
    bool may_be = route_name_id(name, id) == 0;

    if (name[0] == '.')
        return FORM_HIDDEN;
    if (may_be && resource_id_is_whole(res, id))
        return FORM_ID;
    /* no id that the API gives has a dot: las:document:...pdf is a file's name */
    if (may_be && resource_id_ok(res, id) && !strchr(id, '.'))
        return FORM_LATER_ID;
    return route_is_short_id(name) ? FORM_SHORT_ID : FORM_NAME;
}

bool route_field_shown(const struct field *f)
{
    if (f->flags & F_NO_FILE)
        return false;
    return f->flags & (F_READABLE | F_IN_PATCH);
}

bool route_field_may_lack(const struct field *f)
{
    if (f->since == F_ALL)
        return true;
    if (f->until == F_ALL) /* what an older server lets one write is there to be written */
        return !(f->flags & F_MAYBE) || !(f->flags & F_IN_PATCH);
    if ((f->flags & F_READABLE) && !(f->flags & ~f->until & F_READABLE))
        return true; /* one generation answers it, and the next one only asks for it */
    return (f->flags & ~f->since & F_MAYBE) && !(f->flags & F_IN_PATCH);
}

int route_field_name(const struct field *f, char out[ROUTE_NAME_MAX + 1])
{
    const char *ending = f->ending ? f->ending : schema_is_scalar(f->schema) ? NULL : "json";
    int n = snprintf(out, ROUTE_NAME_MAX + 1, "%s%s%s", f->name, ending ? "." : "",
                     ending ? ending : "");

    return n > ROUTE_NAME_MAX ? -ENAMETOOLONG : 0;
}

int route_lines_name(const struct field *f, char out[ROUTE_NAME_MAX + 1])
{
    return snprintf(out, ROUTE_NAME_MAX + 1, "%s.txt", f->name) > ROUTE_NAME_MAX ? -ENAMETOOLONG
                                                                                 : 0;
}

static const struct field *field_by_file(const struct resource *res, const char *name)
{
    for (const struct field *f = res->fields; f->name; f++) {
        char file[ROUTE_NAME_MAX + 1];

        if (route_field_shown(f) && route_field_name(f, file) == 0 && strcmp(file, name) == 0)
            return f;
    }
    return NULL;
}

/* NAME.txt of a field that is a list of events. */
static const struct field *field_by_lines(const struct resource *res, const char *name)
{
    for (const struct field *f = res->fields; f->name; f++) {
        char file[ROUTE_NAME_MAX + 1];

        if ((f->flags & F_LINES) && route_lines_name(f, file) == 0 && strcmp(file, name) == 0)
            return f;
    }
    return NULL;
}

static const char *link_ending(const char *name)
{
    if (strncmp(name, "content.", 8) != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(link_endings); i++)
        if (strcmp(name + 8, link_endings[i]) == 0)
            return link_endings[i];
    return NULL;
}

static int step_resource(const struct place *at, const char *name, struct place *out)
{
    bool has_content = resource_content_max(at->res) > 0;
    char query[PICTURE_QUERY_MAX + 1], days[RECENT_DAYS_MAX + 1];

    *out = (struct place){ .res = at->res };
    if (strcmp(name, "resource.json") == 0)
        out->kind = NODE_WHOLE;
    else if (has_content && strcmp(name, "content") == 0)
        out->kind = NODE_CONTENT;
    else if (has_content && (out->ending = link_ending(name)))
        out->kind = NODE_CONTENT_LINK;
    else if (picture_query(at->res, name, query) == 0)
        out->kind = NODE_PICTURE;
    else if (recent_days(at->res, name, days) == 0)
        out->kind = NODE_RECENT;
    else if ((out->field = field_by_file(at->res, name)))
        out->kind = NODE_FIELD;
    else if ((out->field = field_by_lines(at->res, name)))
        out->kind = NODE_LINES;
    else
        out->kind = NODE_ENTRY, out->form = FORM_NAME; /* a scratch file at most */
    return 0;
}

/* Folders within have them of the files in them. */
static bool is_names(const struct tree_row *row)
{
    return row && row->kind == NODE_BY_NAME;
}

/* What stands beside the resources of a list, but in no listing. false: nothing of that name. */
static bool step_index(const struct place *at, const char *name, struct place *out)
{
    const struct tree_row *row = tree_find(NODE_COLLECTION, RES_NONE, name);
    const struct filter *filter = NULL;

    if (!(at->res->can & CAN_LIST) || (at->row && at->row->use != ROW_LIST))
        return false;
    if (row && tree_is_delivered(row->kind) ? at->res->make_from != MAKE_DOCUMENT
                                            : at->kind != NODE_COLLECTION && !is_names(row))
        return false;
    if (!row && strncmp(name, INDEX_PREFIX, strlen(INDEX_PREFIX)) == 0)
        filter = resource_filter(at->res, name + strlen(INDEX_PREFIX));
    if (!row && !filter)
        return false;
    *out = (struct place){
        .kind = row ? row->kind : NODE_BY_FIELD, .row = row, .res = at->res, .filter = filter
    };
    return true;
}

static bool may_be_id(const struct resource *res, const char *name)
{
    char id[RESOURCE_ID_MAX + 1];

    return route_name_id(name, id) == 0 && resource_id_ok(res, id);
}

static bool may_be_value(const struct filter *filter, const char *name)
{
    if (filter->owns)
        return may_be_id(resource_get(RES_ORGANIZATIONS), name);
    if (filter->schema->time)
        return schema_pattern_ok(filter->schema->pattern, name);
    if (!filter->schema->enums)
        return may_be_id(resource_get(filter->schema->refers), name);
    for (const char *p = name; *p; p++) /* later versions have more words */
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return true;
}

static int step_in_index(const struct place *at, const char *name, struct place *out)
{
    bool by_value = at->kind == NODE_BY_FIELD;

    if (by_value ? !may_be_value(at->filter, name)
                 : at->kind != NODE_BY_NAME && !may_be_id(at->res, name))
        return -ENOENT;
    *out = (struct place){ .kind = by_value ? NODE_BY_VALUE : NODE_LINK,
                           .res = at->res,
                           .filter = by_value ? at->filter : NULL };
    return 0;
}

static int step_collection(const struct place *at, const char *name, struct place *out)
{
    if (step_index(at, name, out))
        return 0;
    *out = (struct place){ .kind = NODE_ENTRY, .res = at->res, .row = at->row };
    out->form = route_form(at->res, name);
    return 0;
}

static int step_consents(const char *name, struct place *out)
{
    if (!consent_id_ok(name))
        return -ENOENT;
    *out = (struct place){ .kind = NODE_CONSENT };
    return 0;
}

static int step_row(const struct tree_row *row, struct place *out)
{
    *out = (struct place){ .kind = row->kind, .row = row, .res = resource_get(row->res) };
    return 0;
}

int route_step(const struct place *at, const char *name, struct place *out)
{
    enum resource_kind res = at->res ? at->res->kind : RES_NONE;
    const struct tree_row *row;

    if (!tree_is_dir(at->kind))
        return -ENOTDIR;
    if (strlen(name) > ROUTE_NAME_MAX)
        return -ENAMETOOLONG;
    if (!name[0] || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -ENOENT;
    row = at->kind == NODE_COLLECTION ? NULL : tree_find(at->kind, res, name);
    if (row)
        return step_row(row, out);
    if (at->kind == NODE_RESOURCE)
        return step_resource(at, name, out);
    if (at->kind == NODE_COLLECTION || at->kind == NODE_SUBFOLDER)
        return step_collection(at, name, out);
    if (at->kind == NODE_CONSENTS)
        return step_consents(name, out);
    if (at->kind == NODE_BY_NAME || at->kind == NODE_BY_ID || at->kind == NODE_BY_FIELD ||
        at->kind == NODE_BY_VALUE)
        return step_in_index(at, name, out);
    if (at->kind == NODE_FAILED || at->kind == NODE_PENDING) {
        *out = (struct place){ .kind =
                                   at->kind == NODE_FAILED ? NODE_FAILED_FILE : NODE_PENDING_FILE };
        return 0;
    }
    return -ENOENT;
}

struct place route_resource(const struct place *entry)
{
    return (struct place){ .kind = NODE_RESOURCE, .res = entry->res };
}

int route_parse(const char *path, struct place *out)
{
    struct place at = route_root;

    if (path[0] != '/')
        return -EINVAL;
    while (*path) {
        char name[ROUTE_NAME_MAX + 1];
        size_t len;
        int rc;

        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (len == 0)
            break;
        if (len > ROUTE_NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, path, len);
        name[len] = '\0';
        path += len;
        if (at.kind == NODE_ENTRY)
            at = route_resource(&at);
        rc = route_step(&at, name, &at);
        if (rc < 0)
            return rc;
    }
    *out = at;
    return 0;
}
