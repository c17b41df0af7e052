#include "other_fields.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "name_rules.h"
#include "names.h"

#include "banned.h"

#define ENCODED_ENDING "%2Ejson" /* of a line that is called NAME.json */

static bool ends_with(const char *name, const char *ending)
{
    size_t len = strlen(name), n = strlen(ending);

    return len >= n && strcmp(name + len - n, ending) == 0;
}

static int encode(const char *name, bool structure, char out[ROUTE_NAME_MAX + 1])
{
    char base[NAMES_MAX + 1];
    const char *ending = structure ? NAMES_JSON_ENDING : "";
    size_t len;
    int rc = names_encode(name, base);

    if (rc < 0)
        return rc;
    len = strlen(base);
    if (!structure && ends_with(base, NAMES_JSON_ENDING)) {
        len -= strlen(NAMES_JSON_ENDING);
        ending = ENCODED_ENDING;
    }
    return snprintf(out, ROUTE_NAME_MAX + 1, "%.*s%s", (int)len, base, ending) > ROUTE_NAME_MAX
               ? -ENAMETOOLONG
               : 0;
}

/* What the mount has of its own by this name, or may have: a temporary file, a failure's note. */
static bool is_ours(const struct place *at, const char *scratch, const char *file)
{
    struct place there;

    return rule_scratch(scratch, file) || rule_error_note(file) ||
           route_step(at, file, &there) < 0 || there.kind != NODE_ENTRY;
}

int other_field_file(const struct resource *res, const char *scratch, const char *name,
                     bool structure, char out[ROUTE_NAME_MAX + 1])
{
    const struct place at = { .kind = NODE_RESOURCE, .res = res };
    int rc = resource_field(res, name) ? -EINVAL : encode(name, structure, out);

    if (rc < 0)
        return rc;
    return is_ours(&at, scratch, out) ? -EINVAL : 0;
}

/* What is called file, if it is of a line, or of a structure. */
static int decode(const char *file, bool structure, char name[ROUTE_NAME_MAX + 1])
{
    char again[ROUTE_NAME_MAX + 1], base[NAMES_MAX + 1];
    size_t len = strlen(file), ending = 0;

    if (structure)
        ending = strlen(NAMES_JSON_ENDING);
    else if (len > strlen(ENCODED_ENDING) && ends_with(file, ENCODED_ENDING))
        ending = strlen(ENCODED_ENDING);
    if (len > NAMES_MAX)
        return -EINVAL;
    snprintf(base, sizeof(base), "%.*s", (int)(len - ending), file);
    if (names_decode(base, name) < 0)
        return -EINVAL;
    if (!structure && ending && strlen(name) + strlen(NAMES_JSON_ENDING) > ROUTE_NAME_MAX)
        return -EINVAL;
    if (!structure && ending)
        memcpy(name + strlen(name), NAMES_JSON_ENDING, sizeof(NAMES_JSON_ENDING));
    return encode(name, structure, again) == 0 && strcmp(again, file) == 0 ? 0 : -EINVAL;
}

int other_field_at(const struct place *at, const char *scratch, const char *file, struct place *out,
                   char name[ROUTE_NAME_MAX + 1])
{
    bool structure = ends_with(file, NAMES_JSON_ENDING);

    if (at->kind != NODE_RESOURCE || is_ours(at, scratch, file) ||
        decode(file, structure, name) < 0 || resource_field(at->res, name))
        return -EINVAL;
    *out = (struct place){ .kind = NODE_FIELD,
                           .res = at->res,
                           .field = structure ? &resource_other_structure : &resource_other_line };
    return 0;
}

/* As the API calls its fields. */
static bool is_plain(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return isalpha((unsigned char)name[0]);
}

int other_field_new(const struct place *at, const char *scratch, const char *file,
                    struct place *out)
{
    char name[ROUTE_NAME_MAX + 1];
    int rc = other_field_at(at, scratch, file, out, name);

    return rc == 0 && (!(resource_can(at->res) & CAN_PATCH) || !is_plain(name)) ? -EINVAL : rc;
}

bool other_field_is(const struct place *p)
{
    return p->kind == NODE_FIELD && !p->field->name;
}
