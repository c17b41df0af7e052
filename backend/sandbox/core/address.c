#include "address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "array.h"

#include "banned.h"

#define PREFIX "/v1/"
#define WORD_MAX 64

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
    return true;
}

static void take_id(struct address *t, const char *part)
{
    bool ok = resource_id_ok(t->res, part);

    snprintf(t->ids[t->n_ids++], ID_MAX, "%s", ok ? part : "");
    t->item = true;
}

int address_parse(const struct generation_table *api, const char *path, struct address *out)
{
    struct address t = { 0 };
    char part[ID_MAX];

    if (strncmp(path, PREFIX, strlen(PREFIX)) == 0)
        path += strlen(PREFIX) - 1;
    if (*path++ != '/' || !*path)
        return -ENOENT;
    while (*path) {
        if (path[strlen(path) - 1] == '/')
            return -ENOENT;
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
    *out = t;
    return 0;
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
