/*
 * The kernel's side of a mount, played by a test: a struct fs of vfs_fixture.h under libfuse's own session, whose
 * device is a socket. What goes over it are the kernel's requests and their answers, byte for byte.
 */
#ifndef LASFS_FUSE_FIXTURE_H
#define LASFS_FUSE_FIXTURE_H

#include "vfs_fixture.h"

#include <linux/fuse.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "notify.h"
#include "ops.h"

#define MESSAGE_MAX (256 * 1024)
#define NOTICES_MAX 64

/* A test's *state. */
struct device {
    struct vfs v; /* first */
    struct ops_context context;
    struct fuse_session *session;
    struct notifier *notifier;
    pthread_t loop;
    atomic_bool ends;
    int fd;         /* the kernel's end */
    unsigned flags; /* that the kernel offers at INIT */
    pid_t pid;      /* who asks */
    uint64_t unique;
    struct fuse_init_out init;
    char answer[MESSAGE_MAX]; /* of the last request, with a NUL behind it */
    size_t len;
    char notices
        [8192]; /* what the kernel was told by itself: "entry NAME ", "inode N ", "poll N " */
};

/* --- Messages --------------------------------------------------------------------------------- */

static inline uint64_t begin_request(struct device *k, unsigned opcode, uint64_t ino,
                                     const void *arg, size_t arg_len, const void *more,
                                     size_t more_len)
{
    struct fuse_in_header in = { .len = (uint32_t)(sizeof(in) + arg_len + more_len),
                                 .opcode = opcode,
                                 .unique = k->unique += 2,
                                 .nodeid = ino,
                                 .uid = 1001,
                                 .gid = 1002,
                                 .pid = (uint32_t)k->pid };
    struct iovec parts[] = { { &in, sizeof(in) },
                             { (void *)(uintptr_t)arg, arg_len },
                             { (void *)(uintptr_t)more, more_len } };

    assert_int_equal(writev(k->fd, parts, 3), in.len);
    return in.unique;
}

static inline void take_notice(struct device *k, int code)
{
    const union {
        struct fuse_notify_inval_inode_out inode;
        struct fuse_notify_inval_entry_out entry;
        struct fuse_notify_poll_wakeup_out poll;
    } *out = (const void *)k->answer;
    size_t len = strlen(k->notices), room = sizeof(k->notices) - len;

    if (code == FUSE_NOTIFY_INVAL_ENTRY)
        snprintf(k->notices + len, room, "entry %s ", k->answer + sizeof(out->entry));
    else if (code == FUSE_NOTIFY_INVAL_INODE)
        snprintf(k->notices + len, room, "inode %llu ", (unsigned long long)out->inode.ino);
    else if (code == FUSE_NOTIFY_POLL)
        snprintf(k->notices + len, room, "poll %llu ", (unsigned long long)out->poll.kh);
}

/* One message; the unique that it answers, 0: a notice. */
static inline uint64_t receive(struct device *k, int *error)
{
    struct fuse_out_header out;
    struct iovec parts[] = { { &out, sizeof(out) }, { k->answer, sizeof(k->answer) - 1 } };
    ssize_t n = readv(k->fd, parts, 2);

    assert_true(n >= (ssize_t)sizeof(out));
    assert_int_equal(n, out.len);
    k->len = (size_t)n - sizeof(out);
    k->answer[k->len] = '\0';
    *error = out.error;
    if (out.unique == 0)
        take_notice(k, out.error);
    return out.unique;
}

/* What that request is answered with: 0 or -errno. */
static inline int end_request(struct device *k, uint64_t unique)
{
    uint64_t of;
    int error;

    do
        of = receive(k, &error);
    while (of == 0);
    assert_int_equal(of, unique);
    return error;
}

static inline int ask_with(struct device *k, unsigned opcode, uint64_t ino, const void *arg,
                           size_t arg_len, const void *more, size_t more_len)
{
    return end_request(k, begin_request(k, opcode, ino, arg, arg_len, more, more_len));
}

/* With a name behind it, in a test's words. */
static inline int ask_name(struct device *k, unsigned opcode, uint64_t ino, const void *arg,
                           size_t arg_len, const char *name)
{
    cleanup_free char *whole = api_long(name);

    return ask_with(k, opcode, ino, arg, arg_len, whole, strlen(whole) + 1);
}

static inline int ask(struct device *k, unsigned opcode, uint64_t ino, const void *arg,
                      size_t arg_len)
{
    return ask_with(k, opcode, ino, arg, arg_len, NULL, 0);
}

/* Something of the last answer. */
#define ANSWER(k, type) (*(const type *)(const void *)(k)->answer)

/* Waits until the kernel was told so many words. */
static inline void await_notices(struct device *k, const char *want)
{
    int error;

    while (strlen(k->notices) < strlen(want))
        assert_int_equal(receive(k, &error), 0);
    assert_string_equal(k->notices, want);
    k->notices[0] = '\0';
}

/* --- Begin and end ---------------------------------------------------------------------------- */

static inline void *serve(void *arg)
{
    struct device *k = arg;
    struct fuse_buf buf = { .mem = NULL };

    while (!atomic_load(&k->ends)) {
        if (fuse_session_receive_buf(k->session, &buf) <= 0)
            abort();
        fuse_session_process_buf(k->session, &buf);
    }
    free(buf.mem);
    return NULL;
}

