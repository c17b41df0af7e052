#include "node.h"

#include <errno.h>
#include <string.h>

#include "drop.h"
#include "lock.h"

#include "banned.h"

#define PATH_DEPTH_MAX 64

struct nodes {
    struct lock lock;
    struct node *by_ino;  /* guarded by lock */
    struct node *by_name; /* guarded by lock */
    struct node *root;    /* set once */
    uint64_t last_ino;    /* guarded by lock */
};

static void node_destroy(struct node *n)
{
    drop_unref(n->drop);
    free(n->id);
    free(n->name);
    free(n);
}

/* --- Under the lock -------------------------------------------------------------------------- */

static void detach_locked(struct nodes *t, struct node *n)
{
    struct node *head = NULL;

    if (!n->attached)
        return;
    n->attached = false;
    HASH_FIND(hh_name, t->by_name, &n->key, sizeof(n->key), head);
    if (head != n) {
        while (head->next_same_key != n)
            head = head->next_same_key;
        head->next_same_key = n->next_same_key;
    } else {
        HASH_DELETE(hh_name, t->by_name, n);
        if (n->next_same_key) {
            head = n->next_same_key;
            HASH_ADD(hh_name, t->by_name, key, sizeof(head->key), head);
        }
    }
    n->next_same_key = NULL;
}

static int attach_locked(struct nodes *t, struct node *n)
{
    struct node *head = NULL;

    memset(&n->key, 0, sizeof(n->key));
    n->key.parent = n->parent->ino;
    n->key.name_hash = hash_text(HASH_TEXT_START, n->name);
    HASH_FIND(hh_name, t->by_name, &n->key, sizeof(n->key), head);
    if (head) {
        n->next_same_key = head->next_same_key;
        head->next_same_key = n;
    } else {
        n->next_same_key = NULL;
        HASH_ADD(hh_name, t->by_name, key, sizeof(n->key), n);
        if (!n->hh_name.tbl)
            return -ENOMEM;
    }
    n->attached = true;
    return 0;
}

static struct node *find_locked(struct nodes *t, struct node *parent, const char *name)
{
    struct node *n = NULL, probe;

    memset(&probe.key, 0, sizeof(probe.key));
    probe.key.parent = parent->ino;
    probe.key.name_hash = hash_text(HASH_TEXT_START, name);
    HASH_FIND(hh_name, t->by_name, &probe.key, sizeof(probe.key), n);
    while (n && strcmp(n->name, name) != 0)
        n = n->next_same_key;
    return n;
}

/* Takes n and each parent that only it held out of the table; the caller destroys the list. */
static struct node *collect_locked(struct nodes *t, struct node *n)
{
    struct node *dead = NULL;

    while (n && n != t->root && n->refs == 0 && n->lookups == 0) {
        struct node *parent = n->parent;

        detach_locked(t, n);
        HASH_DELETE(hh, t->by_ino, n);
        n->next_same_key = dead;
        dead = n;
        parent->refs--;
        n = parent;
    }
    return dead;
}

static void destroy_list(struct node *dead)
{
    while (dead) {
        struct node *next = dead->next_same_key;

        node_destroy(dead);
        dead = next;
    }
}

/* --- The table ------------------------------------------------------------------------------- */

int nodes_new(struct nodes **out)
{
    struct nodes *t = calloc(1, sizeof(*t));
    struct node *root = calloc(1, sizeof(*root));

    if (!t || !root)
        goto no_memory;
    root->name = strdup("");
    if (!root->name)
        goto no_memory;
    root->ino = NODE_ROOT_INO;
    root->place = route_root;
    root->refs = 1;
    HASH_ADD(hh, t->by_ino, ino, sizeof(root->ino), root);
    if (!HASH_ADDED(root)) {
        free(root->name);
        goto no_memory;
    }
    lock_init(&t->lock, LOCK_NODES);
    t->root = root;
    t->last_ino = NODE_ROOT_INO;
    *out = t;
    return 0;

no_memory:
    free(root);
    free(t);
    return -ENOMEM;
}

