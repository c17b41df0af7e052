#include "checksums.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "bytes.h"
#include "content.h"
#include "drop.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "file.h"
#include "hex.h"
#include "known.h"
#include "known_lists.h"
#include "listing.h"
#include "node.h"
#include "pseudo_context.h"
#include "shared.h"

#include "banned.h"

#define SECOND_NS 1000000000

struct file {
    char *path; /* below the folder */
    char *id;   /* NULL: a sidecar */
    int64_t size, mtime_ns;
    uint8_t digest[DIGEST_BYTES];
};

struct delivered {
    struct pseudo *pseudo;
    struct listing *listing;
    bool sidecars;
    struct file *all;
    size_t n, cap;
};

static void file_release(struct file *file)
{
    free(file->path);
    free(file->id);
}

/* --- What the server has ---------------------------------------------------------------------- */

/* Its id, or that of the document that took d, if d is a sidecar; else *out is NULL. */
static int delivered_id(struct delivered *l, struct drop *d, bool *sidecar, char **out)
{
    const char *id = NULL;

    drops_lock(l->pseudo->drops);
    if (d->what == DROP_FILE && !drop_state_is_dirty(d->state))
        id = d->id && d->acked.has_digest ? d->id : NULL;
    *sidecar = !id && l->sidecars && d->what == DROP_FILE && !drop_state_is_dirty(d->state) &&
               !d->id && d->local && !d->writers && !drop_is_untaken(d->taken);
    if (*sidecar)
        id = d->taken;
    *out = id ? strdup(id) : NULL;
    drops_unlock(l->pseudo->drops);
    return id && !*out ? -ENOMEM : 0;
}

/* By its list, or it was sent so lately that the list may not have it yet. */
static bool is_at_server(struct delivered *l, struct folder *f, const char *id)
{
    cleanup_drop struct drop *d = NULL;
    struct drop_snapshot s;

    if (listing_find(l->listing, id, NULL) == 0)
        return true;
    d = drops_find_id(l->pseudo->drops, f, id);
    if (!d)
        return false;
    s = drop_snapshot(l->pseudo->drops, d);
    return drop_is_newer(&s, listing_began_ms(l->listing));
}

/* Of the acknowledged bytes. false: they are others by now. */
static bool describe(struct delivered *l, struct drop *d, struct file *file)
{
    struct drop_snapshot s = drop_snapshot(l->pseudo->drops, d);

    file->size = s.acked.size;
    file->mtime_ns = s.mtime_ns;
    memcpy(file->digest, s.acked.digest, DIGEST_BYTES);
    return !s.dirty && strcmp(s.id, file->id) == 0;
}

/* A sidecar's bytes are here alone; what was made of them is not the same bytes. */
static int describe_sidecar(struct delivered *l, struct drop *d, struct file *file)
{
    struct bytes *b = drop_bytes(l->pseudo->drops, d);
    int rc = b ? content_digest(b->fd, file->digest) : -ENOENT;

    bytes_unref(b);
    free(steal_pointer(&file->id));
    return rc;
}

/* 1: it is not there. */
static int find_delivered(struct delivered *l, struct folder *f, struct drop *d, struct file *file)
{
    bool sidecar;
    int rc = delivered_id(l, d, &sidecar, &file->id);

    if (rc < 0)
        return rc;
    if (!file->id || !is_at_server(l, f, file->id))
        return 1;
    if (!sidecar)
        return describe(l, d, file) ? 0 : 1;
    rc = describe_sidecar(l, d, file);
    return rc == -ENOENT ? 1 : rc;
}

static int add_folder(struct delivered *l, struct folder *f, const char *above);

static int add_subfolder(struct delivered *l, struct folder *f, const char *name, const char *path)
{
    cleanup_free char *key = drops_child_key(l->pseudo->drops, f, name);
    struct folder *within;
    int rc = key ? drops_folder(l->pseudo->drops, key, &within) : -ENOMEM;

    return rc < 0 ? rc : add_folder(l, within, path);
}

static int add_file(struct delivered *l, struct file *file)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        struct file *all = reallocarray(l->all, cap, sizeof(*all));

        if (!all)
            return -ENOMEM;
        l->all = all;
        l->cap = cap;
    }
    l->all[l->n++] = *file;
    *file = (struct file){ .path = NULL };
    return 0;
}

