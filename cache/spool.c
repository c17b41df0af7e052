#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "lock.h"
#include "number.h"
#include "owned.h"

#include "banned.h"

#define NAME_BYTES 24 /* of a number, with its NUL */
/* Who puts many files gets theirs made ahead, so that one sync of the directory does for all. */
#define AHEAD 16
#define FEW 8 /* before that each is made when it is asked for */

struct spool {
    struct lock lock;
    uint64_t first; /* number that can be given; guarded by lock, as the next three */
    uint64_t last;  /* number given */
    uint64_t made;  /* the greatest number whose file was made, given or not */
    uint64_t named; /* the greatest number up to which names are on disk for sure */
    char *dir;      /* set once */
    int dirfd;      /* set once */
};

static void format_name(uint64_t number, char out[NAME_BYTES])
{
    snprintf(out, NAME_BYTES, "%" PRIu64, number);
}

/* 0 for what is not a file of ours: one has only one spelling. */
static uint64_t parse_name(const char *text)
{
    int64_t number;

    if (*text == '0' || number_parse(text, 1, INT64_MAX, &number) < 0)
        return 0;
    return (uint64_t)number;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Adds every number on disk to out, sorted. 0, -ENOMEM, -errno. */
static int read_numbers(const struct spool *s, struct buf *out)
{
    DIR *dir = file_list_dir(s->dirfd);
    struct dirent *entry;
    int rc = 0;

    if (!dir)
        return -errno;
    while (rc == 0 && (errno = 0, entry = readdir(dir))) {
        uint64_t number = parse_name(entry->d_name);

        if (number)
            rc = buf_add(out, &number, sizeof(number));
    }
    if (rc == 0 && errno)
        rc = -errno;
    closedir(dir);
    if (rc == 0 && out->len)
        qsort(out->data, out->len / sizeof(uint64_t), sizeof(uint64_t), compare_numbers);
    return rc;
}

static uint64_t number_at(const struct buf *numbers, size_t at)
{
    uint64_t number;

    memcpy(&number, numbers->data + at, sizeof(number));
    return number;
}

void spool_skip(struct spool *s, uint64_t number)
{
    lock_take(&s->lock);
    if (s->made < number) {
        s->last = s->made = number;
        s->first = number + 1;
    }
    lock_give(&s->lock);
}

static int spool_start(struct spool *s, struct failure *err)
{
    cleanup_buf struct buf numbers = BUF_INIT(SIZE_MAX);
    int rc = owned_dir_open("spool", s->dir, &s->dirfd, err);

    if (rc < 0)
        return rc;
    rc = read_numbers(s, &numbers);
    if (rc < 0)
        return fail(err, rc, 0, "spool %s: %s", s->dir, strerror(-rc));
    if (numbers.len)
        spool_skip(s, number_at(&numbers, numbers.len - sizeof(uint64_t)));
    return 0;
}

int spool_new(const char *dir, struct spool **out, struct failure *err)
{
    struct spool *s = calloc(1, sizeof(*s));
    int rc;

    if (!s)
        return fail(err, -ENOMEM, 0, "out of memory");
    lock_init(&s->lock, LOCK_SPOOL);
    s->dirfd = -1;
    s->dir = strdup(dir);
    rc = s->dir ? spool_start(s, err) : fail(err, -ENOMEM, 0, "out of memory");
    if (rc < 0) {
        spool_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    while (s->made > s->last)
        spool_remove(s, s->made--);
    if (s->dirfd >= 0)
        close(s->dirfd);
    lock_destroy(&s->lock);
    free(s->dir);
    free(s);
}

static int make_file(const struct spool *s, uint64_t number)
{
    char name[NAME_BYTES];
    int fd;

    format_name(number, name);
    fd = openat(s->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* At least one; a number whose file cannot be made is not given. */
static int make_ahead_locked(struct spool *s)
{
    int rc = make_file(s, ++s->made);

    if (rc < 0) {
        s->last = s->made;
        return rc;
    }
    for (int i = 1; i < AHEAD && s->made >= s->first + FEW && make_file(s, s->made + 1) == 0; i++)
        s->made++;
    return 0;
}

int spool_create(struct spool *s, uint64_t *number, int *fd)
{
    uint64_t mine = 0;
    int rc = 0;

    lock_take(&s->lock);
    if (s->last == s->made)
        rc = make_ahead_locked(s);
    if (rc == 0)
        mine = ++s->last;
    lock_give(&s->lock);
    if (rc == 0)
        rc = spool_open(s, mine, O_RDWR, fd);
    if (rc == 0)
        *number = mine;
    else if (mine)
        spool_remove(s, mine);
    return rc;
}

int spool_take(struct spool *s, uint64_t *number, int *fd)
{
    uint64_t mine = 0;
    int rc;

    if (!lock_try(&s->lock))
        return -EWOULDBLOCK;
    if (s->last < s->made)
        mine = ++s->last;
    lock_give(&s->lock);
    if (!mine)
        return -EWOULDBLOCK;
    rc = spool_open(s, mine, O_RDWR, fd);
    if (rc == 0)
        *number = mine;
    else
        spool_remove(s, mine);
    return rc;
}

int spool_open(struct spool *s, uint64_t number, int flags, int *fd)
{
    char name[NAME_BYTES];

    format_name(number, name);
    return owned_file_open(s->dirfd, s->dir, name, flags, fd, NULL);
}

char *spool_path(const struct spool *s, uint64_t number)
{
    char name[NAME_BYTES];

    format_name(number, name);
    return path_join(s->dir, name);
}

static int sync_names(struct spool *s, uint64_t number)
{
    bool named;
    uint64_t made;

    lock_take(&s->lock);
    named = number <= s->named;
    made = s->made;
    lock_give(&s->lock);
    if (named)
        return 0;
    if (fsync(s->dirfd) < 0)
        return -errno;
    lock_take(&s->lock);
    if (s->named < made)
        s->named = made;
    lock_give(&s->lock);
    return 0;
}

int spool_sync(struct spool *s, uint64_t number, int fd)
{
    return fsync(fd) < 0 ? -errno : sync_names(s, number);
}

int spool_remove(struct spool *s, uint64_t number)
{
    char name[NAME_BYTES];

    format_name(number, name);
    if (unlinkat(s->dirfd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    return 0;
}

int spool_list(struct spool *s, int (*each)(void *arg, const struct spool_file *file), void *arg)
{
    cleanup_buf struct buf numbers = BUF_INIT(SIZE_MAX);
    int rc = read_numbers(s, &numbers);

    for (size_t at = 0; rc == 0 && at < numbers.len; at += sizeof(uint64_t)) {
        struct spool_file file = { .number = number_at(&numbers, at) };
        char name[NAME_BYTES];
        struct stat st;

        format_name(file.number, name);
        if (fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue; /* removed meanwhile, or not ours */
        file.size = st.st_size;
        file.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        rc = each(arg, &file);
    }
    return rc;
}
