#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "database.h"
#include "file.h"
#include "owned.h"
#include "sandbox_dirs.h"
#include "thread.h"

#include "banned.h"

#define LOCK_TRIES 20
#define LOCK_PAUSE_NS 10000000

#define DATABASE "sandbox.db"
#define READERS 8
#define GROUP_MAX 128

/* A change that waits for the writer, on its caller's stack. */
struct change {
    store_fn *fn;
    void *arg;
    int rc;
    bool done; /* guarded by the store's lock */
    pthread_cond_t cond;
    struct change *next;
};

struct store {
    int lock_fd;
    struct view writer;           /* the writer's thread alone */
    struct view readers[READERS]; /* each by who took it out of idle */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t work;          /* queue or ending changed */
    pthread_cond_t freed;         /* idle grew */
    struct change *first, **last; /* guarded by lock */
    bool ending;                  /* guarded by lock */
    struct view *idle[READERS];   /* guarded by lock */
    unsigned n_idle;              /* guarded by lock */
};

/* --- The writer ------------------------------------------------------------------------------ */

static int run_change(struct view *v, struct change *c)
{
    int rc;

    if (database_run(v, "SAVEPOINT change") < 0)
        return -EIO;
    rc = c->fn(v, c->arg);
    if (rc < 0 && database_run(v, "ROLLBACK TO change") < 0)
        return -EIO;
    if (database_run(v, "RELEASE change") < 0)
        return -EIO;
    return rc;
}

static void run_group(struct view *v, struct change *first)
{
    bool open = database_run(v, "BEGIN IMMEDIATE") == 0, kept;

    for (struct change *c = first; c; c = c->next)
        c->rc = open ? run_change(v, c) : -EIO;
    kept = open && database_run(v, "COMMIT") == 0;
    if (open && !kept)
        database_run(v, "ROLLBACK");
    for (struct change *c = first; c && !kept; c = c->next)
        if (c->rc >= 0)
            c->rc = -EIO;
}

/* Waits for changes and takes up to GROUP_MAX of them; NULL at the end. */
static struct change *take_group(struct store *s)
{
    struct change *group, *c;

    pthread_mutex_lock(&s->lock);
    while (!s->first && !s->ending)
        pthread_cond_wait(&s->work, &s->lock);
    group = c = s->first;
    for (unsigned n = 1; c && c->next && n < GROUP_MAX; n++)
        c = c->next;
    s->first = c ? c->next : NULL;
    if (!s->first)
        s->last = &s->first;
    if (c)
        c->next = NULL;
    pthread_mutex_unlock(&s->lock);
    return group;
}

