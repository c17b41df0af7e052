#include "errfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "lock.h"
#include "owned.h"
#include "thread.h"

#include "banned.h"

#define FLAGS (O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
#define STACK_BYTES (256 * 1024)

struct errfile {
    char *path; /* set once */
    int fd;     /* the thread's, as the next two */
    size_t lines, bytes;
    pthread_t thread; /* set once */
    struct lock lock;
    pthread_cond_t work;
    struct buf pending; /* guarded by lock: what is still to be written */
    bool anew;          /* guarded by lock: in the place of all that is there */
    bool stop;          /* guarded by lock */
};

/* --- Which lines ------------------------------------------------------------------------------ */

bool errfile_is_full(size_t lines, size_t bytes)
{
    return lines > 2 * ERRFILE_LINES || bytes > ERRFILE_BYTES;
}

size_t errfile_newest(const char *text, size_t len)
{
    size_t at = len;

    for (size_t lines = 0; at > 0 && lines < ERRFILE_LINES; lines++) {
        const char *end = memrchr(text, '\n', at - 1); /* of the line before */
        size_t start = end ? (size_t)(end - text) + 1 : 0;

        if (len - start > ERRFILE_BYTES / 2)
            break;
        at = start;
    }
    return at;
}

size_t errfile_count_lines(const char *text, size_t len)
{
    size_t lines = 0;

    for (const char *p = text, *end = text + len; p < end && (p = memchr(p, '\n', end - p)); p++)
        lines++;
    return lines;
}

/* A crash leaves half a line, a power cut bytes that are none of a line. */
static bool is_line(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            return false;
    return len > 0;
}

/* --- The file --------------------------------------------------------------------------------- */

/* The newest ERRFILE_BYTES of it. */
static int read_end(int fd, off_t size, struct buf *out)
{
    off_t off = size > ERRFILE_BYTES ? size - ERRFILE_BYTES : 0;

    if (lseek(fd, off, SEEK_SET) < 0)
        return -errno;
    return file_read_fd(fd, out);
}

/* Adds its whole lines to out; *whole: there was nothing else in it. */
static int load(int fd, struct buf *out, bool *whole)
{
    cleanup_buf struct buf text = BUF_INIT(ERRFILE_BYTES);
    const char *line, *end;
    struct stat st;
    int rc;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!owned_is_plain(&st))
        return -EINVAL;
    rc = read_end(fd, st.st_size, &text);
    if (rc < 0 || !text.len)
        return rc;
    line = text.data;
    if (st.st_size > ERRFILE_BYTES) /* its first line is cut */
        line = memchr(line, '\n', text.len);
    while (rc == 0 && line && (end = memchr(line, '\n', text.data + text.len - line))) {
        if (is_line(line, (size_t)(end - line)))
            rc = buf_add(out, line, (size_t)(end - line) + 1);
        line = end + 1;
    }
    *whole = (off_t)out->len == st.st_size;
    return rc;
}

static void set_contents(struct errfile *f, int fd, const char *text, size_t len)
{
    f->fd = fd;
    f->bytes = len;
    f->lines = errfile_count_lines(text, len);
}

static int write_beside(const char *beside, const char *text, size_t len)
{
    cleanup_fd int fd = -1;
    int rc;

    if (unlink(beside) < 0 && errno != ENOENT)
        return -errno;
    fd = open(beside, FLAGS | O_EXCL, 0600);
    if (fd < 0)
        return -errno;
    rc = file_write_all(fd, text, len);
    return rc < 0 ? rc : steal_fd(&fd);
}

/* The file with text alone in it: another one, by a rename. Where that cannot be, the same one:
 * it must not grow for ever. */
static int replace(struct errfile *f, const char *text, size_t len)
{
    cleanup_free char *beside = NULL;
    int fd, rc;

    if (asprintf(&beside, "%s.new", f->path) < 0) {
        beside = NULL; /* asprintf leaves it undefined */
        return -ENOMEM;
    }
    fd = write_beside(beside, text, len);
    if (fd >= 0 && rename(beside, f->path) == 0) {
        close(f->fd);
        set_contents(f, fd, text, len);
        return 0;
    }
    if (fd >= 0)
        close(fd);
    unlink(beside);
    rc = ftruncate(f->fd, 0) < 0 ? -errno : file_write_all(f->fd, text, len);
    set_contents(f, f->fd, text, rc < 0 ? 0 : len);
    return rc;
}

