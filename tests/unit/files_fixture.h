/* The room fs/file over pseudo_fixture.h: files are opened, read, written and closed by path, as fs/vfs does it. */
#ifndef LASFS_FILES_FIXTURE_H
#define LASFS_FILES_FIXTURE_H

#include "pseudo_fixture.h"

#include <sys/wait.h>

#include "chunk.h"
#include "file_kinds.h"
#include "handle.h"
#include "open_files.h"
#include "process.h"

/* A test's *state. */
struct opened {
    struct mount m; /* first */
    struct files *files;
};

static inline void open_files(struct opened *o)
{
    struct mount *m = &o->m;

    assert_int_equal(files_new(&(struct files_config){ .pseudo = m->pseudo,
                                                       .inodes = m->inodes,
                                                       .nodes = m->nodes,
                                                       .uploads = m->w.uploads,
                                                       .remote = m->w.remote,
                                                       .drops = m->w.drops,
                                                       .spool = m->w.spool,
                                                       .clock = &m->w.fake.clock,
                                                       .errlog = m->w.errlog,
                                                       .kernel = m->kernel,
                                                       .scratch = m->w.scratch,
                                                       .ro = m->w.ro },
                               &o->files),
                     0);
}

static inline void start_opened(struct opened *o)
{
    start_mount(&o->m);
    open_files(o);
}

static inline int opened_setup(void **state)
{
    struct opened *o = calloc(1, sizeof(*o));

    *state = o;
    return o && make_dir(&o->m.w) ? 0 : -1;
}

static inline int opened_teardown(void **state)
{
    struct opened *o = *state;

    files_free(o->files);
    return mount_teardown(state);
}

/* --- open(2) to close(2) ---------------------------------------------------------------------- */

/* By this process; what it fails with and says is in w.err. */
static inline int open_path(struct opened *o, const char *path, int flags, struct handle **out)
{
    struct node *n;
    int rc = find_node(&o->m, path, &n);

    if (rc < 0)
        return rc;
    rc = file_open(o->files, &o->m.w.call, n, flags, getpid(), out, &o->m.w.err);
    node_unref(o->m.nodes, n);
    return rc;
}

static inline struct handle *must_open(struct opened *o, const char *path, int flags)
{
    struct handle *h = NULL;

    assert_int_equal(open_path(o, path, flags, &h), 0);
    return h;
}

/* creat(2) of a file that is not there. */
static inline struct handle *make_file(struct opened *o, const char *key, const char *name)
{
    cleanup_drop struct drop *d = NULL;
    char path[256];

    assert_int_equal(drops_add(o->m.w.drops, folder_at(&o->m.w, key), name, DROP_FILE, &d), 0);
    snprintf(path, sizeof(path), "/%s/%s", key, name);
    return must_open(o, path, O_WRONLY | O_CREAT | O_TRUNC);
}

static inline int64_t write_at(struct opened *o, struct handle *h, const char *text, int64_t off)
{
    o->m.w.err = (struct failure){ .text = "" };
    handle_note_writer(h, getpid());
    return file_ops(h->node)->write(o->files, &o->m.w.call, h, text, strlen(text), off,
                                    &o->m.w.err);
}

/* close(2) of the one who opened it, or of a child of its own. */
static inline int flush_as(struct opened *o, struct handle *h, bool opener, pid_t pid)
{
    o->m.w.err = (struct failure){ .text = "" };
    return file_ops(h->node)->flush(o->files, &o->m.w.call, h, opener, pid, &o->m.w.err);
}

static inline int flush(struct opened *o, struct handle *h)
{
    return flush_as(o, h, true, getpid());
}

/* The last descriptor is gone; h too. */
static inline int release(struct opened *o, struct handle *h)
{
    const struct handle_ops *ops = file_ops(h->node);
    int rc = 0;

    o->m.w.err = (struct failure){ .text = "" };
    if (ops->release)
        rc = ops->release(o->files, &o->m.w.call, h, &o->m.w.err);
    file_free(o->files, h);
    return rc;
}

static inline int truncate_to(struct opened *o, struct handle *h, int64_t size)
{
    o->m.w.err = (struct failure){ .text = "" };
    return file_ops(h->node)->truncate(o->files, &o->m.w.call, h->node, h, size, &o->m.w.err);
}

/* truncate(2) */
static inline int truncate_path(struct opened *o, const char *path, int64_t size)
{
    struct node *n;
    int rc = find_node(&o->m, path, &n);

    if (rc < 0)
        return rc;
    rc = file_ops(n)->truncate(o->files, &o->m.w.call, n, NULL, size, &o->m.w.err);
    node_unref(o->m.nodes, n);
    return rc;
}

/* read(2): what is there, with a NUL behind it, or why not. */
static inline int read_by(struct opened *o, struct call *call, struct handle *h, int64_t off,
                          size_t size, struct buf *out)
{
    struct chunk c = { .fd = -1 };
    int rc = file_ops(h->node)->read(o->files, call, h, off, size, &c, &o->m.w.err);

    if (rc < 0)
        return rc;
    assert_true(c.len <= size);
    assert_int_equal(buf_resize(out, c.len), 0);
    if (c.data)
        memcpy(out->data, c.data, c.len);
    else if (c.len)
        assert_int_equal(pread(c.fd, out->data, c.len, c.off), c.len);
    chunk_release(&c);
    return 0;
}

static inline void expect_read(struct opened *o, struct handle *h, int64_t off, size_t size,
                               const char *want)
{
    cleanup_buf struct buf out = BUF_INIT(TEXT_BYTES);
    cleanup_free char *is = NULL;

    assert_int_equal(read_by(o, &o->m.w.call, h, off, size, &out), 0);
    is = api_short(buf_str(&out));
    assert_string_equal(is, want);
}

/* cat */
static inline void expect_cat(struct opened *o, const char *path, const char *want)
{
    struct handle *h = must_open(o, path, O_RDONLY);

    expect_read(o, h, 0, TEXT_BYTES, want);
    assert_int_equal(release(o, h), 0);
}

/* What the failure says to the user. */
static inline void expect_err(struct opened *o, const char *text)
{
    assert_string_equal(o->m.w.err.text, text);
}

/* A child that a signal has ended, or that has ended by itself; to be waited for. */
static inline pid_t dead_child(bool killed)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0) {
        if (killed)
            raise(SIGKILL);
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    return pid;
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, opened_setup, opened_teardown)

#endif