void nodes_free(struct nodes *t)
{
    struct node *n, *next;

    if (!t)
        return;
    HASH_CLEAR(hh_name, t->by_name);
    HASH_ITER(hh, t->by_ino, n, next) {
        HASH_DELETE(hh, t->by_ino, n);
        node_destroy(n);
    }
    lock_destroy(&t->lock);
    free(t);
}

struct node *node_get(struct nodes *t, uint64_t ino)
{
    struct node *n = NULL;

    lock_take(&t->lock);
    HASH_FIND(hh, t->by_ino, &ino, sizeof(ino), n);
    if (n)
        n->refs++;
    lock_give(&t->lock);
    return n;
}

struct node *node_ref(struct nodes *t, struct node *n)
{
    lock_take(&t->lock);
    n->refs++;
    lock_give(&t->lock);
    return n;
}

void node_unref(struct nodes *t, struct node *n)
{
    struct node *dead;

    if (!n)
        return;
    lock_take(&t->lock);
    n->refs--;
    dead = collect_locked(t, n);
    lock_give(&t->lock);
    destroy_list(dead);
}

struct node *node_parent(struct nodes *t, struct node *n)
{
    struct node *parent;

    lock_take(&t->lock);
    parent = n->parent;
    if (parent)
        parent->refs++;
    lock_give(&t->lock);
    return parent;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool stands_for(const struct node *n, const struct place *place, const char *id,
                       const struct drop *drop)
{
    return n->place.kind == place->kind && n->place.res == place->res &&
           n->place.row == place->row && n->place.field == place->field &&
           n->place.filter == place->filter && n->drop == drop && same_text(n->id, id);
}

static struct node *node_alloc(const char *name, const struct place *place, const char *id,
                               struct drop *drop)
{
    struct node *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->place = *place;
    n->name = strdup(name);
    n->id = id ? strdup(id) : NULL;
    n->drop = drop ? drop_ref(drop) : NULL;
    if (n->name && (n->id || !id))
        return n;
    node_destroy(n);
    return NULL;
}

/* Puts the new node n under parent. */
static int insert_locked(struct nodes *t, struct node *parent, struct node *n)
{
    n->ino = ++t->last_ino;
    n->parent = parent;
    HASH_ADD(hh, t->by_ino, ino, sizeof(n->ino), n);
    if (!HASH_ADDED(n))
        return -ENOMEM;
    if (attach_locked(t, n) < 0) {
        HASH_DELETE(hh, t->by_ino, n);
        return -ENOMEM;
    }
    parent->refs++;
    return 0;
}

int node_make(struct nodes *t, struct node *parent, const char *name, const struct place *place,
              const char *id, struct drop *drop, unsigned count, struct node **out)
{
    struct node *fresh = NULL, *n;
    int rc = 0;

    lock_take(&t->lock);
    n = find_locked(t, parent, name);
    if (!n || !stands_for(n, place, id, drop)) {
        fresh = node_alloc(name, place, id, drop);
        if (fresh && n)
            detach_locked(t, n);
        n = fresh;
        rc = n ? insert_locked(t, parent, n) : -ENOMEM;
    }
    if (rc == 0) {
        n->refs++;
        n->lookups += count;
    }
    lock_give(&t->lock);
    if (rc < 0) {
        if (fresh)
            node_destroy(fresh);
        return rc;
    }
    *out = n;
    return 0;
}

struct node *node_find(struct nodes *t, struct node *parent, const char *name)
{
    struct node *n;

