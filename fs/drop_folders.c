/* The folders of the table: by key, which changes when one is renamed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop.h"
#include "drop_store.h"
#include "file.h"
#include "folder_key.h"

#include "banned.h"

static char *drop_name(struct drops *t, const struct drop *d)
{
    char *name;

    drops_lock(t);
    name = strdup(d->name);
    drops_unlock(t);
    return name;
}

void folder_free(struct folder *f)
{
    free(f->key);
    free(f->parent);
    free(f->filter_value);
    free(f->model);
    free(f->document);
    free(f);
}

static int folder_add_locked(struct drops *t, const char *key, struct folder **out)
{
    struct folder *f = calloc(1, sizeof(*f));
    int rc;

    if (!f)
        return -ENOMEM;
    f->key = strdup(key);
    rc = f->key ? folder_describe(key, f) : -ENOMEM;
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
    struct folder *f = NULL;
    bool load;
    int rc = 0;

    drops_lock(t);
    HASH_FIND(hh, t->folders, key, strlen(key), f);
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
    struct folder *f = NULL;

    drops_lock(t);
    HASH_FIND(hh, t->folders, key, strlen(key), f);
    *loaded = f && f->loaded;
    drops_unlock(t);
    return f != NULL;
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

char *drops_child_key(struct drops *t, struct folder *f, const char *name)
{
    char *key;

    drops_lock(t);
    key = path_join(f->key, name);
    drops_unlock(t);
    return key;
}

/* A folder that was there before under this key, and is empty: nobody shall find it again. */
static void retire_locked(struct drops *t, const char *key)
{
    struct folder *f = NULL;

    HASH_FIND(hh, t->folders, key, strlen(key), f);
    if (!f)
        return;
    HASH_DELETE(hh, t->folders, f);
    f->next = t->retired;
    t->retired = f;
}

/* Folders within get their new keys. */
static int rekey_locked(struct drops *t, const char *from, const char *to)
{
    size_t len = strlen(from);
    struct folder *f, *next;

    HASH_ITER(hh, t->folders, f, next) {
        char *key;

        if (strncmp(f->key, from, len) != 0 || (f->key[len] && f->key[len] != '/'))
            continue;
        if (asprintf(&key, "%s%s", to, f->key + len) < 0)
            return -ENOMEM;
        retire_locked(t, key);
        HASH_DELETE(hh, t->folders, f);
        free(f->key);
        f->key = key;
        HASH_ADD_KEYPTR(hh, t->folders, f->key, strlen(f->key), f);
        if (!HASH_ADDED(f))
            return -ENOMEM;
    }
    return 0;
}

/* In the database and here; the caller has the locks that keep rows from going in and out. */
static int rename_below(struct drops *t, struct drop *d, const char *to_name, struct folder **in)
{
    cleanup_free char *folder = NULL, *name = NULL, *from = NULL, *to = NULL;
    struct state_step steps[2];
    bool linked;
    int rc;

    drops_lock(t);
    linked = d->linked;
    *in = d->folder;
    folder = strdup(d->folder->key);
    name = strdup(d->name);
    from = path_join(d->folder->key, d->name);
    to = path_join(d->folder->key, to_name);
    drops_unlock(t);
    if (!folder || !name || !from || !to)
        return -ENOMEM;
    if (!linked || strcmp(from, to) == 0)
        return linked ? 0 : -ENOENT;
    steps[0] =
        (struct state_step){ .change = STATE_RENAME_FOLDER, .folder = from, .to_folder = to };
    steps[1] = (struct state_step){ .change = STATE_RENAME_DROP,
                                    .folder = folder,
                                    .name = name,
                                    .to_folder = folder,
                                    .to_name = to_name };
    rc = state_apply(t->state, steps, 2, true, NULL);
    if (rc < 0)
        return rc;
    drops_lock(t);
    rc = rekey_locked(t, from, to);
    drops_unlock(t);
    return rc;
}

int drops_rename_subfolder(struct drops *t, struct drop *d, const char *to_name)
{
    struct folder *f;
    int rc;

    pthread_mutex_lock(&t->load_lock);
    pthread_mutex_lock(&t->row_lock);
    rc = rename_below(t, d, to_name, &f);
    pthread_mutex_unlock(&t->row_lock);
    pthread_mutex_unlock(&t->load_lock);
    return rc < 0 ? rc : drops_move(t, d, f, to_name);
}
