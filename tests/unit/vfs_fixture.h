/*
 * A whole struct fs over a small API on loopback: what a mount has but for the kernel, which a test plays. The
 * world of uploads_fixture.h borrows its rooms, so that a test looks at them as those of the rooms below do.
 */
#ifndef LASFS_VFS_FIXTURE_H
#define LASFS_VFS_FIXTURE_H

#include "uploads_fixture.h"

#include "fs.h"
#include "fs_context.h"

/* A test's *state. The options are its own to set before it begins. */
struct vfs {
    struct world w; /* first */
    struct options options;
    struct fs *fs;
    char told[4096]; /* what the kernel was told, a word each */
};

static inline void tell(struct vfs *v, const char *what, const char *name)
{
    size_t len = strlen(v->told);

    snprintf(v->told + len, sizeof(v->told) - len, "%s%s ", what, name);
}

static inline void tell_all(void *arg)
{
    tell(arg, "all", "");
}

static inline void tell_attr(void *arg, uint64_t ino)
{
    (void)ino;
    tell(arg, "attr", "");
}

static inline void tell_entry(void *arg, uint64_t parent, const char *name)
{
    (void)parent;
    tell(arg, "entry:", name);
}

/* --- Begin and end ---------------------------------------------------------------------------- */

static inline int try_open_fs(struct vfs *v, struct clock *clock, struct fs **out)
{
    void *dir = v->w.dir;
    char state[128], cache[128];

    snprintf(state, sizeof(state), "%s", in_dir(&dir, "state"));
    snprintf(cache, sizeof(cache), "%s", in_dir(&dir, "cache"));
    return fs_new(&(struct fs_config){ .options = &v->options,
                                       .backend = v->w.backend,
                                       .clock = clock,
                                       .state_dir = state,
                                       .cache_dir = cache,
                                       .endpoint = "http://the.api/v1" },
                  out, &v->w.err);
}

static inline void open_fs(struct vfs *v)
{
    struct world *w = &v->w;
    const struct fs_kernel calls = { tell_all, tell_attr, tell_entry, v };

    w->backend = open_backend(w);
    assert_int_equal(try_open_fs(v, &w->fake.clock, &v->fs), 0);
    fs_set_kernel(v->fs, &calls);
    w->drops = v->fs->drops;
    w->errlog = v->fs->errlog;
    w->uploads = v->fs->uploads;
    w->remote = v->fs->remote;
    w->state = v->fs->state;
    w->content = v->fs->content;
}

/* call: cancelled, it does not wait for what is still to be sent. */
static inline void close_fs_by(struct vfs *v, struct call *call)
{
    fs_end_reading(v->fs);
    fs_stop(v->fs, call, POOL_TIMEOUT_MS);
    fs_set_kernel(v->fs, NULL);
    fs_free(v->fs);
    backend_free(v->w.backend);
    v->fs = NULL;
}

static inline void close_fs(struct vfs *v)
{
    close_fs_by(v, NULL);
}

static inline void start_fs(struct vfs *v)
{
    struct world *w = &v->w;

    fake_clock_init(&w->client, 1000, INT64_C(1700000000000000000));
    fake_clock_init(&w->fake, HOUR_MS, INT64_C(1700000000000000000));
    w->fake.clock.wait = wait_for_test;
    assert_int_equal(call_init(&w->call), 0);
    api_start(&w->api);
    open_fs(v);
}

/* The mount ends, and another one begins. */
static inline void remount_fs(struct vfs *v)
{
    close_fs(v);
    open_fs(v);
}

static inline int vfs_setup(void **state)
{
    struct vfs *v = calloc(1, sizeof(*v));

    *state = v;
    if (!v)
        return -1;
    v->options = (struct options){ .complete = COMPLETE_OFF,
                                   .meta_ttl_ms = HOUR_MS,
                                   .list_ttl_ms = HOUR_MS,
                                   .timeout_ms = 30000,
                                   .cache_bytes = 1 << 20,
                                   .content_bytes = 1 << 20,
                                   .workers = 4,
                                   .uid = 1001,
                                   .gid = 1002 };
    return make_dir(&v->w) ? 0 : -1;
}

static inline int vfs_teardown(void **state)
{
    struct vfs *v = *state;

    if (v->fs) {
        call_cancel(&v->w.call);
        close_fs_by(v, &v->w.call);
        api_stop(&v->w.api);
        call_release(&v->w.call);
    }
    return temp_dir_teardown(state);
}

/* --- Paths, as a program has them ------------------------------------------------------------- */

