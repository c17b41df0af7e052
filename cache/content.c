#include "content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "content_index.h"
#include "content_mark.h"
#include "content_name.h"
#include "file.h"
#include "lock.h"
#include "owned.h"

#include "banned.h"

#define CHUNK_BYTES 65536

struct content_cache {
    struct lock lock;
    char *dir;                  /* set once */
    int dirfd;                  /* set once */
    int64_t max_bytes;          /* set once */
    struct content_mark mark;   /* set once */
    struct content_index index; /* guarded by lock, as all below */
    uint64_t hits, misses, evictions, broken, ahead_used;
};

struct content_writer {
    struct content_cache *cache;
    int fd;
    char *path; /* NULL: it has no name and cannot be kept */
};

/* Puts what is too much onto *gone. The lock is held. */
static void make_room(struct content_cache *c, struct held **gone)
{
    while (c->index.bytes > c->max_bytes) {
        content_index_remove(&c->index, c->index.oldest, gone);
        c->evictions++;
    }
}

/* Removes the files of gone, but for one that has got keep's name again, and frees. */
static void files_remove(struct content_cache *c, struct held *gone, const char *keep)
{
    while (gone) {
        struct held *next = gone->next_gone;
        char file[CONTENT_NAME_MAX + 1];

        content_name_format(&gone->name, file);
        if (!keep || strcmp(file, keep) != 0)
            unlinkat(c->dirfd, file, 0);
        free(gone);
        gone = next;
    }
}

