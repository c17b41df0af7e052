#include "checksums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "file.h"
#include "known.h"

#include "banned.h"

struct lines {
    struct fs *fs;
    struct listing *listing;
    char **all; /* of hash, two blanks, path */
    size_t n, cap;
};

/* Does the server have these very bytes, and list them? */
static bool is_delivered(struct lines *l, struct drop *d, char **name, uint8_t digest[DIGEST_BYTES])
{
    bool delivered;

    drops_lock(l->fs->drops);
    delivered = d->what == DROP_FILE && d->id && d->has_digest && !d->dirty && !d->failed;
    if (delivered && listing_find(l->listing, d->id, NULL) < 0)
        delivered = drop_is_fresh_locked(l->fs->drops, d);
    if (delivered)
        memcpy(digest, d->digest, DIGEST_BYTES);
    *name = strdup(d->name);
    drops_unlock(l->fs->drops);
    return delivered;
}

/* sha256sum escapes such names, and says so by a backslash first. */
static bool needs_escapes(const char *path)
{
    return strpbrk(path, "\\\n\r") != NULL;
}

static int add_path(struct buf *line, const char *path)
{
    int rc = 0;

    for (; *path && rc == 0; path++) {
        if (*path == '\\')
            rc = buf_adds(line, "\\\\");
        else if (*path == '\n' || *path == '\r')
            rc = buf_adds(line, *path == '\n' ? "\\n" : "\\r");
        else
            rc = buf_addc(line, *path);
    }
    return rc;
}

static int add_line(struct lines *l, const uint8_t digest[DIGEST_BYTES], const char *path)
{
    cleanup_buf struct buf line = BUF_INIT(4 * 4096);
    int rc = needs_escapes(path) ? buf_addc(&line, '\\') : 0;

    for (size_t i = 0; i < DIGEST_BYTES && rc == 0; i++)
        rc = buf_addf(&line, "%02x", digest[i]);
    if (rc == 0)
        rc = buf_adds(&line, "  ");
    if (rc == 0)
        rc = add_path(&line, path);
    if (rc == 0 && l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        char **all = reallocarray(l->all, cap, sizeof(char *));

        if (!all)
            return -ENOMEM;
        l->all = all;
        l->cap = cap;
    }
    if (rc == 0)
        l->all[l->n++] = buf_take(&line);
    return rc;
}

static int add_folder(struct lines *l, struct folder *f, const char *above);

static int add_drop(struct lines *l, struct folder *f, const char *above, struct drop *d)
{
    uint8_t digest[DIGEST_BYTES];
    cleanup_free char *name = NULL;
    cleanup_free char *path = NULL;
    bool delivered = is_delivered(l, d, &name, digest);

    if (name)
        path = *above ? path_join(above, name) : strdup(name);
    if (!path)
        return -ENOMEM;
    if (d->what == DROP_SUBFOLDER) {
        cleanup_free char *key = drops_child_key(l->fs->drops, f, name);
        struct folder *within;
        int rc = key ? drops_folder(l->fs->drops, key, &within) : -ENOMEM;

        return rc < 0 ? rc : add_folder(l, within, path);
    }
    return delivered ? add_line(l, digest, path) : 0;
}

static int add_folder(struct lines *l, struct folder *f, const char *above)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(l->fs->drops, f, &list, &n);

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

static int compare_paths(const void *a, const void *b)
{
    const char *x = strchr(*(char *const *)a, ' '), *y = strchr(*(char *const *)b, ' ');

    return strcmp(x, y);
}

int checksums_text(struct fs *fs, struct call *call, struct node *n, struct buf *out,
                   struct failure *err)
{
    struct lines l = { .fs = fs };
    struct node *parent = node_parent(fs->nodes, n);
    struct folder *f;
    int rc = bind_folder(fs, call, parent, true, &f);

    node_unref(fs->nodes, parent);
    if (rc < 0)
        return rc;
    known_forget_listing(fs, f);
    rc = known_folder_listing(fs, f, &l.listing);
    if (rc == 0)
        rc = listing_complete(l.listing, call, err);
    if (rc == 0)
        rc = add_folder(&l, f, "");
    if (l.n)
        qsort(l.all, l.n, sizeof(char *), compare_paths);
    for (size_t i = 0; i < l.n; i++) {
        if (rc == 0)
            rc = buf_addf(out, "%s\n", l.all[i]);
        free(l.all[i]);
    }
    free(l.all);
    listing_unref(l.listing);
    return rc;
}