/* Looked up name by name; the kernel remembers the last alone. */
static inline int look(struct vfs *v, const char *path, struct entry *e)
{
    cleanup_free char *copy = api_long(path);
    char *rest = copy, *name;
    int rc = 0;

    v->w.err = (struct failure){ .text = "" };
    *e = (struct entry){ .ino = NODE_ROOT_INO };
    while (rc == 0 && (name = strsep(&rest, "/"))) {
        uint64_t parent = e->ino;

        if (!*name)
            continue;
        rc = fs_lookup(v->fs, &v->w.call, parent, name, e, &v->w.err);
        if (parent != NODE_ROOT_INO)
            fs_forget(v->fs, parent, 1);
        if (rc == 0 && !e->ino)
            rc = -ENOENT;
    }
    return rc;
}

static inline uint64_t ino_of(struct vfs *v, const char *path)
{
    struct entry e;

    assert_int_equal(look(v, path, &e), 0);
    return e.ino;
}

static inline struct stat stat_of(struct vfs *v, const char *path)
{
    struct stat st;
    int64_t ttl_ms;

    assert_int_equal(fs_getattr(v->fs, &v->w.call, ino_of(v, path), NULL, &st, &ttl_ms, &v->w.err),
                     0);
    return st;
}

/* The folder that the last name of path is in, and that name. */
struct last_name {
    uint64_t parent;
    char *name; /* in text */
    char *text;
};

static inline struct last_name last_of(struct vfs *v, const char *path)
{
    struct last_name l = { .text = api_long(path) };
    char *slash = strrchr(l.text, '/');

    *slash = '\0';
    l.parent = ino_of(v, l.text);
    l.name = slash + 1;
    v->w.err = (struct failure){ .text = "" };
    return l;
}

static inline void last_release(struct vfs *v, struct last_name *l)
{
    if (l->parent != NODE_ROOT_INO)
        fs_forget(v->fs, l->parent, 1);
    free(l->text);
}

static inline int make_dir_at(struct vfs *v, const char *path)
{
    struct last_name l = last_of(v, path);
    struct entry e = { .ino = 0 };
    int rc = fs_mkdir(v->fs, &v->w.call, l.parent, l.name, 0755, &e, &v->w.err);

    if (rc == 0)
        fs_forget(v->fs, e.ino, 1);
    last_release(v, &l);
    return rc;
}

static inline int create(struct vfs *v, const char *path, int flags, struct handle **h)
{
    struct last_name l = last_of(v, path);
    struct entry e = { .ino = 0 };
    int rc =
        fs_create(v->fs, &v->w.call, l.parent, l.name, 0640, flags, getpid(), &e, h, &v->w.err);

    if (rc == 0)
        fs_forget(v->fs, e.ino, 1);
    last_release(v, &l);
    return rc;
}

static inline int open_at(struct vfs *v, const char *path, int flags, struct handle **h)
{
    struct entry e;
    int rc = look(v, path, &e);

    if (rc == 0)
        rc = fs_open(v->fs, &v->w.call, e.ino, flags, getpid(), h, &v->w.err);
    return rc;
}

static inline int64_t write_to(struct vfs *v, struct handle *h, const char *text, int64_t off)
{
    v->w.err = (struct failure){ .text = "" };
    return fs_write(v->fs, &v->w.call, h, text, strlen(text), off, getpid(), &v->w.err);
}

/* close(2), and that no other has it open. What the close says. */
static inline int close_file(struct vfs *v, struct handle *h)
{
    int rc;

    v->w.err = (struct failure){ .text = "" };
    rc = fs_flush(v->fs, &v->w.call, h, getpid(), &v->w.err);
    fs_release_blocks(v->fs, h);
    fs_release(v->fs, &v->w.call, h);
    return rc;
}

/* cp: what it says first. */
static inline int copy_to(struct vfs *v, const char *path, const char *text)
{
    struct entry e;
    struct handle *h = NULL;
    int rc = look(v, path, &e);
    int64_t n;

    if (rc == -ENOENT)
        rc = create(v, path, O_WRONLY | O_CREAT | O_EXCL, &h);
    else if (rc == 0)
        rc = fs_open(v->fs, &v->w.call, e.ino, O_WRONLY | O_TRUNC, getpid(), &h, &v->w.err);
    if (rc < 0)
        return rc;
    n = write_to(v, h, text, 0);
    rc = close_file(v, h);
    return n < 0 ? (int)n : rc;
}

