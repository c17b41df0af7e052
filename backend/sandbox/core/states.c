#include "states.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "buf.h"
#include "cleanup.h"
#include "file.h"
#include "sandbox_dirs.h"

#include "banned.h"

#define LOCK_TEXT_MAX 64

/* Whoever uses it: lasfs itself, or else its server. */
static const char *const locks[] = { SANDBOX_MOUNT "/" SANDBOX_LOCK,
                                     SANDBOX_SERVER "/" SANDBOX_LOCK };
static const char *const parts[] = { SANDBOX_SERVER, SANDBOX_MOUNT, SANDBOX_CACHE };

struct state {
    const char *dir;
    int64_t bytes;
    time_t used;                /* when something in it was changed */
    bool busy;                  /* somebody has one of the locks */
    char pid[LOCK_TEXT_MAX];    /* who, if that is known */
    int held[ARRAY_LEN(locks)]; /* the locks, when they are ours; else -1 */
};

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "lasfs-sandbox: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

/* --- Looking ---------------------------------------------------------------------------------- */

static void measure_part(struct state *s, const char *part)
{
    cleanup_free char *path = path_join(s->dir, part);
    char *const roots[] = { path, NULL };
    FTS *walk = path ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    const FTSENT *e;

    while (walk && (e = fts_read(walk))) {
        if (e->fts_info != FTS_F)
            continue;
        s->bytes += (int64_t)e->fts_statp->st_blocks * 512;
        if (e->fts_statp->st_mtime > s->used)
            s->used = e->fts_statp->st_mtime;
    }
    if (walk)
        fts_close(walk);
}

static void read_pid(int fd, char out[LOCK_TEXT_MAX])
{
    ssize_t n = pread(fd, out, LOCK_TEXT_MAX - 1, 0);

    out[n > 0 ? n : 0] = '\0';
    out[strspn(out, "0123456789")] = '\0';
}

/* Takes what locks there are: who has them all can be sure that nobody begins. */
static void take_locks(struct state *s)
{
    for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
        cleanup_free char *path = path_join(s->dir, locks[i]);
        cleanup_fd int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

        s->held[i] = -1;
        if (fd < 0)
            continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            s->held[i] = steal_fd(&fd);
            continue;
        }
        s->busy = true;
        if (!*s->pid)
            read_pid(fd, s->pid);
    }
}

static void look(const char *dir, struct state *s)
{
    *s = (struct state){ .dir = dir };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        measure_part(s, parts[i]);
    take_locks(s);
}

static void release(struct state *s)
{
    for (size_t i = 0; i < ARRAY_LEN(locks); i++)
        if (s->held[i] >= 0)
            close(steal_fd(&s->held[i]));
}

static void print(const struct state *s)
{
    char when[32] = "";
    struct tm tm;

    if (localtime_r(&s->used, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    printf("%8.1f MB  %s  %s%s  %s\n", (double)s->bytes / 1e6, when,
           s->busy ? "in use by pid " : "not in use", s->busy ? (*s->pid ? s->pid : "?") : "",
           s->dir);
}

int states_list(void)
{
    char **list;
    size_t n;

    if (sandbox_dirs_list(&list, &n) < 0)
        return complain("--list-state", "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct state s;

        look(list[i], &s);
        print(&s);
        release(&s);
        free(list[i]);
    }
    free(list);
    if (n == 0)
        fprintf(stderr, "lasfs-sandbox: there is no state of lasfs --sandbox\n");
    return EXIT_SUCCESS;
}

/* --- Removing --------------------------------------------------------------------------------- */

/* Never through a link: what is behind one is somebody else's. */
static int remove_part(const char *dir, const char *part)
{
    cleanup_free char *path = path_join(dir, part);
    char *const roots[] = { path, NULL };
    FTS *walk = path ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL) : NULL;
    const FTSENT *e;
    int rc = walk ? 0 : -ENOMEM;

    while (walk && (e = fts_read(walk))) {
        if (e->fts_info == FTS_D)
            continue;
        if ((e->fts_info == FTS_DP ? rmdir(e->fts_accpath) : unlink(e->fts_accpath)) < 0 &&
            errno != ENOENT && rc == 0)
            rc = -errno;
    }
    if (walk)
        fts_close(walk);
    return rc;
}

static int remove_all(const struct state *s)
{
    int rc = 0;

    for (size_t i = 0; i < ARRAY_LEN(parts) && rc == 0; i++)
        rc = remove_part(s->dir, parts[i]);
    if (rc < 0)
        return complain(s->dir, strerror(-rc));
    rmdir(s->dir); /* stays if there is something else in it */
    sandbox_dirs_forget(s->dir);
    fprintf(stderr, "lasfs-sandbox: %s: removed\n", s->dir);
    return EXIT_SUCCESS;
}

static bool is_wanted(const struct state *s)
{
    char answer[16] = "";

    fprintf(stderr, "Remove the sandbox in %s (%.1f MB)? [y/N] ", s->dir, (double)s->bytes / 1e6);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int reset(struct state *s, bool yes)
{
    if (s->busy) {
        fprintf(stderr, "lasfs-sandbox: %s: in use%s%s: end it first: lasfs --unmount MOUNTPOINT\n",
                s->dir, *s->pid ? " by pid " : "", s->pid);
        return EXIT_FAILURE;
    }
    if (!yes && (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)))
        return complain("--reset", "there is no terminal to ask on: say --yes too");
    if (!yes && !is_wanted(s))
        return complain(s->dir, "nothing was removed");
    return remove_all(s);
}

int states_reset(const char *name, bool yes)
{
    cleanup_free char *chosen = name ? strdup(name) : sandbox_dirs_default();
    cleanup_free char *dir = chosen ? realpath(chosen, NULL) : NULL;
    cleanup_free char *lock = dir ? path_join(dir, SANDBOX_SERVER "/" SANDBOX_LOCK) : NULL;
    struct state s;
    int status;

    if (!chosen)
        return complain("--reset", "there is no home directory: name the state's");
    if (!lock || access(lock, F_OK) < 0)
        return complain(chosen, "is no state of lasfs --sandbox (--list-state shows them)");
    look(dir, &s);
    status = reset(&s, yes);
    release(&s);
    return status;
}
