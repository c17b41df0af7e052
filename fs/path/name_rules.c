#include "name_rules.h"

#include <string.h>

#include "names.h"
#include "scratch.h"

#include "banned.h"

#define DEFAULTS ".defaults.json"

bool rule_defaults(const char *name)
{
    return strcmp(name, DEFAULTS) == 0;
}

bool rule_error_note(const char *name)
{
    size_t len = strlen(name);

    return len > strlen(ERROR_NOTE_ENDING) &&
           strcmp(name + len - strlen(ERROR_NOTE_ENDING), ERROR_NOTE_ENDING) == 0;
}

bool rule_field_text(const struct place *at, const char *name)
{
    struct place place;

    return at->kind == NODE_RESOURCE && route_step(at, name, &place) == 0 &&
           place.kind != NODE_ENTRY;
}

/* The field that a sidecar holds. */
const struct field *rule_sidecar_field(const struct resource *res)
{
    for (const struct field *f = res->fields; f->name; f++)
        if ((f->flags & F_LABELS) && (f->flags & F_IN_PATCH))
            return f;
    return NULL;
}

bool rule_takes_sidecars(const struct folder *f)
{
    return f->res && f->res->make_from == MAKE_DOCUMENT && rule_sidecar_field(f->res);
}

bool rule_sidecar(const struct folder *f, const char *name)
{
    size_t len = strlen(name);

    return rule_takes_sidecars(f) && len > strlen(NAMES_JSON_ENDING) &&
           strcmp(name + len - strlen(NAMES_JSON_ENDING), NAMES_JSON_ENDING) == 0;
}

bool rule_scratch(const char *scratch, const char *name)
{
    return scratch_name(name, scratch) || rule_defaults(name);
}

bool rule_delivers(const struct folder *f, const char *name)
{
    char base[NAMES_MAX + 1];

    if (!f->res)
        return false;
    if (resource_takes_json(f->res))
        return names_json_base(name, base) == 0;
    return f->res->make_from == MAKE_BYTES || f->res->make_from == MAKE_DOCUMENT;
}

bool rule_stays_here(const char *scratch, const struct folder *f, const char *name)
{
    return !rule_delivers(f, name) || f->staging || rule_scratch(scratch, name) ||
           rule_sidecar(f, name) || (f->model && rule_error_note(name));
}