    lock_take(&t->lock);
    n = find_locked(t, parent, name);
    if (n)
        n->refs++;
    lock_give(&t->lock);
    return n;
}

void node_forget(struct nodes *t, uint64_t ino, uint64_t count)
{
    struct node *n = NULL, *dead = NULL;

    lock_take(&t->lock);
    HASH_FIND(hh, t->by_ino, &ino, sizeof(ino), n);
    if (n) {
        n->lookups -= count < n->lookups ? count : n->lookups;
        dead = collect_locked(t, n);
    }
    lock_give(&t->lock);
    destroy_list(dead);
}

void node_detach(struct nodes *t, struct node *parent, const char *name)
{
    struct node *n;

    lock_take(&t->lock);
    n = find_locked(t, parent, name);
    if (n)
        detach_locked(t, n);
    lock_give(&t->lock);
}

int node_move(struct nodes *t, struct node *parent, const char *name, struct node *to_parent,
              const char *to_name)
{
    char *copy = strdup(to_name);
    struct node *n, *there, *dead = NULL;
    int rc = 0;

    if (!copy)
        return -ENOMEM;
    lock_take(&t->lock);
    there = find_locked(t, to_parent, to_name);
    n = find_locked(t, parent, name);
    if (there && there != n)
        detach_locked(t, there);
    if (n) {
        struct node *old_parent = n->parent;
        char *old = n->name;

        detach_locked(t, n);
        n->name = copy;
        copy = old;
        n->parent = to_parent;
        to_parent->refs++;
        old_parent->refs--;
        rc = attach_locked(t, n);
        dead = collect_locked(t, old_parent);
    }
    lock_give(&t->lock);
    destroy_list(dead);
    free(copy);
    return rc;
}

/* --- Paths ----------------------------------------------------------------------------------- */

static int path_locked(struct nodes *t, struct node *n, struct buf *out)
{
    struct node *chain[PATH_DEPTH_MAX];
    unsigned depth = 0;
    int rc = 0;

    for (; n && n != t->root && depth < PATH_DEPTH_MAX; n = n->parent)
        chain[depth++] = n;
    while (depth && rc == 0)
        rc = buf_addf(out, "/%s", chain[--depth]->name);
    return rc;
}

int node_path(struct nodes *t, struct node *n, struct buf *out)
{
    int rc;

    if (n == t->root)
        return buf_adds(out, "/");
    lock_take(&t->lock);
    rc = path_locked(t, n, out);
    lock_give(&t->lock);
    return rc;
}

int node_child_path(struct nodes *t, struct node *n, const char *name, struct buf *out)
{
    int rc;

    lock_take(&t->lock);
    rc = path_locked(t, n, out);
    lock_give(&t->lock);
    return rc < 0 ? rc : buf_addf(out, "/%s", name);
}

uint64_t node_child_stat_ino(uint64_t parent_stat_ino, const char *name)
{
    uint64_t h = hash_text((parent_stat_ino ^ HASH_TEXT_START) * 31, name);

    return h > NODE_ROOT_INO ? h : h + 2;
}

uint64_t node_stat_ino(struct nodes *t, struct node *n)
{
    struct node *chain[PATH_DEPTH_MAX];
    uint64_t ino = NODE_ROOT_INO;
    unsigned depth = 0;

    lock_take(&t->lock);
    for (; n != t->root && depth < PATH_DEPTH_MAX; n = n->parent)
        chain[depth++] = n;
    while (depth)
        ino = node_child_stat_ino(ino, chain[--depth]->name);
    lock_give(&t->lock);
    return ino;
}

char *node_name(struct nodes *t, struct node *n)
{
    char *name;

    lock_take(&t->lock);
    name = strdup(n->name);
    lock_give(&t->lock);
    return name;
}

void nodes_each(struct nodes *t,
                void (*fn)(void *arg, uint64_t ino, uint64_t parent, const char *name), void *arg)
{
    struct node *n, *next;

    lock_take(&t->lock);
    HASH_ITER(hh, t->by_ino, n, next)
        if (n->attached)
            fn(arg, n->ino, n->parent->ino, n->name);
    lock_give(&t->lock);
}

int nodes_of_drop(struct nodes *t, const struct drop *d, uint64_t **out, size_t *count)
{
    struct node *n, *next;
    uint64_t *list;
    size_t found = 0;

    lock_take(&t->lock);
    HASH_ITER(hh, t->by_ino, n, next)
        found += n->drop == d;
    list = calloc(found + 1, sizeof(*list));
    found = 0;
    if (list)
        HASH_ITER(hh, t->by_ino, n, next)
            if (n->drop == d)
                list[found++] = n->ino;
    lock_give(&t->lock);
    if (!list)
        return -ENOMEM;
    *out = list;
    *count = found;
    return 0;
}

size_t nodes_count(struct nodes *t)
{
    size_t count;

    lock_take(&t->lock);
    count = HASH_COUNT(t->by_ino);
    lock_give(&t->lock);
    return count;
}