static void *writer_main(void *arg)
{
    struct store *s = arg;
    struct change *group;

    while ((group = take_group(s))) {
        run_group(&s->writer, group);
        pthread_mutex_lock(&s->lock);
        while (group) {
            struct change *next = group->next; /* its stack is gone once it is done */

            group->done = true;
            pthread_cond_signal(&group->cond);
            group = next;
        }
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

int store_write(struct store *s, store_fn *fn, void *arg)
{
    struct change c = { .fn = fn, .arg = arg };

    pthread_cond_init(&c.cond, NULL);
    pthread_mutex_lock(&s->lock);
    *s->last = &c;
    s->last = &c.next;
    pthread_cond_signal(&s->work);
    while (!c.done)
        pthread_cond_wait(&c.cond, &s->lock);
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&c.cond);
    return c.rc;
}

/* --- Readers --------------------------------------------------------------------------------- */

int store_read(struct store *s, store_fn *fn, void *arg)
{
    struct view *v;
    int rc = -EIO;

    pthread_mutex_lock(&s->lock);
    while (s->n_idle == 0)
        pthread_cond_wait(&s->freed, &s->lock);
    v = s->idle[--s->n_idle];
    pthread_mutex_unlock(&s->lock);
    if (database_run(v, "BEGIN") == 0) {
        rc = fn(v, arg);
        if (database_run(v, "COMMIT") < 0)
            database_run(v, "ROLLBACK");
    }
    pthread_mutex_lock(&s->lock);
    s->idle[s->n_idle++] = v;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* --- Opening --------------------------------------------------------------------------------- */

/* Who only asks whether it is served has it for a moment. */
static int wait_for_lock(int fd)
{
    const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
    int rc = -1;

    for (int tries = 0; tries < LOCK_TRIES && rc < 0; tries++) {
        if (tries)
            nanosleep(&pause, NULL);
        rc = flock(fd, LOCK_EX | LOCK_NB);
    }
    return rc;
}

static int take_lock(struct store *s, int dirfd, const char *dir, struct failure *err)
{
    int rc = owned_file_open(dirfd, dir, SANDBOX_LOCK, O_RDWR | O_CREAT, &s->lock_fd, err);
    char pid[24];

    if (rc < 0)
        return rc;
    if (wait_for_lock(s->lock_fd) < 0)
        return fail(err, -EBUSY, 0, "%s is in use by another lasfs-sandbox", dir);
    snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(s->lock_fd, 0) == 0)
        file_pwrite_all(s->lock_fd, pid, strlen(pid), 0); /* for people: a full disk may lose it */
    return 0;
}

/* Before SQLite opens them by their paths. */
static int check_files(int dirfd, const char *dir, struct failure *err)
{
    static const char *const names[] = { DATABASE, DATABASE "-wal", DATABASE "-shm",
                                         DATABASE "-journal" };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(names); i++)
        rc = owned_file_check(dirfd, dir, names[i], err);
    return rc;
}

/* Times go on from the newest that there is, also when the clock was set back. */
static int read_last_time(struct view *v)
{
    sqlite3_stmt *st = database_statement(v, "SELECT MAX(made) FROM resource");

    if (!st || sqlite3_step(st) != SQLITE_ROW)
        return -EIO;
    v->last_us = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return 0;
}

static int open_all(struct store *s, const char *dir, struct failure *err)
{
    cleanup_free char *real = realpath(dir, NULL); /* SQLite is to follow no link */
    cleanup_free char *path = real ? path_join(real, DATABASE) : NULL;
    struct failure why = { .text = "" };
    int rc;

    if (!path)
        return fail(err, real ? -ENOMEM : -errno, 0, "%s: %s", dir, strerror(errno));
    rc = database_open(&s->writer, path, true, &why);
    if (rc < 0)
        return fail(err, rc, 0, "%s: %s", path, why.text);
    if (rc == 0 && read_last_time(&s->writer) < 0)
        rc = fail(err, -EIO, 0, "%s cannot be read", path);
    for (unsigned i = 0; i < READERS && rc == 0; i++) {
        rc = database_open(&s->readers[i], path, false, err);
        if (rc == 0)
            s->idle[s->n_idle++] = &s->readers[i];
    }
    if (rc == 0) {
        rc = thread_start(&s->thread, 0, writer_main, s);
        s->started = rc == 0;
        if (rc < 0)
            failure_set(err, 0, "no thread: %s", strerror(-rc));
    }
    return rc;
}

int store_open(const char *dir, struct store **out, struct failure *err)
{
    struct store *s = calloc(1, sizeof(*s));
    cleanup_fd int dirfd = -1;
    mode_t mask;
    int rc;

    if (!s)
        return fail(err, -ENOMEM, 0, "out of memory");
    s->lock_fd = -1;
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->freed, NULL);
    mask = umask(077); /* SQLite's files follow it */
    rc = owned_dir_open("state directory", dir, &dirfd, err);
    if (rc == 0)
        rc = take_lock(s, dirfd, dir, err);
    if (rc == 0)
        rc = check_files(dirfd, dir, err);
    if (rc == 0)
        rc = open_all(s, dir, err);
    umask(mask);
    if (rc < 0)
        store_close(s);
    else
        *out = s;
    return rc;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->lock);
        s->ending = true;
        pthread_cond_signal(&s->work);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    for (unsigned i = 0; i < READERS; i++)
        if (s->readers[i].db)
            database_close(&s->readers[i]);
    if (s->writer.db)
        database_close(&s->writer);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
