#include "drop_folders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop_links.h"
#include "drop_load.h"
#include "drop_table.h"
#include "file.h"
#include "folder.h"
#include "state.h"

#include "banned.h"

static int folder_add_locked(struct drops *t, const char *key, struct folder **out)
{
    struct folder *f = calloc(1, sizeof(*f));
    int rc;

    if (!f)
        return -ENOMEM;
    f->key = strdup(key);
    rc = f->key ? folder_describe(key, t->scratch, f) : -ENOMEM;
    if (rc == 0) {
        HASH_ADD_KEYPTR(hh, t->folders, f->key, strlen(f->key), f);
        if (!HASH_ADDED(f))
            rc = -ENOMEM;
    }
    if (rc < 0)
        folder_free(f);
    else
        *out = f;
    return rc;
}

int drops_folder(struct drops *t, const char *key, struct folder **out)
{
    struct folder *f;
    bool load;
    int rc = 0;

    drops_lock(t);
    f = drop_folder_of_key(t, key);
    if (!f)
        rc = folder_add_locked(t, key, &f);
    load = f && !f->loaded;
    drops_unlock(t);
    if (rc < 0)
        return rc;
    *out = f;
    return load ? drops_load_folder(t, f) : 0;
}

bool drops_has_folder(struct drops *t, const char *key, bool *loaded)
{
    struct folder *f;

    drops_lock(t);
    f = drop_folder_of_key(t, key);
    *loaded = f && f->loaded;
    drops_unlock(t);
    return f != NULL;
}

static bool has_subfolder(struct drops *t, const char *key, const char *name)
{
    cleanup_drop struct drop *d = NULL;
    struct folder *f;

    if (drops_folder(t, key, &f) == 0)
        d = drops_find(t, f, name);
    return d && d->what == DROP_SUBFOLDER;
}

bool drops_is_reachable(struct drops *t, const struct folder *f)
{
    cleanup_free char *key = drops_key(t, f);
    char *name = key ? key + (folder_below(f, key) - key) : NULL;
    bool there = true;

    while (there && name && *name) {
        char *slash = strchr(name, '/');

        name[-1] = '\0'; /* the key of the folder that it is in */
        if (slash)
            *slash = '\0';
        there = has_subfolder(t, key, name);
        name[-1] = '/';
        name = slash ? slash + 1 : NULL;
        if (slash)
            *slash = '/';
    }
    return there;
}

static int has_row(void *arg, const struct drop_row *row)
{
    (void)arg;
    (void)row;
    return 1;
}

bool drops_has_rows(struct drops *t, const char *key)
{
    return state_load_folder(t->state, key, has_row, NULL, NULL) == 1;
}

int drops_load_below(struct drops *t, struct folder *f)
{
    struct drop **list;
    size_t n;
    int rc = drops_list(t, f, &list, &n);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (rc == 0 && list[i]->what == DROP_SUBFOLDER) {
            cleanup_free char *name = drop_name(t, list[i]);
            cleanup_free char *key = name ? drops_child_key(t, f, name) : NULL;
            struct folder *below;

            rc = key ? drops_folder(t, key, &below) : -ENOMEM;
            if (rc == 0)
                rc = drops_load_below(t, below);
        }
        drop_unref(list[i]);
    }
    free(list);
    return rc;
}

char *drops_key(struct drops *t, const struct folder *f)
{
    char *key;

    drops_lock(t);
    key = strdup(f->key);
    drops_unlock(t);
    return key;
}

char *drops_child_key(struct drops *t, struct folder *f, const char *name)
{
    char *key;

    drops_lock(t);
    key = path_join(f->key, name);
    drops_unlock(t);
    return key;
}

char *drops_path(struct drops *t, const struct folder *f, const char *name)
{
    const char *below;
    char *path;

    drops_lock(t);
    below = folder_below(f, f->key);
    path = below[0] ? path_join(below, name) : strdup(name);
    drops_unlock(t);
    return path;
}

static int load_folder_of(void *arg, const struct drop_row *row)
{
    struct folder *f;
    int rc = drops_folder(arg, row->folder, &f);

    return rc == -EINVAL ? 0 : rc; /* a folder of another version's: left alone */
}

int drops_list_below(struct drops *t, const char *key, struct drop ***out, size_t *n)
{
    int rc = state_load_below(t->state, key, load_folder_of, t, NULL);

    return rc < 0 ? rc : drops_list_within(t, key, out, n);
}

int drops_find_id_anywhere(struct drops *t, const char *id, struct drop **out)
{
    int rc = 0;

    *out = drops_find_id_loaded(t, id);
    if (*out)
        return 0;
    rc = state_find_by_id(t->state, id, load_folder_of, t, NULL);
    if (rc == 0)
        *out = drops_find_id_loaded(t, id);
    return rc < 0 ? rc : *out ? 0 : -ENOENT;
}
