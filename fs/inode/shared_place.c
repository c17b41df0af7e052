#include "shared_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_folders.h"
#include "drop_rows.h"
#include "drop_table.h"
#include "drops.h"
#include "errlog.h"
#include "folder.h"
#include "inodes_context.h"
#include "kernel.h"
#include "known.h"
#include "listing.h"
#include "name_index.h"
#include "name_rules.h"
#include "node.h"
#include "route.h"
#include "scratch.h"
#include "stamp.h"
#include "types.h"

#include "banned.h"

int shared_root(struct inodes *inodes, struct call *call, struct folder *f, struct folder **out)
{
    cleanup_free char *key = drops_key(inodes->drops, f);
    bool loaded = true;
    size_t len;

    if (!key)
        return -ENOMEM;
    len = (size_t)(folder_below(f, key) - key);
    key[len && key[len - 1] == '/' ? len - 1 : len] = '\0';
    if (call->nowait)
        drops_has_folder(inodes->drops, key, &loaded);
    return loaded ? drops_folder(inodes->drops, key, out) : -EWOULDBLOCK;
}

/* --- What may be ------------------------------------------------------------------------------ */

static bool is_plain(const struct folder *f, const char *name)
{
    enum name_form form = route_form(f->res, name);

    return form != FORM_ID && form != FORM_LATER_ID && form != FORM_HIDDEN;
}

/* Could a file that is put there under this name have become a document? */
static bool may_be_file(struct inodes *inodes, const struct folder *f, const char *name)
{
    return is_plain(f, name) && rule_delivers(f, name) &&
           !rule_stays_here(inodes->scratch, f, name) && !rule_error_note(name);
}

bool shared_folder_ok(struct inodes *inodes, const struct folder *f, const char *name)
{
    return is_plain(f, name) && !scratch_folder(name, inodes->scratch);
}

bool shared_path_ok(struct inodes *inodes, const struct folder *f, const char *path)
{
    char name[STAMP_MOST_BYTES + 1];
    const char *slash;

    for (; (slash = strchr(path, '/')); path = slash + 1) {
        snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
        if (!shared_folder_ok(inodes, f, name))
            return false;
    }
    return may_be_file(inodes, f, path);
}

/* --- Where it is ------------------------------------------------------------------------------ */

/* The folder of that name in f, made where there is none. -ENOTDIR: that is a file. */
static int enter(struct drops *drops, struct folder *f, const char *name, bool found,
                 struct folder **out)
{
    cleanup_drop struct drop *d = drops_find(drops, f, name);
    cleanup_free char *key = NULL;
    int rc = 0;

    if (!d) {
        rc = found ? drops_add_found_folder(drops, f, name, &d)
                   : drops_add(drops, f, name, DROP_SUBFOLDER, &d);
        if (rc == 0)
            rc = drop_row_save(drops, d, false);
        if (rc == -EEXIST) /* another one has just made it */
            d = drops_find(drops, f, name);
    }
    if (rc < 0 && rc != -EEXIST)
        return rc;
    if (!d || d->what != DROP_SUBFOLDER)
        return -ENOTDIR;
    key = drops_child_key(drops, f, name);
    return key ? drops_folder(drops, key, out) : -ENOMEM;
}

int shared_folder(struct inodes *inodes, struct folder *root, char *path, bool found,
                  struct folder **out, const char **name)
{
    int rc = 0;
    char *slash;

    *out = root;
    for (; rc == 0 && (slash = strchr(path, '/')); path = slash + 1) {
        *slash = '\0';
        rc = enter(inodes->drops, *out, path, found, out);
    }
    *name = path;
    return rc;
}

/* --- Where it is taken ------------------------------------------------------------------------ */

/* A file of that name that is ours, and on its way, may be the very one: one waits until that is known. */
static bool is_settled(struct drops *drops, const struct folder *f, const char *name)
{
    cleanup_drop struct drop *there = drops_find(drops, f, name);
    struct drop_snapshot s;

    if (!there)
        return false;
    s = drop_snapshot(drops, there);
    return (s.what != DROP_FILE || (s.id[0] && !s.dirty && !s.exclusive && !s.writers));
}

void shared_forget_name(struct inodes *inodes, const struct drop *d, const char *name)
{
    struct nodes *nodes = inodes->nodes;
    uint64_t *list;
    size_t n;

    if (nodes_of_drop(nodes, d, &list, &n) < 0)
        return; /* it goes with its time */
    for (size_t i = 0; i < n; i++) {
        struct node *at = node_get(nodes, list[i]);
        struct node *parent = at ? node_parent(nodes, at) : NULL;

        if (parent) {
            node_detach(nodes, parent, name);
            if (inodes->kernel)
                kernel_entry_changed(inodes->kernel, parent->ino, name);
        }
        node_unref(nodes, parent);
        node_unref(nodes, at);
    }
    free(list);
}

static bool is_gone(struct inodes *inodes, const struct shared_look *look, const struct folder *f,
                    const struct drop_snapshot *s)
{
    struct target t = { .res = f->res, .id = s->id };
    cleanup_record struct record *r = NULL;
    struct failure ignored;

    if (s->fresh)
        return false;
    if (look->listing)
        return !drop_is_newer(s, listing_began_ms(look->listing)) &&
               listing_find(look->listing, s->id, NULL) == -ENOENT;
    return known_sent_record_now(inodes->remote, look->call, f, &t, false, &r, &ignored) == -ENOENT;
}

bool shared_free_name(struct inodes *inodes, const struct shared_look *look, struct folder *f,
                      const char *name)
{
    cleanup_drop struct drop *there = drops_find(inodes->drops, f, name);
    struct drop_snapshot s;

    if (!there)
        return true;
    s = drop_snapshot(inodes->drops, there);
    if (s.what != DROP_FILE || !s.id[0] || s.dirty || !is_gone(inodes, look, f, &s) ||
        !drops_remove_sent(inodes->drops, there, s.id, false))
        return false;
    shared_forget_name(inodes, there, name);
    return true;
}

int shared_beside(struct inodes *inodes, const struct folder *f, const char *name, const char *id,
                  char out[NAMES_MAX + 1])
{
    const char *digits = strrchr(id, ':');

    if (!digits || !is_settled(inodes->drops, f, name) ||
        snprintf(out, NAMES_MAX + 1, "%s~%.*s", name, NAME_INDEX_DIGITS, digits + 1) > NAMES_MAX)
        return -EEXIST;
    return 0;
}

void shared_path_text(struct inodes *inodes, const struct folder *f, const char *name,
                      struct buf *out)
{
    drops_lock(inodes->drops);
    buf_addf(out, "/%s/%s", f->key, name);
    drops_unlock(inodes->drops);
}

void shared_tell_beside(struct inodes *inodes, const struct folder *f, const char *name,
                        const char *called)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct failure why = { 0 };

    shared_path_text(inodes, f, called, &path);
    failure_set(&why, 0,
                "another machine put a file there that is called %s too: it is here by "
                "this name, and nothing was deleted",
                name);
    errlog_add(inodes->errlog, "list", buf_str(&path), 0, &why);
}