static int add_drop(struct delivered *l, struct folder *f, const char *above, struct drop *d)
{
    struct file file = { .path = NULL };
    cleanup_free char *name = NULL;
    int rc;

    drops_lock(l->pseudo->drops);
    name = strdup(d->name);
    drops_unlock(l->pseudo->drops);
    if (name)
        file.path = *above ? path_join(above, name) : strdup(name);
    if (!file.path)
        return -ENOMEM;
    if (d->what == DROP_SUBFOLDER)
        rc = add_subfolder(l, f, name, file.path);
    else
        rc = find_delivered(l, f, d, &file);
    if (rc == 0 && d->what != DROP_SUBFOLDER)
        rc = add_file(l, &file);
    file_release(&file);
    return rc < 0 ? rc : 0;
}

static int add_folder(struct delivered *l, struct folder *f, const char *above)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(l->pseudo->drops, f, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = add_drop(l, f, above, list[i]);
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

/* --- Lines ------------------------------------------------------------------------------------ */

static int add_digest(struct buf *out, const struct file *file)
{
    char hex[2 * DIGEST_BYTES + 1];

    hex_encode(file->digest, DIGEST_BYTES, hex);
    return buf_adds(out, hex);
}

/* sha256sum escapes such names, and says so by a backslash first. */
static int add_sum_path(struct buf *out, const char *path)
{
    int rc = 0;

    for (; *path && rc == 0; path++) {
        if (*path == '\\')
            rc = buf_adds(out, "\\\\");
        else if (*path == '\n' || *path == '\r')
            rc = buf_adds(out, *path == '\n' ? "\\n" : "\\r");
        else
            rc = buf_addc(out, *path);
    }
    return rc;
}

static int add_sum(struct buf *out, const struct file *file)
{
    int rc = strpbrk(file->path, "\\\n\r") ? buf_addc(out, '\\') : 0;

    if (rc == 0)
        rc = add_digest(out, file);
    if (rc == 0)
        rc = buf_adds(out, "  ");
    if (rc == 0)
        rc = add_sum_path(out, file->path);
    return rc < 0 ? rc : buf_addc(out, '\n');
}

/* What would end a field, a line or a terminal's patience; printf's %b gives the name back. */
static int add_tsv_path(struct buf *out, const char *path)
{
    int rc = 0;

    for (; *path && rc == 0; path++) {
        unsigned char c = (unsigned char)*path;

        if (c == '\t' || c == '\n' || c == '\\')
            rc = buf_adds(out, c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\\\");
        else if (c < ' ' || c == 127)
            rc = buf_addf(out, "\\x%02x", c);
        else
            rc = buf_addc(out, *path);
    }
    return rc;
}

static int add_row(struct buf *out, const struct file *file)
{
    bool before = file->mtime_ns < 0; /* 1970 */
    uint64_t ns = before ? -(uint64_t)file->mtime_ns : (uint64_t)file->mtime_ns;
    int rc = add_tsv_path(out, file->path);

    if (rc == 0)
        rc = buf_addf(out, "\t%s\t%" PRId64 "\t", file->id, file->size);
    if (rc == 0)
        rc = add_digest(out, file);
    return rc < 0 ? rc
                  : buf_addf(out, "\t%s%" PRIu64 ".%09" PRIu64 "\n", before ? "-" : "",
                             ns / SECOND_NS, ns % SECOND_NS);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

int checksums_text(struct pseudo *pseudo, struct call *call, struct node *n, struct buf *out,
                   struct failure *err)
{
    bool sums = n->place.kind == NODE_SHA256SUMS;
    struct delivered l = { .pseudo = pseudo, .sidecars = sums };
    struct node *parent = node_parent(pseudo->nodes, n);
    struct folder *f;
    int rc = bind_folder(pseudo->inodes, call, parent, true, &f);

    node_unref(pseudo->nodes, parent);
    if (rc < 0)
        return rc;
    known_forget_listing(pseudo->remote, f);
    rc = shared_look(pseudo->inodes, call, f, err);
    if (rc == 0)
        rc = known_folder_listing(pseudo->remote, f, &l.listing);
    if (rc == 0)
        rc = listing_complete(l.listing, call, err);
    if (rc == 0)
        rc = add_folder(&l, f, "");
    if (l.n)
        qsort(l.all, l.n, sizeof(*l.all), compare_paths);
    for (size_t i = 0; i < l.n; i++) {
        if (rc == 0)
            rc = sums ? add_sum(out, &l.all[i]) : add_row(out, &l.all[i]);
        file_release(&l.all[i]);
    }
    free(l.all);
    listing_unref(l.listing);
    return rc;
}
