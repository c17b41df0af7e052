#include "address.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define PREFIX "/v1/"
#define WORD_MAX 64

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* %XX is a byte; what is no such thing stays. False: it would end the part. */
static bool decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        bool escaped = from[0] == '%' && digit(from[1]) >= 0 && digit(from[2]) >= 0;

        *to = escaped ? (char)(16 * digit(from[1]) + digit(from[2])) : *from;
        from += escaped ? 3 : 1;
        if (!*to)
            return false;
    }
    *to = '\0';
    return true;
}

/* Cuts the next part off the path. False: there is none, or an empty one. */
static bool next_part(const char **path, char *out, size_t size)
{
    size_t len = strcspn(*path, "/");

    if (len == 0 || len >= size)
        return false;
    memcpy(out, *path, len);
    out[len] = '\0';
    *path += len;
    if (**path == '/')
        (*path)++;
    return decode(out);
}

static void take_id(struct address *t, const char *part)
{
    bool ok = resource_id_ok(t->res, part);

    snprintf(t->ids[t->n_ids++], ID_MAX, "%s", ok ? part : "");
    t->item = true;
}

int address_parse(const struct generation_table *api, const char *path, struct address *out)
{
    size_t len = strlen(path);
    bool slash = len && path[len - 1] == '/';
    struct address t = { 0 };
    char part[ID_MAX];

    if (strncmp(path, PREFIX, strlen(PREFIX)) == 0)
        path += strlen(PREFIX) - 1;
    if (*path++ != '/' || !*path)
        return -ENOENT;
    while (*path) {
        if (!next_part(&path, part, sizeof(part)))
            return -ENOENT;
        if (t.res && !t.item && t.res->id_type && t.n_ids < ADDRESS_IDS) {
            take_id(&t, part);
            continue;
        }
        if (t.res && !t.item)
            return -ENOENT;
        t.res = generation_by_name(api, t.res ? t.res->kind : RES_NONE, part);
        t.item = false;
        if (!t.res)
            return -ENOENT;
    }
    /* today's clients ask for a list with a slash at its end, too */
    if (slash && (t.item || generation_of(api) != API_2024))
        return -ENOENT;
    *out = t;
    return 0;
}

const char *address_own(const struct sandbox *sb, const struct resource *res, const char *id)
{
    size_t len = strlen(sb->organization);

    for (const struct filter *f = res ? res->filters : NULL; f && f->name; f++)
        if (f->owns && strncmp(id, sb->organization, len) == 0 && id[len] == '/')
            return id + len + 1;
    return id;
}

static const struct {
    enum verb verb;
    unsigned of_list, of_item;
    const char *name;
} verbs[] = {
    { VERB_GET, CAN_LIST, CAN_GET, "GET" },
    { VERB_POST, CAN_POST, 0, "POST" },
    { VERB_PATCH, 0, CAN_PATCH, "PATCH" },
    { VERB_DELETE, CAN_DELETE_MANY, CAN_DELETE, "DELETE" },
};

bool address_can(const struct address *t, enum verb verb)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (verbs[i].verb == verb)
            return (t->res->can & (t->item ? verbs[i].of_item : verbs[i].of_list)) != 0;
    return verb == VERB_OPTIONS;
}

void address_allow(const struct address *t, char out[ADDRESS_ALLOW_MAX])
{
    size_t len = (size_t)snprintf(out, ADDRESS_ALLOW_MAX, "OPTIONS");

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (address_can(t, verbs[i].verb))
            len += (size_t)snprintf(out + len, ADDRESS_ALLOW_MAX - len, ",%s", verbs[i].name);
}
