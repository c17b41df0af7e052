/*
 * The tree of a mount over remote_fixture.h: names are resolved as the kernel asks for them, one
 * after the other. Include it after the test's header.
 */
#ifndef LASFS_INODE_FIXTURE_H
#define LASFS_INODE_FIXTURE_H

#include "remote_fixture.h"

#include "drop.h"
#include "drop_events.h"
#include "drop_folders.h"
#include "drop_table.h"
#include "drops.h"
#include "drops_start.h"
#include "inodes.h"
#include "node.h"
#include "resolve.h"
#include "spool.h"

struct tree {
    struct fixture api; /* first */
    struct spool *spool;
    struct drops *drops;
    struct nodes *nodes;
    struct inodes *inodes;
    struct node *root;
};

static inline void open_tree(struct tree *t)
{
    struct inodes_config config = {
        .remote = t->api.remote,
        .clock = &t->api.fake.clock,
        .errlog = t->api.errlog,
        .scratch = "*.mine",
    };

    assert_int_equal(spool_new(in_dir(&t->api.dir, "spool"), &t->spool, NULL), 0);
    assert_int_equal(
        drops_new(t->api.state, t->spool, config.clock, config.scratch, &t->drops, NULL), 0);
    assert_int_equal(nodes_new(&t->nodes), 0);
    config.drops = t->drops;
    config.nodes = t->nodes;
    assert_int_equal(inodes_new(&config, &t->inodes), 0);
    t->root = node_get(t->nodes, NODE_ROOT_INO);
}

/* How many nodes there were still. */
static inline size_t close_tree(struct tree *t)
{
    size_t left;

    node_unref(t->nodes, t->root);
    left = nodes_count(t->nodes);
    inodes_free(t->inodes);
    nodes_free(t->nodes);
    drops_free(t->drops);
    spool_free(t->spool);
    return left;
}

static inline int tree_setup(void **state)
{
    struct tree *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    fixture_init(&t->api);
    open_tree(t);
    *state = t;
    return 0;
}

static inline int tree_teardown(void **state)
{
    struct tree *t = *state;
    size_t left = close_tree(t);

    fixture_release(&t->api);
    free(t);
    assert_int_equal(left, 1); /* the root: every reference was given back */
    return 0;
}

#define A_TREE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

/* --- Paths ------------------------------------------------------------------------------------ */

static inline const char *kind_name(enum node_kind kind)
{
    static const char *const names[NODE_KINDS] = {
        [NODE_ROOT] = "root",
        [NODE_COLLECTION] = "collection",
        [NODE_CONSENTS] = "consents",
        [NODE_CONSENT] = "consent",
        [NODE_RESOURCE] = "resource",
        [NODE_SUBFOLDER] = "subfolder",
        [NODE_ENTRY] = "entry",
        [NODE_WHOLE] = "whole",
        [NODE_LINES] = "lines",
        [NODE_HEARTBEAT] = "heartbeat",
        [NODE_FIELD] = "field",
        [NODE_CONTENT] = "content",
        [NODE_CONTENT_LINK] = "content link",
        [NODE_DROP] = "drop",
        [NODE_ERROR_NOTE] = "note",
        [NODE_BY_NAME] = "by name",
        [NODE_BY_ID] = "by id",
        [NODE_BY_FIELD] = "by field",
        [NODE_BY_VALUE] = "by value",
        [NODE_LINK] = "link",
        [NODE_LIST] = "list",
        [NODE_SHA256SUMS] = "sums",
        [NODE_FILES_TSV] = "files",
        [NODE_README] = "readme",
        [NODE_LASFS] = "lasfs",
        [NODE_STATUS] = "status",
        [NODE_ERRORS] = "errors",
        [NODE_REFRESH] = "refresh",
        [NODE_CONTROL] = "control",
        [NODE_METRICS] = "metrics",
        [NODE_FAILED] = "failed",
        [NODE_FAILED_FILE] = "failed file",
        [NODE_PENDING] = "pending",
        [NODE_PENDING_FILE] = "pending file",
    };

    return names[kind] ? names[kind] : "?";
}

/* The node of a path, with a reference. 0, or what the first name that fails says. */
static inline int walk_by(struct tree *t, struct call *call, const char *path, struct node **out)
{
    struct node *at = node_ref(t->nodes, t->root);
    int rc = 0;

    while (rc == 0 && *(path += strspn(path, "/"))) {
        cleanup_lookup_result struct lookup_result found = { .drop = NULL };
        struct node *next = NULL;
        char name[512];
        size_t len = strcspn(path, "/");

        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        path += len;
        rc = resolve(t->inodes, call, at, name, &found, &t->api.err);
        if (rc == 0)
            rc = resolve_node(t->inodes, at, name, &found, 0, &next);
        node_unref(t->nodes, at);
        at = next;
    }
    if (rc == 0)
        *out = at;
    return rc;
}

/* The same of what must be there. */
static inline struct node *walk(struct tree *t, const char *path)
{
    struct node *n = NULL;

    assert_int_equal(walk_by(t, &t->api.call, path, &n), 0);
    return n;
}

/* What stands there: "resource las:model:...", "drop", or the name of an errno. */
static inline const char *at_by(struct tree *t, struct call *call, const char *path)
{
    static char texts[4][256];
    static unsigned next;
    char *text = texts[next++ % 4];
    struct node *n = NULL;
    int rc = walk_by(t, call, path, &n);

    if (rc < 0)
        return strerrorname_np(-rc);
    assert_true((n->place.kind == NODE_DROP || n->place.kind == NODE_SUBFOLDER ||
                 n->place.kind == NODE_ERROR_NOTE || n->place.kind == NODE_FAILED_FILE ||
                 n->place.kind == NODE_PENDING_FILE) == (n->drop != NULL));
    snprintf(text, sizeof(texts[0]), "%s%s%s", kind_name(n->place.kind), n->id ? " " : "",
             n->id ? n->id : "");
    node_unref(t->nodes, n);
    return text;
}

static inline const char *at(struct tree *t, const char *path)
{
    return at_by(t, &t->api.call, path);
}

struct path_case {
    const char *path, *is;
};

static inline void expect_paths(struct tree *t, const struct path_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_message("%s\n", cases[i].path);
        assert_string_equal(at(t, cases[i].path), cases[i].is);
    }
}
#define EXPECT_PATHS(t, cases) expect_paths(t, cases, ARRAY_LEN(cases))

/* --- What was put here ------------------------------------------------------------------------ */

static inline struct folder *drop_folder_of(struct tree *t, const char *key)
{
    struct folder *f = NULL;

    assert_int_equal(drops_folder(t->drops, key, &f), 0);
    return f;
}

/* Of this resource, which may be NULL: with a reference. */
static inline struct drop *put_here(struct tree *t, const char *key, const char *name,
                                    enum drop_what what, const char *id)
{
    struct drop *d = NULL;

    assert_int_equal(drops_add(t->drops, drop_folder_of(t, key), name, what, &d), 0);
    assert_int_equal(drop_named(t->drops, d, id, false), 0);
    return d;
}

/* The same, which nobody here needs. */
static inline void put(struct tree *t, const char *key, const char *name, enum drop_what what,
                       const char *id)
{
    drop_unref(put_here(t, key, name, what, id));
}

static inline bool is_here(struct tree *t, const char *key, const char *name)
{
    cleanup_drop struct drop *d = drops_find(t->drops, drop_folder_of(t, key), name);

    return d != NULL;
}

#endif
