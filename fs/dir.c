/* Open directories: fs.h's functions on them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "attr.h"
#include "dir.h"
#include "hash.h"
#include "hide.h"

#include "banned.h"

#define FIRST_ITEM 2 /* offsets: . and .. come first */

int fs_opendir(struct fs *fs, struct call *call, uint64_t ino, struct dirhandle **out,
               struct failure *err)
{
    struct node *n = node_get(fs->nodes, ino);
    struct dirhandle *d;

    (void)call;
    (void)err;
    if (!n)
        return -ESTALE;
    d = tree_is_dir(n->place.kind) ? calloc(1, sizeof(*d)) : NULL;
    if (!d) {
        int rc = tree_is_dir(n->place.kind) ? -ENOMEM : -ENOTDIR;

        node_unref(fs->nodes, n);
        return rc;
    }
    pthread_mutex_init(&d->lock, NULL);
    d->node = n;
    d->stat_ino = node_stat_ino(fs->nodes, n);
    pthread_mutex_lock(&fs->lock);
    DL_APPEND(fs->dirhandles, d);
    pthread_mutex_unlock(&fs->lock);
    *out = d;
    return 0;
}

void dirhandles_free(struct fs *fs)
{
    while (fs->dirhandles)
        fs_releasedir(fs, fs->dirhandles);
}

void fs_releasedir(struct fs *fs, struct dirhandle *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&fs->lock);
    DL_DELETE(fs->dirhandles, d);
    pthread_mutex_unlock(&fs->lock);
    dir_clear(d);
    free(d->slots);
    node_unref(fs->nodes, d->node);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int slot_name(const struct slot *s, char out[ROUTE_NAME_MAX + 1])
{
    if (!s->item)
        return record_id(s->record, out); /* an id is shorter than a name may be */
    snprintf(out, ROUTE_NAME_MAX + 1, "%s", s->item->name);
    return 0;
}

static struct found slot_found(struct dirhandle *d, const struct slot *s)
{
    struct found f = { .place = { .kind = NODE_RESOURCE, .res = d->node->place.res } };

    if (s->item)
        return s->item->found;
    record_id(s->record, f.id);
    return f;
}

/* The entry with its attributes, if they cost nothing. */
static int slot_entry(struct fs *fs, struct dirhandle *d, const struct found *f, const char *name,
                      struct entry *e)
{
    struct failure ignored;
    struct call now = { .nowait = true };
    struct node *n;
    int rc = resolve_node(fs, d->node, name, f, 1, &n);

    if (rc < 0)
        return rc;
    rc = attr_of(fs, &now, n, &e->st, &e->ttl_ms, &ignored);
    e->attr_ttl_ms = e->ttl_ms;
    e->ino = n->ino;
    if (rc < 0)
        node_forget(fs->nodes, n->ino, 1);
    node_unref(fs->nodes, n);
    return rc;
}

/* false: the buffer is full. */
static bool give(struct fs *fs, struct dirhandle *d, size_t index, bool plus, fs_fill_fn *fill,
                 void *arg)
{
    const struct slot *s = &d->slots[index];
    char name[ROUTE_NAME_MAX + 1];
    struct stat st = { 0 };
    struct found f;
    struct entry e;

    if (slot_name(s, name) < 0 || hide_is_hidden(fs, d->node->ino, name))
        return true;
    f = slot_found(d, s);
    st.st_ino = node_child_stat_ino(d->stat_ino, name);
    st.st_mode = attr_type(f.place.kind);
    if (!plus || slot_entry(fs, d, &f, name, &e) < 0)
        return fill(arg, name, &st, NULL, (int64_t)index + FIRST_ITEM + 1);
    if (fill(arg, name, &e.st, &e, (int64_t)index + FIRST_ITEM + 1))
        return true;
    node_forget(fs->nodes, e.ino, 1);
    return false;
}

static bool give_dots(struct dirhandle *d, int64_t *offset, fs_fill_fn *fill, void *arg)
{
    struct stat st = { .st_mode = S_IFDIR, .st_ino = d->stat_ino };

    while (*offset < FIRST_ITEM) {
        if (!fill(arg, *offset == 0 ? "." : "..", &st, NULL, *offset + 1))
            return false;
        ++*offset;
    }
    return true;
}

static int read_from(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset,
                     bool plus, fs_fill_fn *fill, void *arg, struct failure *err)
{
    size_t index;

    /* the first page is asked for before the dots: a failure shows at once */
    if (offset == 0) {
        int rc;

        if (d->begun)
            dir_clear(d); /* rewinddir: see what is there now */
        rc = dir_fill(fs, call, d, 0, err);
        if (rc < 0)
            return rc;
    }
    if (!give_dots(d, &offset, fill, arg))
        return 0;
    for (index = (size_t)(offset - FIRST_ITEM);; index++) {
        int rc = dir_fill(fs, call, d, index, err);

        if (rc != 0)
            return rc < 0 ? rc : 0;
        if (!give(fs, d, index, plus, fill, arg))
            return 0;
    }
}

int fs_readdir(struct fs *fs, struct call *call, struct dirhandle *d, int64_t offset, bool plus,
               fs_fill_fn *fill, void *arg, struct failure *err)
{
    int rc;

    if (call->nowait ? pthread_mutex_trylock(&d->lock) != 0 : pthread_mutex_lock(&d->lock) != 0)
        return -EWOULDBLOCK;
    rc = read_from(fs, call, d, offset, plus, fill, arg, err);
    pthread_mutex_unlock(&d->lock);
    return rc;
}