static void drop_oldest(struct errfile *f)
{
    cleanup_buf struct buf text = BUF_INIT(ERRFILE_BYTES);
    size_t from;
    bool whole;

    if (load(f->fd, &text, &whole) < 0)
        return;
    from = errfile_newest(buf_str(&text), text.len);
    replace(f, buf_str(&text) + from, text.len - from);
}

/* All of it or nothing, so that no line is glued to half a one. */
static void append(struct errfile *f, const char *text, size_t len)
{
    if (file_write_all(f->fd, text, len) < 0) {
        int rc = ftruncate(f->fd, (off_t)f->bytes);

        (void)rc; /* then the next mount leaves the line out */
        return;
    }
    f->bytes += len;
    f->lines += errfile_count_lines(text, len);
    if (errfile_is_full(f->lines, f->bytes))
        drop_oldest(f);
}

/* --- The thread ------------------------------------------------------------------------------- */

static void *writer_thread(void *arg)
{
    struct errfile *f = arg;

    lock_take(&f->lock);
    while (f->pending.len || !f->stop) {
        struct buf text = f->pending;
        bool anew;

        if (!text.len) {
            lock_wait(&f->lock, &f->work);
            continue;
        }
        buf_init(&f->pending, ERRFILE_BYTES);
        anew = f->anew;
        f->anew = false;
        lock_give(&f->lock);
        if (anew)
            replace(f, text.data, text.len);
        else
            append(f, text.data, text.len);
        buf_release(&text);
        lock_take(&f->lock);
    }
    lock_give(&f->lock);
    return NULL;
}

static void errfile_free(struct errfile *f)
{
    if (f->fd >= 0)
        close(f->fd);
    buf_release(&f->pending);
    pthread_cond_destroy(&f->work);
    lock_destroy(&f->lock);
    free(f->path);
    free(f);
}

static int errfile_start(struct errfile *f, struct buf *lines)
{
    bool whole = true;
    int rc;

    f->fd = f->path ? open(f->path, FLAGS, 0600) : -1;
    if (f->fd < 0)
        return f->path ? -errno : -ENOMEM;
    rc = load(f->fd, lines, &whole);
    if (rc < 0)
        return rc;
    set_contents(f, f->fd, buf_str(lines), lines->len);
    if (!whole)
        rc = replace(f, buf_str(lines), lines->len);
    return rc < 0 ? rc : thread_start(&f->thread, STACK_BYTES, writer_thread, f);
}

int errfile_open(const char *path, struct buf *lines, struct errfile **out)
{
    struct errfile *f = calloc(1, sizeof(*f));
    int rc;

    if (!f)
        return -ENOMEM;
    lock_init(&f->lock, LOCK_ERRFILE);
    pthread_cond_init(&f->work, NULL);
    buf_init(&f->pending, ERRFILE_BYTES);
    f->path = strdup(path);
    rc = errfile_start(f, lines);
    if (rc < 0) {
        errfile_free(f);
        return rc;
    }
    *out = f;
    return 0;
}

/* The disk does not keep up: the oldest lines go, those that it has got already first. */
static void drop_pending_locked(struct errfile *f)
{
    size_t from = errfile_newest(f->pending.data, f->pending.len);

    memmove(f->pending.data, f->pending.data + from, f->pending.len - from);
    buf_resize(&f->pending, f->pending.len - from);
    f->anew = true;
}

void errfile_add(struct errfile *f, const char *lines, size_t len)
{
    lock_take(&f->lock);
    if (f->pending.len + len > ERRFILE_BYTES)
        drop_pending_locked(f);
    buf_add(&f->pending, lines, len);
    pthread_cond_signal(&f->work);
    lock_give(&f->lock);
}

void errfile_close(struct errfile *f)
{
    if (!f)
        return;
    lock_take(&f->lock);
    f->stop = true;
    pthread_cond_signal(&f->work);
    lock_give(&f->lock);
    pthread_join(f->thread, NULL);
    errfile_free(f);
}