static inline void say_hello(struct device *k)
{
    const struct fuse_init_in in = {
        .major = FUSE_KERNEL_VERSION, .minor = 34, .max_readahead = 1 << 20, .flags = k->flags
    };

    assert_int_equal(ask(k, FUSE_INIT, 0, &in, sizeof(in)), 0);
    memcpy(&k->init, k->answer, sizeof(k->init));
}

static inline void start_device(struct device *k)
{
    char program[] = "lasfs", *argv[] = { program, NULL }, place[32];
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    int fds[2], size = MESSAGE_MAX;

    start_fs(&k->v);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    k->fd = fds[0];
    k->context.fs = k->v.fs;
    k->context.options = &k->v.options;
    k->session = fuse_session_new(&args, &lasfs_ops, sizeof(lasfs_ops), &k->context);
    fuse_opt_free_args(&args);
    assert_non_null(k->session);
    snprintf(place, sizeof(place), "/dev/fd/%d", fds[1]);
    assert_int_equal(fuse_session_mount(k->session, place), 0);
    assert_int_equal(session_take_over(k->session), 0);
    assert_int_equal(notifier_new(k->session, fs_nodes(k->v.fs), &k->notifier), 0);
    fs_set_kernel(k->v.fs, &(struct fs_kernel){ notifier_forget_all, notifier_attr_changed,
                                                notifier_entry_changed, k->notifier });
    assert_int_equal(pthread_create(&k->loop, NULL, serve, k), 0);
    say_hello(k);
}

static inline void stop_device(struct device *k)
{
    atomic_store(&k->ends, true);
    begin_request(k, FUSE_DESTROY, 0, NULL, 0, NULL, 0);
    pthread_join(k->loop, NULL);
    fs_set_kernel(k->v.fs, NULL);
    notifier_free(k->notifier);
    call_cancel(&k->v.w.call);
    close_fs_by(&k->v, &k->v.w.call); /* jobs that reply end first */
    fuse_session_destroy(k->session);
    close(k->fd);
    api_stop(&k->v.w.api);
    call_release(&k->v.w.call);
}

static inline int device_setup(void **state)
{
    struct device *k = calloc(1, sizeof(*k));
    struct vfs *v;
    void *made;

    if (!k || vfs_setup(&made) < 0)
        return -1;
    v = made;
    k->v = *v;
    free(v);
    k->pid = getpid();
    k->flags = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO |
               FUSE_PARALLEL_DIROPS | FUSE_WRITEBACK_CACHE | FUSE_BIG_WRITES;
    *state = k;
    return 0;
}

static inline int device_teardown(void **state)
{
    struct device *k = *state;

    if (k->session)
        stop_device(k);
    return vfs_teardown(state);
}

/* --- Paths ------------------------------------------------------------------------------------ */

/* Looked up name by name: 0 or -errno; the number and the rest is in answer. */
static inline int lookup(struct device *k, const char *path)
{
    cleanup_free char *copy = api_long(path);
    char *rest = copy, *name;
    uint64_t ino = FUSE_ROOT_ID;
    int rc = 0;

    while (rc == 0 && (name = strsep(&rest, "/"))) {
        if (!*name)
            continue;
        rc = ask_with(k, FUSE_LOOKUP, ino, name, strlen(name) + 1, NULL, 0);
        ino = ANSWER(k, struct fuse_entry_out).nodeid;
    }
    return rc;
}

static inline uint64_t number_of(struct device *k, const char *path)
{
    assert_int_equal(lookup(k, path), 0);
    return ANSWER(k, struct fuse_entry_out).nodeid;
}

static inline struct fuse_open_out open_of(struct device *k, unsigned opcode, uint64_t ino,
                                           unsigned flags)
{
    const struct fuse_open_in in = { .flags = flags };

    assert_int_equal(ask(k, opcode, ino, &in, sizeof(in)), 0);
    return ANSWER(k, struct fuse_open_out);
}

static inline int release_of(struct device *k, unsigned opcode, uint64_t ino, uint64_t fh)
{
    const struct fuse_release_in in = { .fh = fh };

    return ask(k, opcode, ino, &in, sizeof(in));
}

static inline int write_of(struct device *k, uint64_t ino, uint64_t fh, const char *text,
                           uint64_t off, unsigned flags)
{
    const struct fuse_write_in in = {
        .fh = fh, .offset = off, .size = (uint32_t)strlen(text), .flags = flags
    };

    return ask_with(k, FUSE_WRITE, ino, &in, sizeof(in), text, strlen(text));
}

static inline int flush_of(struct device *k, uint64_t ino, uint64_t fh)
{
    const struct fuse_flush_in in = { .fh = fh };

    return ask(k, FUSE_FLUSH, ino, &in, sizeof(in));
}

/* creat(2): its number and its handle. */
static inline int create_in(struct device *k, uint64_t parent, const char *name, uint64_t *ino,
                            uint64_t *fh)
{
    const struct fuse_create_in in = { .flags = O_WRONLY | O_CREAT | O_EXCL,
                                       .mode = S_IFREG | 0640 };
    int rc = ask_name(k, FUSE_CREATE, parent, &in, sizeof(in), name);

    *ino = *fh = 0;
    if (rc < 0)
        return rc;
    *ino = ANSWER(k, struct fuse_entry_out).nodeid;
    memcpy(fh, k->answer + sizeof(struct fuse_entry_out), sizeof(*fh));
    return 0;
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, device_setup, device_teardown)

#endif
