/* The room fs/dir over pseudo_fixture.h: directories are listed, and anything is asked for with stat(2), by path. */
#ifndef LASFS_DIRS_FIXTURE_H
#define LASFS_DIRS_FIXTURE_H

#include "pseudo_fixture.h"

#include "attr.h"
#include "dirs.h"
#include "entries.h"
#include "fill.h"

#define OUR_UID 1001
#define OUR_GID 1002
#define STARTED_NS INT64_C(1600000000000000000)

/* A test's *state. The options of the room are its own to set before it begins. */
struct shown {
    struct mount m; /* first */
    int list;       /* enum list_mode */
    mode_t umask;
    bool allow_other;
    struct dirs *dirs;
};

static inline void open_dirs(struct shown *s)
{
    struct mount *m = &s->m;

    assert_int_equal(dirs_new(&(struct dirs_config){ .pseudo = m->pseudo,
                                                     .inodes = m->inodes,
                                                     .nodes = m->nodes,
                                                     .remote = m->w.remote,
                                                     .drops = m->w.drops,
                                                     .errlog = m->w.errlog,
                                                     .started_ns = STARTED_NS,
                                                     .list = s->list,
                                                     .uid = OUR_UID,
                                                     .gid = OUR_GID,
                                                     .umask = s->umask,
                                                     .allow_other = s->allow_other },
                              &s->dirs),
                     0);
}

static inline void start_shown(struct shown *s)
{
    start_mount(&s->m);
    open_dirs(s);
}

/* It ends, and another one begins. */
static inline void remount_shown(struct shown *s)
{
    dirs_free(s->dirs);
    remount_mount(&s->m);
    open_dirs(s);
}

static inline int shown_setup(void **state)
{
    struct shown *s = calloc(1, sizeof(*s));

    *state = s;
    return s && make_dir(&s->m.w) ? 0 : -1;
}

static inline int shown_teardown(void **state)
{
    struct shown *s = *state;

    dirs_free(s->dirs);
    return mount_teardown(state);
}

/* --- Listings --------------------------------------------------------------------------------- */

static inline struct dirhandle *open_dir(struct shown *s, const char *path)
{
    struct dirhandle *d = NULL;
    struct node *n;

    assert_int_equal(find_node(&s->m, path, &n), 0);
    assert_true(tree_is_dir(n->place.kind));
    assert_int_equal(dir_new(s->dirs, n, &d), 0);
    return d;
}

static inline void add_slot_name(const struct slot *slot, struct buf *out)
{
    char id[RESOURCE_ID_MAX + 1] = "";

    if (!slot->item)
        assert_int_equal(record_id(slot->record, id), 0);
    assert_int_equal(buf_adds(out, slot->item ? slot->item->name : id), 0);
    assert_int_equal(buf_adds(out, " "), 0);
}

/* From this slot on, what there is: "NAME NAME ", in its order. 0, or why there is no more. */
static inline int read_dir(struct shown *s, struct call *call, struct dirhandle *d, size_t from,
                           struct buf *out)
{
    int rc;

    s->m.w.err = (struct failure){ .text = "" };
    lock_take(&d->lock);
    d->may_write = !call->nowait;
    while ((rc = dir_fill(s->dirs, call, d, from, &s->m.w.err)) == 0)
        add_slot_name(&d->slots[from++], out);
    lock_give(&d->lock);
    return rc == 1 ? 0 : rc;
}

static inline int list_path(struct shown *s, const char *path, struct buf *out)
{
    struct dirhandle *d = open_dir(s, path);
    int rc = read_dir(s, &s->m.w.call, d, 0, out);

    dir_free(s->dirs, d);
    return rc;
}

/* ls -U: these, in this order, with short ids. */
static inline void expect_list(struct shown *s, const char *path, const char *want)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    cleanup_free char *is = NULL;

    print_message("%s\n", path);
    assert_int_equal(list_path(s, path, &out), 0);
    is = api_short(buf_str(&out));
    assert_string_equal(is, want);
}

/* What ls fails with, and nothing is shown. */
static inline int list_fails(struct shown *s, const char *path)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    int rc = list_path(s, path, &out);

    assert_int_equal(out.len, 0);
    return rc;
}

/* --- stat(2) ---------------------------------------------------------------------------------- */

static inline int stat_path(struct shown *s, const char *path, struct stat *st, int64_t *ttl_ms)
{
    struct node *n;
    int rc = find_node(&s->m, path, &n);

    if (rc < 0)
        return rc;
    rc = attr_of(s->dirs, &s->m.w.call, n, st, ttl_ms, &s->m.w.err);
    node_unref(s->m.nodes, n);
    return rc;
}

static inline struct stat stat_of(struct shown *s, const char *path)
{
    struct stat st;
    int64_t ttl_ms;

    assert_int_equal(stat_path(s, path, &st, &ttl_ms), 0);
    return st;
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, shown_setup, shown_teardown)

#endif
