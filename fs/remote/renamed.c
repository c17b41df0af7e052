#include "renamed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "kept.h"
#include "known.h"
#include "name_index.h"
#include "names.h"
#include "record.h"
#include "stamp.h"

#include "banned.h"

#define NAME_MAX_BYTES 16384

static bool has_stamps(const struct remote *remote, const struct folder *f)
{
    return f->res->notes_field && known_today(remote);
}

/* Of what takes secrets nothing is kept that would say which name its body had. */
static bool has_name(const struct folder *f)
{
    const struct field *field =
        f->res->name_field ? resource_field(f->res, f->res->name_field) : NULL;

    return field && (field->flags & F_IN_PATCH) && !f->memory;
}

bool renamed_can_be(const struct remote *remote, const struct folder *f)
{
    return f->res && !folder_is_closed(f) && !f->staging && (has_stamps(remote, f) || has_name(f));
}

/* --- By its stamp ----------------------------------------------------------------------------- */

/* Where another one has its name it is called NAME~12345678 here. */
static bool is_beside(const char *path, const char *is, const char *id)
{
    const char *digits = strrchr(id, ':');
    size_t len = strlen(is);

    return digits && strncmp(path, is, len) == 0 && path[len] == '~' &&
           strlen(path + len + 1) == NAME_INDEX_DIGITS &&
           strncmp(path + len + 1, digits + 1, NAME_INDEX_DIGITS) == 0;
}

static bool stamp_says(const struct folder *f, const char *path, const struct record *r)
{
    char id[RESOURCE_ID_MAX + 1];
    struct stamp s;

    if (stamp_read(r, &s) < 0 || !s.path[0])
        return false;
    if (strcmp(s.of, f->filter ? f->filter : "") != 0)
        return !f->filter; /* else the list that it is in has been asked, and that says more */
    return strcmp(s.path, path) != 0 && (record_id(r, id) < 0 || !is_beside(path, s.path, id));
}

/* --- By its name ------------------------------------------------------------------------------ */

static bool is_spelled(const char *file, const char *is)
{
    char encoded[NAMES_MAX + 1];

    return strcmp(file, is) == 0 || (names_encode(is, encoded) == 0 && strcmp(file, encoded) == 0);
}

/* The name that its body had, or that it was given from here since. */
static bool is_given(struct remote *remote, const struct folder *f, const char *id, const char *is)
{
    cleanup_free char *body = NULL, *name = NULL;
    char in_body[NAME_MAX_BYTES];

    if (kept_get(remote, KEPT_NAME, id, &name) == 0)
        return strcmp(name, is) == 0;
    return resource_takes_json(f->res) && kept_get(remote, KEPT_BODY, id, &body) == 0 &&
           body_text_string(body, f->res->name_field, in_body, sizeof(in_body)) == 0 &&
           strcmp(in_body, is) == 0;
}

/* A name that was given here goes on leading to what it was given to, until another one has it. */
static int is_anothers(struct remote *remote, struct call *call, const struct folder *f,
                       const char *name, const char *id)
{
    char other[RESOURCE_ID_MAX + 1];
    struct failure ignored = { 0 };
    int rc = known_id_in_folder(remote, call, f, name, other, &ignored);

    if (rc == 0)
        return strcmp(other, id) != 0;
    return rc == -ENOTUNIQ ? 1 : rc == -ENOENT ? 0 : rc;
}

static int name_says(struct remote *remote, struct call *call, const struct folder *f,
                     const char *path, const struct record *r)
{
    cleanup_buf struct buf is = BUF_INIT(NAME_MAX_BYTES);
    char base[NAMES_MAX + 1], id[RESOURCE_ID_MAX + 1];
    bool json = resource_takes_json(f->res) && names_json_base(path, base) == 0;

    if (record_string(r, f->res->name_field, &is) < 0 || record_id(r, id) < 0 ||
        is_spelled(path, buf_str(&is)) || (json && is_spelled(base, buf_str(&is))))
        return 0;
    if (call->nowait)
        return -EWOULDBLOCK;
    return is_given(remote, f, id, buf_str(&is))
               ? 0
               : is_anothers(remote, call, f, json ? base : path, id);
}

int renamed_says(struct remote *remote, struct call *call, const struct folder *f, const char *path,
                 const struct record *r)
{
    if (!renamed_can_be(remote, f))
        return 0;
    return has_stamps(remote, f) ? stamp_says(f, path, r) : name_says(remote, call, f, path, r);
}
