#include "drop_rekey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drop_links.h"
#include "drop_rows.h"
#include "file.h"
#include "folder.h"
#include "state.h"

#include "banned.h"

/* A folder that was there before under the key that f gets, and is empty: nobody shall find it
 * again. */
static int retire_locked(struct drops *t, const char *key, struct folder *f)
{
    struct folder *there = drop_folder_of_key(t, key);

    if (!there)
        return 0;
    HASH_DELETE(hh, t->folders, there);
    there->next = t->retired;
    t->retired = there;
    return drop_links_join(f, there);
}

/* Would one row be put over another, and what it keeps be lost? */
static int check_failed_locked(struct drops *t, const char *from, const char *to)
{
    struct folder *f, *next;

    HASH_ITER(hh, t->folders, f, next) {
        cleanup_free char *key = NULL;
        int rc = path_rename(f->key, from, to, &key);
        struct folder *there = key ? drop_folder_of_key(t, key) : NULL;

        if (rc < 0)
            return rc;
        if (there && drop_links_meet(f, there))
            return -ENOTEMPTY;
    }
    return 0;
}

/* Folders within get their new keys. */
static int rekey_locked(struct drops *t, const char *from, const char *to)
{
    struct folder *f, *next;

    HASH_ITER(hh, t->folders, f, next) {
        char *key;
        int rc = path_rename(f->key, from, to, &key);

        if (!key && rc == 0)
            continue;
        if (rc == 0)
            rc = retire_locked(t, key, f);
        if (rc < 0) {
            free(key);
            return rc;
        }
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
    cleanup_free char *failed = NULL, *failed_to = NULL;
    struct state_step steps[3];
    bool linked;
    int rc = 0;

    drops_lock(t);
    linked = d->linked;
    *in = d->folder;
    folder = strdup(d->folder->key);
    name = strdup(d->name);
    from = path_join(d->folder->key, d->name);
    to = path_join(d->folder->key, to_name);
    if (from && to)
        rc = check_failed_locked(t, from, to);
    drops_unlock(t);
    failed = from ? drop_failed_key(from) : NULL;
    failed_to = to ? drop_failed_key(to) : NULL;
    if (!folder || !name || !failed || !failed_to)
        return -ENOMEM;
    if (!linked || strcmp(from, to) == 0)
        return linked ? 0 : -ENOENT;
    if (rc < 0)
        return rc;
    steps[0] =
        (struct state_step){ .change = STATE_RENAME_FOLDER, .folder = from, .to_folder = to };
    steps[1] = (struct state_step){ .change = STATE_RENAME_FOLDER,
                                    .folder = failed,
                                    .to_folder = failed_to };
    steps[2] = (struct state_step){ .change = STATE_RENAME_DROP,
                                    .folder = folder,
                                    .name = name,
                                    .to_folder = folder,
                                    .to_name = to_name };
    rc = state_apply(t->state, steps, 3, STATE_NOW, NULL);
    if (rc < 0)
        return rc;
    drops_lock(t);
    rc = rekey_locked(t, from, to);
    drops_unlock(t);
    return rc;
}

int drops_check_rekey(struct drops *t, struct drop *d, const char *to_name)
{
    cleanup_free char *from = NULL, *to = NULL;
    int rc;

    drops_lock(t);
    from = path_join(d->folder->key, d->name);
    to = path_join(d->folder->key, to_name);
    rc = from && to ? check_failed_locked(t, from, to) : -ENOMEM;
    drops_unlock(t);
    return rc;
}

int drops_rekey(struct drops *t, struct drop *d, const char *to_name, struct folder **in)
{
    int rc;

    lock_take(&t->load_lock);
    lock_take(&t->row_lock);
    rc = rename_below(t, d, to_name, in);
    lock_give(&t->row_lock);
    lock_give(&t->load_lock);
    return rc;
}