/* What a writer holds is locked: without a lock its process is gone. */
static void remove_left_behind(struct content_cache *c, const char *file)
{
    cleanup_fd int fd = openat(c->dirfd, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(c->dirfd, file, 0);
}

/* Of two files with one id the one that was used last is right. */
static bool is_older(const struct held *h, const struct stat *st)
{
    return h->used.tv_sec < st->st_atim.tv_sec ||
           (h->used.tv_sec == st->st_atim.tv_sec && h->used.tv_nsec <= st->st_atim.tv_nsec);
}

/* Takes a file in that was there at the start. 0, -ENOMEM; what is broken is removed. */
static int take_in(struct content_cache *c, const char *file)
{
    cleanup_free struct held *h = calloc(1, sizeof(*h));
    struct held *other, *gone = NULL;
    struct stat st;

    if (!h)
        return -ENOMEM;
    if (content_name_parse(file, &h->name) < 0 ||
        fstatat(c->dirfd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    other = content_index_find(&c->index, h->name.id);
    if (!owned_is_plain(&st) || st.st_size != h->name.size || (other && !is_older(other, &st))) {
        unlinkat(c->dirfd, file, 0);
        return 0;
    }
    if (other)
        content_index_remove(&c->index, other, &gone);
    files_remove(c, gone, NULL);
    h->used = st.st_atim;
    h->checked = content_mark_is_on(&c->mark, &st);
    if (content_index_add(&c->index, h) < 0)
        return -ENOMEM;
    (void)steal_pointer(&h);
    return 0;
}

static int scan(struct content_cache *c)
{
    struct held *gone = NULL;
    DIR *dir = file_list_dir(c->dirfd);
    struct dirent *entry;
    int rc = 0;

    if (!dir)
        return -errno;
    while (rc == 0 && (errno = 0, entry = readdir(dir))) {
        if (strncmp(entry->d_name, CONTENT_NEW_PREFIX, strlen(CONTENT_NEW_PREFIX)) == 0)
            remove_left_behind(c, entry->d_name);
        else
            rc = take_in(c, entry->d_name);
    }
    if (rc == 0 && errno)
        rc = -errno;
    closedir(dir);
    if (rc < 0)
        return rc;
    content_index_sort(&c->index);
    make_room(c, &gone);
    files_remove(c, gone, NULL);
    return 0;
}

int content_new(const char *dir, int64_t max_bytes, struct content_cache **out, struct failure *err)
{
    struct content_cache *c = calloc(1, sizeof(*c));
    int rc;

    if (!c)
        return fail(err, -ENOMEM, 0, "out of memory");
    lock_init(&c->lock, LOCK_CONTENT);
    c->max_bytes = max_bytes;
    c->mark = content_mark_now();
    c->dirfd = -1;
    c->dir = strdup(dir);
    rc = c->dir ? owned_dir_open("content cache", dir, &c->dirfd, err)
                : fail(err, -ENOMEM, 0, "out of memory");
    if (rc == 0) {
        rc = scan(c);
        if (rc < 0)
            fail(err, rc, 0, "content cache %s: %s", dir, strerror(-rc));
    }
    if (rc < 0) {
        content_free(c);
        return rc;
    }
    *out = c;
    return 0;
}

void content_free(struct content_cache *c)
{
    if (!c)
        return;
    content_index_release(&c->index);
    if (c->dirfd >= 0)
        close(c->dirfd);
    lock_destroy(&c->lock);
    free(c->dir);
    free(c);
}

int content_digest(int fd, uint8_t sha256[CONTENT_DIGEST_BYTES])
{
    cleanup_free uint8_t *chunk = malloc(CHUNK_BYTES);
    struct sha256_ctx ctx;
    off_t at = 0;
    ssize_t n;

    if (!chunk)
        return -ENOMEM;
    sha256_init(&ctx);
    while ((n = pread(fd, chunk, CHUNK_BYTES, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        sha256_update(&ctx, (size_t)n, chunk);
        at += n;
    }
    sha256_digest(&ctx, CONTENT_DIGEST_BYTES, sha256);
    return 0;
}

/* Is what fd reads what its name says? 0, -ENOENT: no, -ENOMEM. */
static int check(int fd, const struct content_name *name, bool checked)
{
    uint8_t sha256[CONTENT_DIGEST_BYTES];
    struct stat st;
    int rc;

    if (fstat(fd, &st) < 0 || !owned_is_plain(&st) || st.st_size != name->size)
        return -ENOENT;
    if (checked)
        return 0;
    rc = content_digest(fd, sha256);
    if (rc == -ENOMEM)
        return rc;
    return rc == 0 && memcmp(sha256, name->sha256, sizeof(sha256)) == 0 ? 0 : -ENOENT;
}

static bool same_file(const struct held *h, const struct content_name *name)
{
    return h && h->name.size == name->size &&
           memcmp(h->name.sha256, name->sha256, sizeof(name->sha256)) == 0;
}

/* The file of name turned out to be broken, or whole. */
static void judge(struct content_cache *c, const struct content_name *name, bool whole)
{
    struct held *gone = NULL;
    struct held *h;

    lock_take(&c->lock);
    h = content_index_find(&c->index, name->id);
    if (same_file(h, name) && whole) {
        h->checked = true;
    } else if (same_file(h, name)) {
        content_index_remove(&c->index, h, &gone);
        c->broken++;
    }
    lock_give(&c->lock);
    files_remove(c, gone, NULL);
}

/* Somebody has it, or has had it. The lock is held. */
static void note_opened(struct content_cache *c, struct held *h)
{
    c->ahead_used += h->ahead;
    h->ahead = false;
    h->opened = true;
}

/* Finds id's file and makes it the newest. 0, -ENOENT; -EWOULDBLOCK it is unchecked, with nowait. */
static int find_for_use(struct content_cache *c, const char *id, bool nowait,
                        struct content_name *name, bool *checked)
{
    struct held *h;
    int rc = 0;

    lock_take(&c->lock);
    h = content_index_find(&c->index, id);
    if (h && nowait && !h->checked) {
        rc = -EWOULDBLOCK;
    } else if (h) {
        content_index_use(&c->index, h);
        note_opened(c, h);
        *name = h->name;
        *checked = h->checked;
        c->hits++;
    } else {
        rc = -ENOENT;
        c->misses++;
    }
    lock_give(&c->lock);
    return rc;
}

static int open_file(struct content_cache *c, const char *id, bool nowait, int *fd, int64_t *size)
{
    char file[CONTENT_NAME_MAX + 1];
    struct content_name name;
    cleanup_fd int opened = -1;
    bool checked;
    int rc;

    if (!content_id_ok(id))
        return -EINVAL;
    rc = find_for_use(c, id, nowait, &name, &checked);
    if (rc < 0)
        return rc;
    content_name_format(&name, file);
    opened = openat(c->dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
    if (opened < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        return -errno;
    rc = opened < 0 ? -ENOENT : check(opened, &name, checked);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0 || !checked)
        judge(c, &name, rc == 0);
    if (rc < 0)
        return rc;
    content_mark_put(&c->mark, opened);
    if (size)
        *size = name.size;
    *fd = steal_fd(&opened);
    return 0;
}

int content_open(struct content_cache *c, const char *id, int *fd, int64_t *size)
{
    return open_file(c, id, false, fd, size);
}

int content_open_now(struct content_cache *c, const char *id, int *fd, int64_t *size)
{
    return open_file(c, id, true, fd, size);
}

int content_size(struct content_cache *c, const char *id, int64_t *size)
{
    struct held *h;

    if (!content_id_ok(id))
        return -EINVAL;
    lock_take(&c->lock);
    h = content_index_find(&c->index, id);
    if (h)
        *size = h->name.size;
    lock_give(&c->lock);
    return h ? 0 : -ENOENT;
}

bool content_is_ready(struct content_cache *c, const char *id)
{
    struct held *h;
    bool ready;

    if (!content_id_ok(id))
        return false;
    lock_take(&c->lock);
    h = content_index_find(&c->index, id);
    ready = h && h->checked;
    lock_give(&c->lock);
    return ready;
}

void content_came_for(struct content_cache *c, const char *id)
{
    struct held *h;

    lock_take(&c->lock);
    h = content_index_find(&c->index, id);
    if (h)
        note_opened(c, h);
    lock_give(&c->lock);
}

void content_came_ahead(struct content_cache *c, const char *id, bool wanted)
{
    struct held *h;

    lock_take(&c->lock);
    h = content_index_find(&c->index, id);
    if (wanted || (h && h->opened))
        c->ahead_used++;
    else if (h)
        h->ahead = true;
    else
        c->index.vain++;
    lock_give(&c->lock);
}

void content_remove(struct content_cache *c, const char *id)
{
    struct held *gone = NULL;
    struct held *h;

    lock_take(&c->lock);
    h = content_index_find(&c->index, id);
    if (h)
        content_index_remove(&c->index, h, &gone);
    lock_give(&c->lock);
    files_remove(c, gone, NULL);
}

static void writer_free(struct content_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->path);
    free(w);
}

/* A file beside the others, or one without a name when nothing will be kept. 0, -errno. */
static int writer_open(struct content_writer *w, bool in_memory)
{
    if (in_memory) {
        w->fd = memfd_create("content", MFD_CLOEXEC);
        return w->fd < 0 ? -errno : 0;
    }
    w->path = path_join(w->cache->dir, CONTENT_NEW_PREFIX "XXXXXX");
    if (!w->path)
        return -ENOMEM;
    w->fd = mkostemp(w->path, O_CLOEXEC);
    if (w->fd < 0)
        return -errno;
    flock(w->fd, LOCK_EX | LOCK_NB);
    if (w->cache->max_bytes == 0) {
        unlink(w->path);
        free(steal_pointer(&w->path));
    }
    return 0;
}

int content_create(struct content_cache *c, bool in_memory, struct content_writer **out)
{
    struct content_writer *w = calloc(1, sizeof(*w));
    int rc;

    if (!w)
        return -ENOMEM;
    w->cache = c;
    w->fd = -1;
    rc = writer_open(w, in_memory);
    if (rc < 0) {
        writer_free(w);
        return rc;
    }
    *out = w;
    return 0;
}

int content_writer_fd(const struct content_writer *w)
{
    return w->fd;
}

void content_abort(struct content_writer *w)
{
    if (!w)
        return;
    if (w->path)
        unlink(w->path);
    writer_free(w);
}

/* Renames path, which fd has open, to its place, and makes room. On failure path is still there. */
static int keep(struct content_cache *c, const char *path, int fd, const struct content_name *name)
{
    char file[CONTENT_NAME_MAX + 1];
    struct held *h = calloc(1, sizeof(*h));
    struct held *gone = NULL;
    struct held *old;
    int rc;

    if (!h)
        return -ENOMEM;
    h->name = *name;
    h->checked = true;
    content_name_format(name, file);
    content_mark_put(&c->mark, fd);
    if (renameat(AT_FDCWD, path, c->dirfd, file) < 0) {
        rc = -errno;
        free(h);
        return rc;
    }
    lock_take(&c->lock);
    old = content_index_find(&c->index, name->id);
    if (old)
        content_index_remove(&c->index, old, &gone);
    rc = content_index_add(&c->index, h);
    if (rc == 0)
        make_room(c, &gone);
    lock_give(&c->lock);
    files_remove(c, gone, file);
    if (rc < 0) {
        renameat(c->dirfd, file, AT_FDCWD, path);
        free(h);
    }
    return rc;
}

/* What the file that fd has open will be called; sha256 NULL: it is computed.
 * 0, -EINVAL, -EFBIG, -ENOMEM, -EIO. */
static int name_for(struct content_cache *c, const char *id, int fd,
                    const uint8_t sha256[CONTENT_DIGEST_BYTES], struct content_name *name)
{
    struct stat st;

    if (!content_id_ok(id))
        return -EINVAL;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (content_cost(st.st_size) > c->max_bytes)
        return -EFBIG;
    *name = (struct content_name){ .size = st.st_size };
    memcpy(name->id, id, strlen(id) + 1);
    if (!sha256)
        return content_digest(fd, name->sha256);
    memcpy(name->sha256, sha256, CONTENT_DIGEST_BYTES);
    return 0;
}

int content_commit(struct content_writer *w, const char *id)
{
    struct content_name name;
    int rc = name_for(w->cache, id, w->fd, NULL, &name);

    if (rc == 0)
        rc = w->path ? keep(w->cache, w->path, w->fd, &name) : -ENOSPC;
    if (rc < 0) {
        content_abort(w);
        return rc;
    }
    writer_free(w);
    return 0;
}

static int adopt_copy(struct content_cache *c, const char *path, int fd, const char *id)
{
    struct content_writer *w;
    int rc = content_create(c, false, &w);

    if (rc < 0)
        return rc;
    rc = file_copy(fd, w->fd, -1);
    if (rc < 0) {
        content_abort(w);
        return rc;
    }
    rc = content_commit(w, id);
    if (rc == 0)
        unlink(path);
    return rc;
}

int content_adopt(struct content_cache *c, const char *path, const char *id,
                  const uint8_t sha256[CONTENT_DIGEST_BYTES])
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct content_name name;
    int rc;

    if (fd < 0)
        return -errno;
    rc = name_for(c, id, fd, sha256, &name);
    if (rc < 0)
        return rc;
    if (fchmod(fd, 0600) < 0)
        return -errno;
    rc = keep(c, path, fd, &name);
    return rc == -EXDEV ? adopt_copy(c, path, fd, id) : rc;
}

void content_get_stats(struct content_cache *c, struct content_stats *out)
{
    lock_take(&c->lock);
    *out = (struct content_stats){ .hits = c->hits,
                                   .misses = c->misses,
                                   .evictions = c->evictions,
                                   .broken = c->broken,
                                   .ahead_used = c->ahead_used,
                                   .ahead_vain = c->index.vain,
                                   .entries = c->index.entries,
                                   .bytes = c->index.bytes,
                                   .max_bytes = c->max_bytes };
    lock_give(&c->lock);
}