static inline int read_file(struct vfs *v, struct handle *h, int64_t off, size_t size,
                            struct buf *out)
{
    struct chunk c = { .fd = -1 };
    int rc = fs_read(v->fs, &v->w.call, h, off, size, &c, &v->w.err);

    if (rc < 0)
        return rc;
    assert_int_equal(buf_resize(out, c.len), 0);
    if (c.data)
        memcpy(out->data, c.data, c.len);
    else if (c.len)
        assert_int_equal(pread(c.fd, out->data, c.len, c.off), c.len);
    fs_chunk_release(&c);
    return 0;
}

static inline void expect_cat(struct vfs *v, const char *path, const char *want)
{
    cleanup_buf struct buf out = BUF_INIT(1 << 20);
    cleanup_free char *is = NULL, *brief = api_short(want);
    struct handle *h = NULL;

    assert_int_equal(open_at(v, path, O_RDONLY, &h), 0);
    assert_int_equal(read_file(v, h, 0, 1 << 20, &out), 0);
    is = api_short(buf_str(&out));
    assert_string_equal(is, brief);
    assert_int_equal(close_file(v, h), 0);
}

static inline int unlink_at(struct vfs *v, const char *path)
{
    struct last_name l = last_of(v, path);
    int rc = fs_unlink(v->fs, &v->w.call, l.parent, l.name, getpid(), &v->w.err);

    last_release(v, &l);
    return rc;
}

static inline int rmdir_at(struct vfs *v, const char *path)
{
    struct last_name l = last_of(v, path);
    int rc = fs_rmdir(v->fs, &v->w.call, l.parent, l.name, &v->w.err);

    last_release(v, &l);
    return rc;
}

static inline int rename_at(struct vfs *v, const char *from, const char *to, unsigned flags)
{
    struct last_name f = last_of(v, from), t = last_of(v, to);
    int rc = fs_rename(v->fs, &v->w.call, f.parent, f.name, t.parent, t.name, flags, &v->w.err);

    last_release(v, &f);
    last_release(v, &t);
    return rc;
}

static inline int move_to(struct vfs *v, const char *from, const char *to)
{
    return rename_at(v, from, to, 0);
}

/* There is nothing of that path any more. */
static inline void expect_none(struct vfs *v, const char *path)
{
    struct entry e;

    assert_int_equal(look(v, path, &e), -ENOENT);
}

/* --- Listings --------------------------------------------------------------------------------- */

/* What a buffer for so many entries is filled with. */
struct names {
    char text[8192]; /* "NAME NAME " */
    unsigned room, n;
    int64_t next; /* where to go on */
    bool plus_missing;
    struct vfs *v;
};

static inline bool add_name(void *arg, const char *name, const struct stat *st,
                            const struct entry *e, int64_t next)
{
    struct names *names = arg;
    size_t len = strlen(names->text);

    if (names->n == names->room)
        return false;
    names->n++;
    names->next = next;
    assert_true(st->st_ino != 0);
    if (e)
        fs_forget(names->v->fs, e->ino, 1);
    snprintf(names->text + len, sizeof(names->text) - len, "%s ", name);
    return true;
}

/* From names->next on, at most so many. */
static inline int read_names(struct vfs *v, struct dirhandle *d, unsigned room, bool plus,
                             struct names *names)
{
    names->v = v;
    names->room = room;
    names->n = 0;
    names->text[0] = '\0';
    return fs_readdir(v->fs, &v->w.call, d, names->next, plus, add_name, names, &v->w.err);
}

static inline void expect_names(struct vfs *v, struct dirhandle *d, unsigned room, bool plus,
                                struct names *names, const char *want)
{
    cleanup_free char *is = NULL;

    assert_int_equal(read_names(v, d, room, plus, names), 0);
    is = api_short(names->text);
    assert_string_equal(is, want);
}

static inline struct dirhandle *open_dir(struct vfs *v, const char *path)
{
    struct dirhandle *d = NULL;

    assert_int_equal(fs_opendir(v->fs, &v->w.call, ino_of(v, path), &d, &v->w.err), 0);
    return d;
}

/* ls -U */
static inline void expect_ls(struct vfs *v, const char *path, const char *want)
{
    static struct names names;
    struct dirhandle *d = open_dir(v, path);
    cleanup_free char *dotted = NULL;

    names = (struct names){ .next = 0 };
    assert_true(asprintf(&dotted, ". .. %s", want) > 0);
    expect_names(v, d, 1000, true, &names, dotted);
    fs_releasedir(v->fs, d);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, vfs_setup, vfs_teardown)

#endif
