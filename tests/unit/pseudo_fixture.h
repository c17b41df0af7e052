/* The room fs/pseudo over uploads_fixture.h: files whose bytes are made up, read and written by path. */
#ifndef LASFS_PSEUDO_FIXTURE_H
#define LASFS_PSEUDO_FIXTURE_H

#include "uploads_fixture.h"

#include "inodes.h"
#include "kernel.h"
#include "node.h"
#include "operations.h"
#include "pseudo.h"
#include "resolve.h"
#include "text.h"

#define TEXT_BYTES (1 << 20)

/* A test's *state. */
struct mount {
    struct world w; /* first: its options are the mount's */
    struct nodes *nodes;
    struct inodes *inodes;
    struct kernel *kernel;
    struct operations operations;
    struct pseudo *pseudo;
    char told[4096]; /* what the kernel was told, a word each: "all ", "attr:/path " */
};

/* --- The kernel ------------------------------------------------------------------------------- */

static inline void tell(struct mount *m, const char *what, const char *path)
{
    size_t len = strlen(m->told);

    snprintf(m->told + len, sizeof(m->told) - len, "%s%s ", what, path);
}

static inline void tell_all(void *arg)
{
    tell(arg, "all", "");
}

static inline void tell_attr(void *arg, uint64_t ino)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);
    struct mount *m = arg;
    struct node *n = node_get(m->nodes, ino);
    cleanup_free char *brief = NULL;

    assert_int_equal(node_path(m->nodes, n, &path), 0);
    node_unref(m->nodes, n);
    brief = api_short(path.data);
    tell(m, "attr:", brief);
}

/* --- Begin and end ---------------------------------------------------------------------------- */

static inline void open_mount(struct mount *m)
{
    struct world *w = &m->w;
    const struct fs_kernel calls = { .forget_all = tell_all, .attr_changed = tell_attr, .arg = m };

    assert_int_equal(kernel_new(&m->kernel), 0);
    kernel_set(m->kernel, &calls);
    assert_int_equal(nodes_new(&m->nodes), 0);
    assert_int_equal(inodes_new(&(struct inodes_config){ .nodes = m->nodes,
                                                         .drops = w->drops,
                                                         .remote = w->remote,
                                                         .clock = &w->fake.clock,
                                                         .errlog = w->errlog,
                                                         .scratch = w->scratch },
                                &m->inodes),
                     0);
    assert_int_equal(pseudo_new(&(struct pseudo_config){ .inodes = m->inodes,
                                                         .nodes = m->nodes,
                                                         .uploads = w->uploads,
                                                         .remote = w->remote,
                                                         .drops = w->drops,
                                                         .backend = w->backend,
                                                         .content = w->content,
                                                         .state = w->state,
                                                         .clock = &w->fake.clock,
                                                         .errlog = w->errlog,
                                                         .kernel = m->kernel,
                                                         .operations = &m->operations,
                                                         .endpoint = "http://the.api/v1",
                                                         .started_ns = INT64_C(1700000000000000000),
                                                         .ro = w->ro },
                                &m->pseudo),
                     0);
}

static inline void close_mount(struct mount *m)
{
    pseudo_free(m->pseudo);
    inodes_free(m->inodes);
    nodes_free(m->nodes);
    kernel_free(m->kernel);
    m->pseudo = NULL;
}

static inline void start_mount(struct mount *m)
{
    start(&m->w);
    open_mount(m);
}

/* It ends, and another one begins. */
static inline void remount_mount(struct mount *m)
{
    close_mount(m);
    remount(&m->w);
    open_mount(m);
}

/* A test does so only to begin once more. */
static inline void stop_mount(struct mount *m)
{
    close_mount(m);
    stop(&m->w);
    m->told[0] = '\0';
}

static inline int mount_setup(void **state)
{
    struct mount *m = calloc(1, sizeof(*m));

    *state = m;
    return m && make_dir(&m->w) ? 0 : -1;
}

static inline int mount_teardown(void **state)
{
    struct mount *m = *state;

    if (m->pseudo)
        close_mount(m);
    return world_teardown(state);
}

/* --- Paths ------------------------------------------------------------------------------------ */

/* What stands at a path of the mount, in a test's words, with a reference; 0 or why not. */
static inline int find_node(struct mount *m, const char *path, struct node **out)
{
    struct node *at = node_get(m->nodes, NODE_ROOT_INO);
    cleanup_free char *copy = api_long(path);
    char *rest = copy, *name;
    int rc = 0;

    m->w.err = (struct failure){ .text = "" };
    *out = NULL;
    while (rc == 0 && (name = strsep(&rest, "/"))) {
        cleanup_lookup_result struct lookup_result f = { .drop = NULL };
        struct node *next = NULL;

        if (!*name)
            continue;
        rc = resolve(m->inodes, &m->w.call, at, name, &f, &m->w.err);
        if (rc == 0)
            rc = resolve_node(m->inodes, at, name, &f, 0, &next);
        if (rc == 0) {
            node_unref(m->nodes, at);
            at = next;
        }
    }
    if (rc == 0)
        *out = at;
    else
        node_unref(m->nodes, at);
    return rc;
}

/* cat: added to out. */
static inline int read_path(struct mount *m, const char *path, struct buf *out)
{
    struct node *n;
    int rc = find_node(m, path, &n);

    if (rc < 0)
        return rc;
    rc = text_of(m->pseudo, &m->w.call, n, out, &m->w.err);
    node_unref(m->nodes, n);
    return rc;
}

/* The text of a file, with ' for " and TYPE#7 for ids. */
static inline void expect_text(struct mount *m, const char *path, const char *want)
{
    cleanup_buf struct buf text = BUF_INIT(TEXT_BYTES);
    cleanup_free char *is = NULL;

    assert_int_equal(read_path(m, path, &text), 0);
    is = api_short(buf_str(&text));
    assert_string_equal(is, want);
}

/* echo: the whole new text, in a test's words. */
static inline int write_path(struct mount *m, const char *path, const char *text)
{
    cleanup_free char *whole = api_long(text);
    struct node *n;
    int rc = find_node(m, path, &n);

    if (rc < 0)
        return rc;
    m->told[0] = '\0';
    rc = text_commit(m->pseudo, &m->w.call, n, whole, strlen(whole), &m->w.err);
    node_unref(m->nodes, n);
    return rc;
}

/* What was asked so far is of no interest. */
static inline void forget_said(struct mount *m)
{
    pthread_mutex_lock(&m->w.api.server.lock);
    m->w.api.said[0] = '\0';
    pthread_mutex_unlock(&m->w.api.server.lock);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, mount_setup, mount_teardown)

#endif
