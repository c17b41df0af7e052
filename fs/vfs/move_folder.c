/* Renaming a directory: a resource's, or a subfolder. */
#include "move.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "folder.h"
#include "fs_context.h"
#include "names.h"
#include "refuse.h"
#include "remove.h"
#include "resolve.h"
#include "restamp.h"
#include "scratch.h"
#include "settings.h"
#include "upload_patch.h"
#include "uploads.h"

#include "banned.h"

/* What the drop of the renamed resource will be called: of a dropped NAME.json it is NAME. 0,
 * -ENAMETOOLONG, -EEXIST something else is called so. */
static int name_after(struct move *m, struct drop *d, char name[ROUTE_NAME_MAX + 1],
                      struct failure *err)
{
    bool json = d && d->what == DROP_FILE && resource_takes_json(m->to_folder->res);
    cleanup_drop struct drop *there = NULL;

    if (snprintf(name, ROUTE_NAME_MAX + 1, "%s%s", m->to_name, json ? NAMES_JSON_ENDING : "") >
        ROUTE_NAME_MAX)
        return refuse_long_name(err);
    there = drops_find(m->fs->drops, m->to_folder, name);
    if (!there || there == d)
        return 0;
    return m->noreplace ? -EEXIST
                        : fail(err, -EEXIST, 0, "there is a file %s: remove it first", name);
}

static int put_name(struct move *m, struct drop *named, const char *name, const char *id)
{
    struct drop *d;
    int rc;

    if (named)
        return drops_move(m->fs->drops, named, m->to_folder, name);
    rc = drops_add(m->fs->drops, m->to_folder, m->to_name, DROP_DIRECTORY, &d);
    if (rc < 0)
        return rc;
    rc = drop_named(m->fs->drops, d, id, false);
    if (rc == 0)
        rc = drop_row_save(m->fs->drops, d, true);
    drop_unref(d);
    return rc;
}

int move_resource(struct move *m, const struct lookup_result *f, struct failure *err)
{
    const struct resource *res = f->place.res;
    const struct field *field = res->name_field ? resource_field(res, res->name_field) : NULL;
    cleanup_drop struct drop *d = drops_find_id(m->fs->drops, m->from_folder, f->id);
    char name[ROUTE_NAME_MAX + 1];
    struct target_ids b;
    int rc;

    if (m->from_folder != m->to_folder || !field || !(field->flags & F_IN_PATCH))
        return refuse_rename(&f->place, err);
    if (route_form(res, m->to_name) == FORM_ID)
        return refuse_id(err);
    rc = name_after(m, d, name, err);
    if (rc == 0 && d)
        rc = drop_lock_exclusive(m->fs->drops, d, m->call);
    if (rc < 0)
        return rc;
    rc = bind_entry(m->fs->inodes, m->from, f->id, &b);
    if (rc == 0)
        rc = upload_field(m->fs->uploads, m->call, &b.target, field, m->to_name, strlen(m->to_name),
                          err);
    if (rc == 0)
        rc = put_name(m, d, name, f->id);
    if (d)
        drop_unlock_exclusive(m->fs->drops, d);
    return rc;
}

/* All that is in it is called otherwise then. */
static int rename_subfolder(struct move *m, struct drop *d)
{
    cleanup_free char *key = drops_child_key(m->fs->drops, m->from_folder, m->name);
    cleanup_free char *to_key = drops_child_key(m->fs->drops, m->from_folder, m->to_name);
    struct restamps owed = { .n = 0 };
    struct drop **list;
    size_t n;
    int rc = key && to_key ? drops_list_below(m->fs->drops, key, &list, &n) : -ENOMEM;

    if (rc < 0)
        return rc;
    rc = restamp_begin(m->fs->uploads, list, n, &owed);
    for (size_t i = 0; i < n; i++)
        drop_unref(list[i]);
    free(list);
    if (rc == 0)
        rc = drops_rename_subfolder(m->fs->drops, d, m->to_name);
    restamp_end(m->fs->uploads, &owed);
    if (rc == 0)
        uploads_folder_renamed(m->fs->uploads, key, to_key);
    return rc;
}

/* Over another one that is empty (there), or NULL. */
static int put_subfolder(struct move *m, struct drop *d, const struct lookup_result *there,
                         struct failure *err)
{
    int rc = drops_check_subfolder(m->fs->drops, d, m->to_name);

    if (rc == -ENOTEMPTY)
        return fail(
            err, rc, 0,
            "of a folder that was called so before there are files in .lasfs/failed: retry or "
            "remove them first");
    if (rc == 0 && there && there->place.kind != NODE_SUBFOLDER)
        rc = -ENOTEMPTY;
    if (rc == 0 && there)
        rc = remove_subfolder(m->fs, m->to_folder, m->to_name);
    return rc < 0 ? rc : rename_subfolder(m, d);
}

int move_subfolder(struct move *m, const struct lookup_result *there, struct failure *err)
{
    struct reserved_name reserved = { .folder = m->to_folder, .name = m->to_name };
    cleanup_drop struct drop *d = drops_find(m->fs->drops, m->from_folder, m->name);
    enum name_form form;
    const char *more = m->fs->options->scratch;
    int rc;

    if (m->from_folder != m->to_folder)
        return -EXDEV;
    if (!d)
        return -ENOENT;
    form = route_form(m->to_folder->res, m->to_name);
    if (form == FORM_ID || form == FORM_LATER_ID)
        return refuse_id(err);
    if (!m->to_folder->staging && scratch_folder(m->name, more) != scratch_folder(m->to_name, more))
        return -EXDEV; /* what is in it would have to be sent, or not */
    drops_reserve(m->fs->drops, &reserved);
    rc = put_subfolder(m, d, there, err);
    drops_release(m->fs->drops, &reserved);
    return rc;
}
